import { endianness } from 'node:os';
import { join } from 'node:path';
import { createContext, Script } from 'node:vm';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { readEvent } from '../../lib/agent/kernel/events';
import * as messages from '../../lib/agent/kernel/messages';
import { readAcknowledgement } from '../../lib/agent/netlink/codec';
import { RouteSource } from '../../lib/agent/route-source';
import { DEFAULT_RULES, formatRouteList, InputError, MAIN_TABLE, parseRouteList, type Subnet } from '../../lib/network';
import { ApiError } from '../../lib/program/api/client';
import { type ConfigMapState, readList, readWatchEvent } from '../../lib/program/api/watch-event';
import { messagesIn } from '../agent/messages';
import { attribute, attributes, message, u8, u16, u32 } from '../agent/wire';
import { numberOf, type Range, rangeAround, ranges, subnetOf, WIDTH } from '../oracle';
import { runs, SEED } from './budget';
import type { LineAnswer, LineQuestion, LineReaderData } from './line-reader';

/**
 * No input from outside makes the agent throw an unexpected error or hang. What the agent reads from an input is
 * compared with an independent parser.
 */

const RUNS = runs(100_000);
/** Of this many inputs, fast-check makes one; the others are copies with some bytes changed, which is much faster. */
const VARIANTS = 25;
/** Every input takes a few milliseconds, on a busy machine up to a second. */
const ENDLESS_MS = 5_000;

jest.setTimeout(600_000);

class Endless extends Error {
  override readonly message = `did not finish within ${ENDLESS_MS / 1000} s`;
}

const arena = createContext({});
const script = new Script('body()');

