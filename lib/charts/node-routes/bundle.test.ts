import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Yaml } from 'cdk8s';
import { copyRepository, copySources, NODE_MODULES, REPOSITORY } from '../../../test/repository';
import { fitsClientSideApply } from './apply-limits';
import { agentBundle } from './bundle';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a copy of the package in another place makes of the agent. */
function bundleFrom(copy: string): string {
  const print = "process.stdout.write(require('./lib/charts/node-routes/bundle').agentBundle())";
  const run = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', print], { cwd: copy, encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return run.stdout;
}

test('the agent can be read: a literal block in YAML, since no raw control character is in it', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(agentBundle()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/);
  expect(Yaml.stringify({ data: { 'agent.cjs': agentBundle() } })).toMatch(/^data:\n {2}agent\.cjs: \|\n/);
  const longest = Math.max(
    ...agentBundle()
      .split('\n')
      .map((line) => line.length),
  );
  expect(longest).toBeLessThan(1000);
});

test('the agent is ASCII, which V8 keeps at one byte a letter', () => {
  expect(agentBundle()).toMatch(/^[\n -~]+$/);
});

test('the agent fits into what client-side apply takes, with the reserve of apply-limits.ts', () => {
  expect(fitsClientSideApply(agentBundle())).toBe(true);
});

test('no text of the agent has a line that begins with blanks, which the shorter indentation would change', () => {
  const folders = ['lib/agent', 'lib/network', 'lib/program', 'lib/settings'].map((path) => join(REPOSITORY, path));
  const paths = folders.flatMap((path) =>
    readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)),
  );
  const sources = paths.filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('/testing/'),
  );
  expect(sources.length).toBeGreaterThan(60);
  expect(sources.filter((path) => readFileSync(path, 'utf8').includes('\\n '))).toEqual([]);
});

test('the agent is a script by itself: it requires nothing but what Node brings, and no package is in it', () => {
  const required = [...agentBundle().matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
  expect(required.length).toBeGreaterThan(0);
  expect(required.filter((name) => !name?.startsWith('node:'))).toEqual([]);
  const files = [...agentBundle().matchAll(/^\/\/ (\S+\.[cm]?[jt]s)$/gm)].map(([, path]) => path);
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((path) => !path?.startsWith('lib/'))).toEqual([]);
});

test('the agent carries no comments of its source, which nodes would download', () => {
  expect(agentBundle()).not.toMatch(/^ *\/?\*/m);
});

test('the agent names no folder of this machine, which would make another program on another', () => {
  expect(agentBundle()).not.toContain(REPOSITORY);
  expect(agentBundle()).not.toContain('../');
});

test('the bytes are the same from another folder, whose packages are linked', () => {
  expect(bundleFrom(copyRepository(join(folder, 'elsewhere', 'deeper')))).toBe(agentBundle());
});

test('the bytes are the same where packages are hoisted', () => {
  symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
  expect(bundleFrom(copySources(join(folder, 'packages', 'onprem-link')))).toBe(agentBundle());
});

test('in the published package the program lies ready and is taken as it is', () => {
  const copy = copyRepository(join(folder, 'package'));
  writeFileSync(join(copy, 'lib', 'agent', 'agent.cjs'), '// ready\n');
  expect(bundleFrom(copy)).toBe('// ready\n');
});
