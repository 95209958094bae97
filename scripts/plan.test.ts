import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { REPOSITORY } from '../lib/repository';
import { baseRevision, readRevision } from './revision';

jest.setTimeout(90_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plan-'));
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rmSync(folder, { recursive: true }));

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
  const run = spawnSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout.trim();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function commit(text: string): string {
  write('dist/example/a.yaml', configMap(text));
  git('add', '--all');
  git('commit', '--quiet', '--message', text);
  return git('rev-parse', 'HEAD');
}

function configMap(text: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  text: ${text}\n`;
}

function plan(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const script = [
    '--require',
    join(REPOSITORY, 'node_modules/tsx/dist/cjs/index.cjs'),
    join(REPOSITORY, 'scripts/plan.ts'),
  ];
  return spawnSync(process.execPath, [...script, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

test('the working dist is compared with the merge base, not with what main became since', () => {
  const base = commit('one');
  git('checkout', '--quiet', '-b', 'change');
  commit('two');
  git('checkout', '--quiet', 'main');
  commit('three');
  git('checkout', '--quiet', 'change');
  write('dist/example/a.yaml', configMap('four'));
  const run = plan();
  expect(run.stdout).toContain(`Plan against ${base.slice(0, 7)} (merge base with main)`);
  expect(run.stdout).toContain('data.text  one → four');
  expect(run.stdout).not.toContain('\u001b');
  expect([run.status, plan(['--exit-code']).status]).toEqual([0, 1]);
});

test('without a change the exit code is 0 and there is one line', () => {
  commit('one');
  const run = plan(['--exit-code', 'HEAD']);
  expect([run.status, run.stdout]).toEqual([
    0,
    expect.stringMatching(/^Nothing changes against [0-9a-f]{7} \(HEAD\)\.\n$/),
  ]);
});

test('--json is data, --markdown is for a pull request', () => {
  commit('one');
  write('dist/example/a.yaml', configMap('two'));
  expect(JSON.parse(plan(['--json']).stdout)).toMatchObject({ isChanged: true, sites: [{ name: 'example' }] });
  expect(plan(['--markdown']).stdout).toContain('| ~ | `data.text` | `one` → `two` |');
});

test.each([
  [['nowhere'], /^"nowhere" is no revision of this repository\n$/],
  [['--nonsense'], /Unknown option '--nonsense'/],
])('%j is told without a stack', (args, message) => {
  commit('one');
  const run = plan(args);
  expect([run.status, run.stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(run.stderr).not.toContain('    at ');
});

test('the branch of a pull request is the one that its workflow names', () => {
  const base = commit('one');
  git('update-ref', 'refs/remotes/origin/release', base);
  commit('two');
  process.env.GITHUB_BASE_REF = 'release';
  try {
    expect(baseRevision(folder).text).toBe(`${base.slice(0, 7)} (merge base with origin/release)`);
  } finally {
    delete process.env.GITHUB_BASE_REF;
  }
});

test('a clone that is too shallow to know says so, and what to do', () => {
  commit('one');
  git('checkout', '--quiet', '-b', 'change');
  commit('two');
  git('checkout', '--quiet', 'main');
  commit('three');
  const clone = join(folder, 'clone');
  git('clone', '--quiet', '--depth=1', '--no-single-branch', '--branch=change', `file://${folder}`, clone);
  expect(() => baseRevision(clone)).toThrow(
    'HEAD and origin/HEAD have no common commit; this clone is shallow: git fetch --unshallow, or fetch-depth: 0 in actions/checkout',
  );
  expect(() => baseRevision(clone, 'HEAD~1')).toThrow(/"HEAD~1" is no revision.*shallow/);
});

test('every byte of a revision is read, and nothing outside of the output', () => {
  write('routers/example/a/b.conf', 'ü\n\n');
  write('main.ts', 'no output');
  write('dist/example/empty', '');
  const head = commit('one');
  expect(Object.fromEntries(readRevision(folder, head))).toEqual({
    'dist/example/a.yaml': configMap('one'),
    'dist/example/empty': '',
    'routers/example/a/b.conf': 'ü\n\n',
  });
});

test('a revision without output has none', () => {
  write('main.ts', '');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'none');
  expect(readRevision(folder, 'HEAD').size).toBe(0);
});