/** Runs the body under V8's own watchdog, which also interrupts loops that block jest's timers. */
function watched(body: () => void): void {
  try {
    script.runInContext(Object.assign(arena, { body }), { timeout: 2 * ENDLESS_MS });
  } catch (error) {
    throw (error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? new Endless() : error;
  }
}

/** The result, or undefined after an expected error. Any other error fails the property. */
function attempt<T>(read: () => T, ...expected: readonly (new (...args: never[]) => Error)[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (expected.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

const byte = fc.nat(255);
const subnet = fc.oneof(
  fc
    .tuple(byte, byte, byte, byte, fc.integer({ min: -1, max: 40 }))
    .map(([a, b, c, d, n]) => `${a}.${b}.${c}.${d}/${n}`),
  fc
    .tuple(byte, byte, byte, fc.integer({ min: 8, max: 24 }))
    .map(([a, b, c, n]) => `${a}.${b & (n > 15 ? 255 : 0)}.${n > 23 ? c : 0}.0/${n}`),
  fc.tuple(fc.ipV6(), fc.nat(130)).map(([address, n]) => `${address}/${n}`),
  fc.nat(0xffff).map((n) => `2001:db8:${n.toString(16)}::/48`),
  fc.constantFrom(
    '0.0.0.0/0',
    '::/0',
    '127.0.0.0/8',
    '224.0.0.0/4',
    '10.0.0.0/33',
    '010.0.0.0/8',
    '::ffff:1.2.3.4/128',
    '',
  ),
);
const entry = fc.oneof(
  { weight: 3, arbitrary: subnet },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        subnet: fc.oneof(subnet, fc.anything()),
        nextHop: fc.oneof(fc.ipV4(), fc.ipV6(), fc.anything()),
        nextHops: fc.oneof(fc.array(fc.ipV4()), fc.anything()),
        interface: fc.oneof(fc.constant('priv'), fc.string()),
        table: fc.oneof(fc.nat(), fc.double(), fc.string()),
        metric: fc.oneof(fc.nat(), fc.bigInt().map(String)),
        mtu: fc.integer(),
        source: fc.oneof(fc.ipV4(), fc.string()),
        comment: fc.string({ unit: 'binary' }),
        more: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);

/** The bytes, and copies with bytes overwritten, duplicated or removed at random places. */
function* variants(bytes: Buffer, seed: number): Generator<Buffer> {
  let state = seed | 1;
  const next = (below: number) => {
    state ^= state << 13; // xorshift32
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
  yield bytes;
  for (let made = 1; made < VARIANTS; made++) {
    let now = Buffer.from(bytes);
    for (let changes = next(4); changes >= 0 && now.length > 0; changes--) {
      const at = next(now.length);
      const kind = next(4);
      if (kind === 0) now = Buffer.concat([now.subarray(0, at), now.subarray(at + 1 + next(8))]);
      else if (kind === 1) now = Buffer.concat([now.subarray(0, at), now.subarray(next(at + 1))]);
      else now[at] = kind === 2 ? next(256) : (bytes[next(bytes.length)] as number);
    }
    yield now;
  }
}

/** Generates inputs, checks each with its variants, and reports the bytes that fail or hang. */
function fuzz(inputs: fc.Arbitrary<Buffer>, check: (bytes: Buffer, seed: number) => void): void {
  let now: Buffer = Buffer.alloc(0);
  let isEndless = false;
  const body = (bytes: Buffer, seed: number) => {
    for (const variant of variants(bytes, seed)) {
      now = variant;
      check(variant, seed);
    }
  };
  const property = fc.property(inputs, fc.nat(), (bytes, seed) => {
    if (isEndless) return; // each attempt to shrink it would wait for the watchdog
    try {
      watched(() => body(bytes, seed));
    } catch (cause) {
      isEndless = cause instanceof Endless;
      throw new Error(`with the bytes ${now.toString('base64')} (seed ${seed})`, { cause });
    }
  });
  fc.assert(property, { seed: SEED, numRuns: RUNS / VARIANTS });
}

const asText = (value: unknown) => attempt(() => JSON.stringify(value), TypeError) ?? 'null';
const listText = fc.oneof(
  { weight: 2, arbitrary: fc.array(subnet, { maxLength: 5 }).map(asText) },
  { weight: 4, arbitrary: fc.array(entry, { maxLength: 5 }).map(asText) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const toBytes = (text: string) => Buffer.from(text);

/** The subnet that an entry names, with IPv6 as browsers write it. */
function subnetNamed(entry: unknown): string {
  const text = typeof entry === 'string' ? entry : (entry as { subnet: string }).subnet;
  const [host = '', length] = text.split('/');
  return `${host.includes(':') ? new URL(`http://[${host}]/`).hostname.slice(1, -1) : host}/${length}`;
}

const isEqualSet = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((x) => b.has(x));

const isWhole = ({ family, address, prefixLength }: Subnet): boolean =>
  rangeAround(family, numberOf(address), prefixLength).first === numberOf(address);

test(`${RUNS} route lists: each is read completely or rejected`, () => {
  let accepted = 0;
  fuzz(listText.map(toBytes), (bytes) => {
    const text = bytes.toString('utf8');
    const list = attempt(() => parseRouteList(text, DEFAULT_RULES), InputError);
    if (list === undefined) return;
    accepted++;
    const entries = JSON.parse(text) as unknown[];
    const subnets = list.routes.map(({ subnet }) => subnet);
    if (!subnets.every(isWhole)) throw new Error(`host bits are set in one of ${subnets}`);
    const expected = new Set(entries.map(subnetNamed));
    if (!isEqualSet(expected, new Set(subnets.map(String)))) throw new Error(`${[...expected]} was read as ${subnets}`);
    const written = formatRouteList(list.routes, DEFAULT_RULES);
    const again = formatRouteList(parseRouteList(written, DEFAULT_RULES).routes, DEFAULT_RULES);
    if (list.routes.length + list.duplicates.length !== entries.length) throw new Error('the parser lost an entry');
    if (again !== written) throw new Error(`${written} becomes ${again}`);
  });
  expect(accepted).toBeGreaterThan(RUNS / 100);
});

const NAME = 'static-routes';
const GOOD = ['[]', '["192.168.0.0/24"]', ' \n [ "192.168.0.0/24", "172.31.0.0/16" ]'];
const configMap = fc.record({
  metadata: fc.record({
    name: fc.constantFrom(NAME, NAME, NAME, 'other'),
    resourceVersion: fc.nat(50).map((n) => `${1000 + n}`),
  }),
  data: fc.option(fc.record({ routes: fc.oneof(fc.constantFrom(...GOOD), listText) }), { nil: undefined }),
});
const watchLine = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        type: fc.constantFrom('ADDED', 'MODIFIED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR', 'NEWS'),
        object: configMap,
      })
      .map(asText),
  },
  { weight: 1, arbitrary: fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constant('')) },
);

/** Lines; the last one is sometimes cut off. */
const stream = fc
  .tuple(fc.array(watchLine, { maxLength: 6 }), fc.boolean())
  .map(([all, isWhole]) => toBytes(`${all.join('\n')}${isWhole ? '\n' : ''}`));

const { port1: port, port2: remotePort } = new MessageChannel();
const done = new Int32Array(new SharedArrayBuffer(4));
let lineReader: Worker | undefined;

beforeAll(() => {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, 'line-reader.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    write: false,
    tsconfigRaw: {},
  });
  const workerData: LineReaderData = { port: remotePort, done };
  const { text } = outputFiles[0] as { text: string };
  lineReader = new Worker(text, { eval: true, workerData, transferList: [remotePort] });
});

