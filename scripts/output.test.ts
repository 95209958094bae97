import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readOutput, recoverOutput, replaceOutput, stagingFolder } from './output';

/** No process has a larger id than /proc/sys/kernel/pid_max, which is at most 2^22. */
const DEAD = '.synth-99999999';

let repository: string;
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'output-'));
});
afterEach(() => rmSync(repository, { recursive: true }));

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), path);
  }
}

function files(): Record<string, string> {
  return Object.fromEntries([...readOutput(repository)].map(([path, content]) => [path, `${content}`]));
}

test('all roots are replaced together, and files that are no longer generated are removed', () => {
  write('dist/a/old.yaml', 'routers/a/old.conf');
  const staging = stagingFolder(repository);
  write(join(staging.slice(repository.length + 1), 'dist/b/new.yaml'));
  replaceOutput(repository, staging);
  expect(Object.keys(files())).toEqual(['dist/b/new.yaml']);
});

test('if one root cannot be replaced, all roots keep their old content', () => {
  write('dist/a.yaml', 'routers/a.conf');
  const staging = stagingFolder(repository);
  const inside = staging.slice(repository.length + 1);
  // routers/ cannot be moved aside, because a folder occupies the target
  write(join(inside, 'dist/new.yaml'), join(inside, 'routers/new.conf'));
  const before = files();
  const move = jest.requireActual<typeof import('node:fs')>('node:fs').renameSync;
  const spy = jest.spyOn(require('node:fs'), 'renameSync').mockImplementation(((from: string, to: string) => {
    if (to === join(repository, 'routers') && from.startsWith(join(staging, 'routers'))) throw new Error('EBUSY');
    move(from, to);
  }) as never);
  expect(() => replaceOutput(repository, staging)).toThrow('the output could not be replaced and is unchanged: EBUSY');
  spy.mockRestore();
  expect(files()).toEqual(before);
});

test('the next run restores what a killed run had moved aside', () => {
  write(`${DEAD}/replaced/dist/a.yaml`, `${DEAD}/routers/new.conf`, 'routers/a.conf');
  recoverOutput(repository);
  expect(files()).toEqual({ 'dist/a.yaml': `${DEAD}/replaced/dist/a.yaml`, 'routers/a.conf': 'routers/a.conf' });
  expect(existsSync(join(repository, DEAD))).toBe(false);
});

test('the next run removes the new output of a run that was killed between two roots', () => {
  write(`${DEAD}/replaced/dist/old.yaml`, 'dist/new.yaml');
  recoverOutput(repository);
  expect(Object.keys(files())).toEqual(['dist/old.yaml']);
});

test('the next run does not restore output that was replaced completely', () => {
  write(`${DEAD}/discarded/dist/old.yaml`, 'dist/new.yaml');
  recoverOutput(repository);
  expect(Object.keys(files())).toEqual(['dist/new.yaml']);
  expect(readdirSync(repository)).toEqual(['dist']);
});

test('the staging folder of a running process is left alone', () => {
  write(`.synth-${process.ppid}/dist/a.yaml`, '.synth-of-mine/a');
  recoverOutput(repository);
  expect(readdirSync(repository).sort()).toEqual([`.synth-${process.ppid}`, '.synth-of-mine'].sort());
});

test.each([
  ['a file', (path: string) => writeFileSync(path, '')],
  ['a link to nothing', (path: string) => symlinkSync('/nonexistent/dist', path)],
])('a root that is %s is rejected with the remedy', (_, make) => {
  make(join(repository, 'dist'));
  expect(() => readOutput(repository)).toThrow('"dist" is not a folder; remove it, and run npm run synth');
});

test('a root may be a link to a folder', () => {
  write('elsewhere/a.yaml');
  symlinkSync(join(repository, 'elsewhere'), join(repository, 'dist'));
  expect(Object.keys(files())).toEqual(['dist/a.yaml']);
});
