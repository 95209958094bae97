import { createContext, Script } from 'node:vm';
import fc from 'fast-check';
import { ApiError } from '../lib/agent/api/client';
import { lines } from '../lib/agent/api/lines';
import { readList, readWatchEvent } from '../lib/agent/api/watch-event';
import { readEvent } from '../lib/agent/kernel/event';
import * as messages from '../lib/agent/kernel/messages';
import { parseMessages, readAcknowledgement } from '../lib/agent/netlink/codec';
import { RouteSource } from '../lib/agent/route-source';
import { attribute, attributes, message, u8, u16, u32 } from '../lib/agent/testing/wire';
import { DEFAULT_RULES, formatRouteList, InputError, parseRouteList } from '../lib/network';
import { runs, SEED } from './budget';

/**
 * Nothing that comes from outside makes the agent throw anything but what its callers expect, or run for ever. What was
 * understood of it is compared with what an independent reading says.
 */

const RUNS = runs(100_000);
/** fast-check makes one of so many inputs; the others are that one with some bytes changed, which is far quicker. */
const VARIANTS = 25;
/** A loop that does not end would keep even jest's own timer from firing. */
const ENDLESS_MS = 300_000;

jest.setTimeout(ENDLESS_MS + 10_000);

/** Runs it under a watchdog that interrupts JavaScript in the middle of a loop. */
function guarded(body: () => void): void {
  new Script('body()').runInContext(createContext({ body }), { timeout: ENDLESS_MS });
}

/** The result, or undefined for an error that is expected. Anything else falls through to the property. */
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

/** What it was, and what becomes of it when bytes at some places are overwritten, doubled or left out. */
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

/** Makes inputs, checks each and its variants, and names the one that fails. */
function fuzz(inputs: fc.Arbitrary<Buffer>, check: (bytes: Buffer) => void): void {
  const property = fc.property(inputs, fc.nat(), (bytes, seed) => {
    for (const variant of variants(bytes, seed)) {
      try {
        check(variant);
      } catch (cause) {
        throw new Error(`for the bytes ${variant.toString('base64')}`, { cause });
      }
    }
  });
  guarded(() => fc.assert(property, { seed: SEED, numRuns: RUNS / VARIANTS }));
}

const asText = (value: unknown) => attempt(() => JSON.stringify(value), TypeError) ?? 'null';
const listText = fc.oneof(
  { weight: 2, arbitrary: fc.array(subnet, { maxLength: 5 }).map(asText) },
  { weight: 4, arbitrary: fc.array(entry, { maxLength: 5 }).map(asText) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const toBytes = (text: string) => Buffer.from(text);

test(`${RUNS} route lists: none is half understood`, () => {
  let accepted = 0;
  fuzz(listText.map(toBytes), (bytes) => {
    const text = bytes.toString('utf8');
    const list = attempt(() => parseRouteList(text, DEFAULT_RULES), InputError);
    if (list === undefined) return;
    accepted++;
    const entries = JSON.parse(text) as unknown[];
    const written = formatRouteList(list.routes, DEFAULT_RULES);
    const again = formatRouteList(parseRouteList(written, DEFAULT_RULES).routes, DEFAULT_RULES);
    if (list.routes.length + list.duplicates.length !== entries.length) throw new Error('an entry was lost');
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

/** Lines, the last one sometimes cut off. */
const stream = fc
  .tuple(fc.array(watchLine, { maxLength: 6 }), fc.boolean())
  .map(([all, isWhole]) => toBytes(`${all.join('\n')}${isWhole ? '\n' : ''}`));

/** In pieces as a network might deliver them. */
async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** @returns how many lists were taken over. */
async function follow(bytes: Buffer, size: number): Promise<number> {
  const source = new RouteSource(DEFAULT_RULES, () => 0);
  const expected = bytes.toString('latin1').split('\n').slice(0, -1);
  let changes = 0;
  for await (const line of lines(pieces(bytes, size))) {
    while (toBytes(line).toString() !== Buffer.from(expected.shift() as string, 'latin1').toString())
      if (expected.length === 0) throw new Error(`no such line was sent: ${line}`);
    const held = source.list;
    const event = attempt(() => readWatchEvent(line, NAME), ApiError);
    if (event?.sighting !== undefined) source.see(event.sighting);
    if (source.list === held) continue;
    changes++;
    const { object } = JSON.parse(line) as { object: { data: { routes: string } } };
    const said = formatRouteList(parseRouteList(object.data.routes, DEFAULT_RULES).routes, DEFAULT_RULES);
    if (formatRouteList(source.list?.routes ?? [], DEFAULT_RULES) !== said) throw new Error('another list is held');
  }
  return changes;
}

test(`${RUNS} watch streams: only a list that was understood replaces the one that is held`, async () => {
  let changes = 0;
  const property = fc.asyncProperty(stream, fc.nat(), async (bytes, seed) => {
    for (const variant of variants(bytes, seed)) {
      try {
        changes += await follow(variant, 1 + (seed % 200));
      } catch (cause) {
        throw new Error(`for the bytes ${variant.toString('base64')}`, { cause });
      }
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS / VARIANTS });
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

test(`${RUNS} lists: the ConfigMap is gone only where a list without it says so`, () => {
  fuzz(fc.oneof(listAnswer.map(asText), fc.json()).map(toBytes), (bytes) => {
    const text = bytes.toString('utf8');
    const answer = attempt(() => readList(text, NAME), ApiError);
    if (answer?.sighting.kind !== 'gone') return;
    const { kind, items } = JSON.parse(text) as { kind: string; items?: ({ metadata?: { name?: string } } | null)[] };
    const holds = (items ?? []).some((item) => item?.metadata?.name === NAME);
    if (kind !== 'ConfigMapList' || holds) throw new Error('taken for gone');
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
/** struct rtnexthop with attributes behind it. */
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
/** The fixed part of each kind of message, mostly of the right length, families mostly the known ones. */
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

test(`${RUNS} netlink messages`, () => {
  let understood = 0;
  fuzz(netlinkBytes, (bytes) => {
    for (const one of attempt(() => parseMessages(bytes), RangeError) ?? []) {
      if (attempt(() => readEvent(one), RangeError) !== undefined) understood++;
      attempt(() => readAcknowledgement(one), RangeError);
      for (const read of READERS) attempt(() => read(one.payload), RangeError);
    }
  });
  expect(understood).toBeGreaterThan(RUNS / 100);
});