afterAll(() => lineReader?.terminate());

/** @throws if reading does not finish, or if the reader throws */
function readLines(bytes: Buffer, size: number): readonly string[] {
  Atomics.store(done, 0, 0);
  port.postMessage({ bytes, size } satisfies LineQuestion);
  // A wake-up may still belong to the previous answer.
  while (Atomics.load(done, 0) === 0) if (Atomics.wait(done, 0, 0, ENDLESS_MS) === 'timed-out') throw new Endless();
  const { message: answer } = receiveMessageOnPort(port) as { message: LineAnswer };
  if ('error' in answer) throw new Error(answer.error);
  return answer.lines;
}

/** The lines that are neither blank nor cut off at the end. */
function linesSent(bytes: Buffer): string[] {
  const all = bytes.toString('latin1').split('\n').slice(0, -1);
  return all.map((line) => Buffer.from(line, 'latin1').toString()).filter((line) => line.trim() !== '');
}

/** The state of the ConfigMap that a line reports; undefined if it reports none. */
function stateIn(line: string): ConfigMapState | undefined {
  const { type, object } = (attempt(() => JSON.parse(line), SyntaxError) ?? {}) as {
    type?: string;
    object?: { metadata?: { name?: string; resourceVersion?: string }; data?: unknown };
  };
  const { name, resourceVersion: version } = object?.metadata ?? {};
  if (name !== NAME || typeof version !== 'string') return undefined;
  if (type === 'DELETED') return { kind: 'gone' };
  const data = textsOf(object?.data);
  return type === 'ADDED' || type === 'MODIFIED' ? { kind: 'present', data, version } : undefined;
}

function textsOf(data: unknown): Record<string, string> {
  const isObject = typeof data === 'object' && data !== null;
  return JSON.parse(
    JSON.stringify(isObject ? { ...data } : {}, (key, value) =>
      key === '' || typeof value === 'string' ? value : undefined,
    ),
  );
}

