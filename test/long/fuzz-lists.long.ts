import { join } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { RouteSource } from '../../lib/agent/route-source';
import { DEFAULT_RULES, formatRouteList, InputError, parseRouteList, type Subnet } from '../../lib/network';
import { ApiError } from '../../lib/program/api/client';
import { type ConfigMapState, readList, readWatchEvent } from '../../lib/program/api/watch-event';
import { numberOf, rangeAround } from '../oracle';
import { attempt, ENDLESS_MS, Endless, fuzz, RUNS } from './fuzz';
import type { LineAnswer, LineQuestion, LineReaderData } from './line-reader';

/**
 * No answer of the API server makes the agent throw an unexpected error or hang. What the agent reads from an input is
 * compared with an independent parser.
 */

jest.setTimeout(600_000);

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
  expect(changes).toBeGreaterThan(RUNS / 20);
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
