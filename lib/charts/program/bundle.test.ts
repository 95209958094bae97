import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Yaml } from 'cdk8s';
import { copyRepository, copySources, NODE_MODULES, REPOSITORY } from '../../../test/repository';
import { fitsClientSideApply } from './apply-limits';
import { AGENT, agentBundle, bundleOf, compact, PROGRAMS, SERVER_HEALTH } from './bundle';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The agent as built from a copy of the package in another folder. */
function bundleFrom(copy: string): string {
  const print = "process.stdout.write(require('./lib/charts/program/bundle').agentBundle())";
  const run = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', print], { cwd: copy, encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return run.stdout;
}

describe.each(PROGRAMS)('the program $file', (program) => {
  const bundle = () => bundleOf(program);

  test('is readable: it becomes a literal block in YAML, because it has no raw control characters', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
    expect(bundle()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/);
    expect(Yaml.stringify({ data: { 'program.cjs': bundle() } })).toMatch(/^data:\n {2}program\.cjs: \|\n/);
    const longest = Math.max(
      ...bundle()
        .split('\n')
        .map((line) => line.length),
    );
    expect(longest).toBeLessThan(1000);
  });

  test('is ASCII, which V8 stores as one byte per character', () => {
    expect(bundle()).toMatch(/^[\n -~]+$/);
  });

  test('fits into client-side apply with the reserve of apply-limits.ts', () => {
    expect(fitsClientSideApply(bundle())).toBe(true);
  });

  test("is self-contained: it requires only Node's modules and contains no package", () => {
    const required = [...bundle().matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
    expect(required.length).toBeGreaterThan(0);
    expect(required.filter((name) => !name?.startsWith('node:'))).toEqual([]);
    const files = [...bundle().matchAll(/^\/\/ (\S+\.[cm]?[jt]s)$/gm)].map(([, path]) => path);
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((path) => !path?.startsWith('lib/'))).toEqual([]);
  });

  test('contains no comments, which nodes would download', () => {
    expect(bundle()).not.toMatch(/^ *\/?\*/m);
  });

  test('contains no path of this machine, which would change the bundle on another one', () => {
    expect(bundle()).not.toContain(REPOSITORY);
    expect(bundle()).not.toContain('../');
  });
});

test('no program contains parts of another one', () => {
  expect(bundleOf(AGENT)).not.toContain('lib/servers/');
  expect(bundleOf(SERVER_HEALTH)).not.toContain('lib/agent/');
});

test('no line in a text of a program begins with spaces, which would be removed with the indentation', () => {
  const folders = ['lib/agent', 'lib/network', 'lib/program', 'lib/servers', 'lib/settings'].map((path) =>
    join(REPOSITORY, path),
  );
  const paths = folders.flatMap((path) =>
    readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)),
  );
  const sources = paths.filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('/testing/'),
  );
  expect(sources.length).toBeGreaterThan(60);
  expect(sources.filter((path) => readFileSync(path, 'utf8').includes('\\n '))).toEqual([]);
});

test('builds the same bytes in another folder with linked packages', () => {
  expect(bundleFrom(copyRepository(join(folder, 'elsewhere', 'deeper')))).toBe(agentBundle());
});

test('builds the same bytes with hoisted packages', () => {
  symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
  expect(bundleFrom(copySources(join(folder, 'packages', 'onprem-link')))).toBe(agentBundle());
});

test('uses the prebuilt program of the published package', () => {
  const copy = copyRepository(join(folder, 'package'));
  writeFileSync(join(copy, 'lib', 'agent', 'agent.cjs'), '// ready\n');
  expect(bundleFrom(copy)).toBe('// ready\n');
});

test('keeps the leading spaces of a continued string', () => {
  const lines = ['function f() {', '  return `two\\', '  words`;', '}'];
  expect(compact(lines.join('\n'))).toBe(['function f() {', 'return `two\\', '  words`;', '}'].join('\n'));
  expect(agentBundle().replaceAll('\\\n', '')).toMatch(/=> `\$\{count\} \$\{state\}`/);
});