/** @returns how many lists the source accepted */
function follow(bytes: Buffer, size: number): number {
  const source = new RouteSource(DEFAULT_RULES, () => 0);
  const read = readLines(bytes, size);
  const sent = linesSent(bytes);
  if (JSON.stringify(read) !== JSON.stringify(sent)) throw new Error(`sent: ${sent}\nread: ${read}`);
  let changes = 0;
  for (const line of read) {
    const held = source.list;
    const { configMap } = attempt(() => readWatchEvent(line, NAME), ApiError) ?? {};
    if (JSON.stringify(configMap) !== JSON.stringify(stateIn(line))) throw new Error(`misread: ${line}`);
    if (configMap !== undefined) source.update(configMap);
    if (source.list === held) continue;
    changes++;
    const { routes = '' } = (configMap as { data: Record<string, string> }).data;
    const expected = formatRouteList(parseRouteList(routes, DEFAULT_RULES).routes, DEFAULT_RULES);
    if (formatRouteList(source.list?.routes ?? [], DEFAULT_RULES) !== expected)
      throw new Error('the source holds a different list');
  }
  return changes;
}

test(`${RUNS} watch streams: only a valid list replaces the current one`, () => {
  let changes = 0;
  fuzz(stream, (bytes, seed) => {
    changes += follow(bytes, 1 + (seed % 200));
  });
  expect(changes).toBeGreaterThan(RUNS / 10);
});

const listAnswer = fc.record(
  {
    kind: fc.constantFrom('ConfigMapList', 'ConfigMapList', 'Status'),
    metadata: fc.oneof(fc.record({ resourceVersion: fc.constant('7') }), fc.anything()),
    items: fc.oneof(fc.array(fc.oneof(configMap, fc.anything())), fc.anything()),
  },
  { requiredKeys: [] },
);

test(`${RUNS} answers to a list request: the ConfigMap counts as deleted only if a complete list does not contain it`, () => {
  fuzz(fc.oneof(listAnswer.map(asText), fc.json()).map(toBytes), (bytes) => {
    const text = bytes.toString('utf8');
    const { configMap } = attempt(() => readList(text, NAME), ApiError) ?? {};
    if (configMap === undefined) return;
    const { kind, items } = JSON.parse(text) as {
      kind: string;
      items?: ({ metadata?: { name?: string }; data?: { routes?: unknown } } | null)[];
    };
    const ours = (items ?? []).find((item) => item?.metadata?.name === NAME);
    if (kind !== 'ConfigMapList' || (configMap.kind === 'gone') === (ours !== undefined)) throw new Error('misread');
    const routes = ours?.data?.routes;
    if (configMap.kind === 'gone') return;
    const { routes: read } = configMap.data;
    if (read !== (typeof routes === 'string' ? routes : undefined)) throw new Error(`the text was read as ${read}`);
  });
});

const payload = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const address = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map((bytes) => Buffer.from(bytes));
const plain = fc
  .tuple(fc.nat(30), fc.oneof(payload, address, fc.nat().map(u32)))
  .map(([type, bytes]) => attribute(type, bytes));
const nest = fc
  .tuple(fc.nat(30), fc.array(plain, { maxLength: 3 }))
  .map(([type, inner]) => attribute(type, attributes(...inner)));
/** struct rtnexthop followed by attributes. */
const multipath = fc
  .array(fc.tuple(fc.nat(40), byte, byte, fc.nat(9), fc.array(plain, { maxLength: 2 })), { maxLength: 3 })
  .map((hops) =>
    attribute(
      9,
      ...hops.map(([wrong, flags, weight, link, inner]) => {
        const rest = attributes(...inner);
        return Buffer.concat([u16(wrong < 35 ? 8 + rest.length : wrong), u8(flags, weight), u32(link), rest]);
      }),
    ),
  );
/** The fixed part of each kind of message, mostly with a valid length and a known family. */
const fixed = fc
  .tuple(
    fc.constantFrom(2, 2, 10, 10, 0, 7),
    fc.uint8Array({ minLength: 15, maxLength: 15 }),
    fc.constantFrom(8, 12, 16, 16, 3),
  )
  .map(([family, rest, length]) => Buffer.from([family, ...rest]).subarray(0, length));
