import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseRouteList } from '../network';
import { presentText, readPresentText } from './decide/present-list';
import { Journal, type JournalEntry } from './journal';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const trial = () => join(folder, 'trial.json.gz');
const ENTRY: JournalEntry = {
  state: 'trial',
  list: 'abc',
  found: '["192.168.0.0/24"]\n',
  companions: ['192.168.0.0/24 254'],
  ended: 1,
};

test('the next agent reads what was written, and no other file is left', () => {
  const journal = new Journal(folder);
  journal.write(ENTRY);
  journal.write({ ...ENTRY, state: 'condemned' });
  expect(new Journal(folder).read()).toEqual({ ...ENTRY, state: 'condemned' });
  expect(readdirSync(folder)).toEqual(['trial.json.gz']);
});

test('reads an entry without found routes', () => {
  new Journal(folder).write({ state: 'suspended', list: 'abc', companions: [], ended: 0 });
  expect(new Journal(folder).read()).toEqual({ state: 'suspended', list: 'abc', companions: [], ended: 0 });
});

test('keeps the confirmed list beside the entry, even when the entry is cleared', () => {
  const journal = new Journal(folder);
  expect(journal.kept()).toBeUndefined();
  journal.keep({ text: '["192.168.0.0/24"]', known: ['a'] });
  journal.keep({ text: '[]', known: ['a', 'b'] });
  journal.write(ENTRY);
  journal.clear();
  expect(new Journal(folder).kept()).toEqual({ text: '[]', known: ['a', 'b'] });
  expect(readdirSync(folder)).toEqual(['confirmed.json.gz']);
});

test('is empty if cleared or never written, and can be cleared twice', () => {
  const journal = new Journal(folder);
  expect(journal.read()).toBeUndefined();
  journal.write(ENTRY);
  journal.clear();
  journal.clear();
  expect(journal.read()).toBeUndefined();
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"state":"other","list":"a","companions":[],"ended":0}',
  '{"state":"trial","companions":[],"ended":0}',
  '{"state":"trial","list":"a","companions":[]}',
  '{"state":"trial","list":"a","ended":0}',
  '{"state":"trial","list":"a","companions":[],"ended":0,"found":1}',
  '{"state":"trial","list":"a","companions":[],"ended":"often"}',
])('rejects %j', (text) => {
  writeFileSync(trial(), gzipSync(text));
  expect(new Journal(folder).read()).toBeUndefined();
});

test('rejects a file that is not compressed or is cut off', () => {
  const journal = new Journal(folder);
  for (const name of ['trial', 'confirmed']) {
    writeFileSync(join(folder, `${name}.json.gz`), JSON.stringify({ ...ENTRY, text: '[]', known: [] }));
    expect([journal.read(), journal.kept()]).toEqual([undefined, undefined]);
  }
  journal.write(ENTRY);
  writeFileSync(trial(), readFileSync(trial()).subarray(0, -9));
  expect(journal.read()).toBeUndefined();
});

test('writes to another file and renames it, so that half an entry is never read', () => {
  new Journal(folder).write(ENTRY);
  writeFileSync(`${trial()}.new`, gunzipSync(readFileSync(trial())).subarray(0, 9));
  expect(new Journal(folder).read()).toEqual(ENTRY);
});

test('throws an error if the folder does not exist', () => {
  expect(() => new Journal(join(folder, 'none')).write(ENTRY)).toThrow('ENOENT');
  expect(() => new Journal(join(folder, 'none')).keep({ text: '[]', known: [] })).toThrow('ENOENT');
});

/** Pseudo-random addresses, which compress badly. */
function scattered(count: number): string[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return [1 + ((state >> 24) % 100), (state >> 16) & 255, (state >> 8) & 255, state & 255].join('.');
  });
}

test.each([
  ['40,000 routes by one next hop', 40_000, () => '10.184.0.1'],
  [
    'as many routes with their own next hops as a ConfigMap can hold',
    19_000,
    (address: string) => `10.${address.split('.').slice(1).join('.')}`,
  ],
])(
  '%s fit into the volume of 4 MiB with the confirmed list, twice while each file is replaced',
  (_, count, gatewayOf) => {
    const addresses = [...new Set(scattered(count))];
    const text = JSON.stringify(addresses.map((address) => ({ subnet: `${address}/32`, nextHop: gatewayOf(address) })));
    const { routes } = parseRouteList(JSON.stringify(addresses.map((address) => `${address}/32`)), {
      table: 254,
      metric: 0,
      allowDefaultRoute: false,
    });
    const found = presentText({
      routes: routes.map((route, i) => ({
        ...route,
        hops: [{ link: 3, gateway: gatewayOf(addresses[i] as string) as never, flags: 0, weight: 1 }],
      })) as never,
      duplicates: [],
    });
    expect(readPresentText(found).routes).toHaveLength(addresses.length);
    const journal = new Journal(folder);
    journal.write({ ...ENTRY, found, companions: addresses.map((address) => `${address}/32 254`) });
    journal.keep({ text, known: Array.from({ length: 16 }, () => 'f'.repeat(64)) });
    const bytes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    expect(bytes).toHaveLength(2);
    expect(2 * bytes.reduce((one, other) => one + other)).toBeLessThan(4 * 2 ** 20);
    expect(journal.read()?.found).toBe(found);
  },
);
