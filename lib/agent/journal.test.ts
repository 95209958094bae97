import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal, type JournalEntry } from './journal';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'journal.json');
const ENTRY: JournalEntry = {
  state: 'trial',
  list: 'abc',
  base: '["192.168.0.0/24"]\n',
  isFound: false,
  companions: ['192.168.0.0/24 254'],
  ended: 1,
};

test('what was written is read by the next agent, and nothing else is left behind', () => {
  const journal = new Journal(path());
  journal.write(ENTRY);
  journal.write({ ...ENTRY, state: 'condemned' });
  expect(new Journal(path()).read()).toEqual({ ...ENTRY, state: 'condemned' });
  expect(readdirSync(folder)).toEqual(['journal.json']);
});

test('one of an agent that did not count is read as that of the first', () => {
  writeFileSync(path(), '{"state":"trial","list":"a","base":"[]","isFound":false}');
  expect(new Journal(path()).read()).toMatchObject({ companions: [], ended: 0 });
});

test('cleared, or never written, it is empty; clearing twice is fine', () => {
  const journal = new Journal(path());
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
  '{"state":"other","list":"a","base":"[]","isFound":false}',
  '{"state":"trial","list":"a"}',
  '{"state":"trial","list":"a","base":"[]"}',
  '{"state":"trial","list":"a","base":"[]","isFound":false,"ended":"often"}',
])('%j is no journal', (text) => {
  writeFileSync(path(), text);
  expect(new Journal(path()).read()).toBeUndefined();
});

test('half of an entry is never read: it is written beside and then moved', () => {
  new Journal(path()).write(ENTRY);
  writeFileSync(`${path()}.new`, '{"state":"tr');
  expect(new Journal(path()).read()).toEqual(ENTRY);
});

test('a folder that is not there is an error', () => {
  expect(() => new Journal(join(folder, 'none', 'journal.json')).write(ENTRY)).toThrow('ENOENT');
});