const netlinkMessage = fc
  .tuple(
    fc.oneof(fc.constantFrom(2, 3, 16, 17, 20, 21, 24, 24, 25, 32, 33, 104, 105), fc.nat(0xffff)),
    fc.nat(0xffff),
    fixed,
    fc.array(fc.oneof(plain, nest, multipath), { maxLength: 5 }),
  )
  .map(([type, flags, head, attrs]) => message({ type, flags }, head, attributes(...attrs)));
const netlinkBytes = fc.array(netlinkMessage, { minLength: 1, maxLength: 3 }).map((all) => Buffer.concat(all));

const READERS = [
  messages.readLink,
  messages.readNodeAddress,
  messages.readNexthop,
  messages.readRoute,
  messages.readLookup,
];

/** The number of messages according to their length fields; undefined if a length is invalid. */
function messagesSent(bytes: Buffer): number | undefined {
  let count = 0;
  for (let at = 0; at + 16 <= bytes.length; count++) {
    const length = endianness() === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    if (length < 16 || at + length > bytes.length) return undefined;
    at += Math.ceil(length / 4) * 4;
  }
  return count;
}

test(`${RUNS} netlink messages: each is read, and none crashes the agent`, () => {
  let understood = 0;
  fuzz(netlinkBytes, (bytes) => {
    const all = attempt(() => messagesIn(bytes), RangeError);
    if (all?.length !== messagesSent(bytes))
      throw new Error(`${all?.length} of ${messagesSent(bytes)} messages were read`);
    for (const one of all ?? []) {
      if (attempt(() => readEvent(one), RangeError) !== undefined) understood++;
      attempt(() => readAcknowledgement(one), RangeError);
      for (const read of READERS) attempt(() => read(one), RangeError);
    }
  });
  expect(understood).toBeGreaterThan(RUNS / 100);
});

interface SentRoute {
  readonly range: Range;
  readonly table: number;
  readonly metric: number;
  readonly protocol: number;
  readonly unknown: readonly Buffer[];
}

const route: fc.Arbitrary<SentRoute> = fc.record({
  range: ranges,
  table: fc.oneof(fc.constant(MAIN_TABLE), fc.nat(0xffffffff)),
  metric: fc.oneof(fc.constant(0), fc.nat(0xffffffff)),
  protocol: byte,
  unknown: fc.array(
    payload.map((bytes) => attribute(200, bytes)),
    { maxLength: 2 },
  ),
});

/** A unicast route as in a dump, with unknown attributes between the known ones. */
function routeMessage({ range, table, metric, protocol, unknown }: SentRoute): Buffer {
  const { family, first, prefixLength } = range;
  const compact = table < 256 ? table : 252;
  return message(
    { type: 24 },
    u8(family === 4 ? 2 : 10, prefixLength, 0, 0, compact, protocol, 0, 1),
    u32(0),
    attributes(
      ...unknown,
      attribute(15, u32(table)),
      ...(prefixLength === 0
        ? []
        : [attribute(1, Buffer.from(first.toString(16).padStart(WIDTH[family] / 4, '0'), 'hex'))]),
      ...unknown,
      ...(metric === 0 ? [] : [attribute(6, u32(metric))]),
      attribute(30, u32(142)),
    ),
  );
}

test(`${RUNS} kernel routes, up to ${2 * VARIANTS} per read: each is reported unchanged`, () => {
  const property = fc.property(fc.array(route, { minLength: 1, maxLength: 2 * VARIANTS, size: 'max' }), (sent) => {
    const read = messagesIn(Buffer.concat(sent.map(routeMessage))).map((one) => readEvent(one));
    const expected = sent.map(({ range, table, metric, protocol }) => ({
      kind: 'route',
      route: { subnet: subnetOf(range), table, metric, protocol, type: 1, hops: [], nexthopId: 142 },
      deleted: false,
    }));
    expect(JSON.stringify(read)).toBe(JSON.stringify(expected));
  });
  fc.assert(property, { seed: SEED, numRuns: RUNS / VARIANTS });
});
