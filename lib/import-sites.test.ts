import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importSites } from './import-sites';

let folder: string;
const ran: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sites-'));
  ran.length = 0;
  (globalThis as { ran?: string[] }).ran = ran;
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(...names: string[]): void {
  for (const name of names) writeFileSync(join(folder, name), `ran.push(${JSON.stringify(name)});`);
}

test('every file runs, once, in the order of names', () => {
  write('south.ts', 'north.ts', 'defaults.ts');
  importSites(folder);
  importSites(folder);
  expect(ran).toEqual(['defaults.ts', 'north.ts', 'south.ts']);
});

test('tests, declarations and folders are no sites', () => {
  write('north.js', 'north.d.ts', 'north.test.ts', 'notes.md');
  mkdirSync(join(folder, 'shared'));
  importSites(folder);
  expect(ran).toEqual(['north.js']);
});

test('a site in a subfolder runs', () => {
  mkdirSync(join(folder, 'europe'));
  write('europe/north.ts');
  importSites(folder);
  expect(ran).toEqual(['europe/north.ts']);
});

test.each(['north.mts', 'north.cjs', 'north.tsx'])('%s, which would be missing silently, is rejected', (name) => {
  write('south.ts', name);
  expect(() => importSites(folder)).toThrow(
    `"${name}" is not run, so its site would be missing; give it a name that ends in .ts or .js`,
  );
});

test('a site that was compiled runs once', () => {
  write('north.js', 'north.ts');
  importSites(folder);
  expect(ran).toHaveLength(1);
});

test('a folder without sites is reported', () => {
  expect(() => importSites(folder)).toThrow('contains no site; write one, e.g. sites/north.ts');
  expect(() => importSites(join(folder, 'none'))).toThrow(/cannot be read: ENOENT.*; create the folder/);
});
