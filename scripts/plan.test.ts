import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { REPOSITORY } from '../test/repository';
import { baseRevision, readRevision } from './revision';

jest.setTimeout(90_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plan-'));
  git('init', '--quiet', '--initial-branch=main');
  write('cdk8s.yaml', 'app: mkdir -p "$CDK8S_OUTDIR" && cp -r source/. "$CDK8S_OUTDIR"\n');
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

/** Writes the output that the project's main.ts generates: its app copies a folder. */
function edit(text: string): void {
  write('source/example/a.yaml', configMap(text));
}

function synth(): void {
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  cpSync(join(folder, 'source'), join(folder, 'dist'), { recursive: true });
}

function commit(text: string): string {
  edit(text);
  synth();
  git('add', '--all');
  git('commit', '--quiet', '--message', text);
  return git('rev-parse', 'HEAD');
}

function configMap(text: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    app.kubernetes.io/part-of: onprem-link\ndata:\n  text: ${text}\n`;
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

test('the plan compares the output with the merge base, not with the tip of main', () => {
  const base = commit('one');
  git('checkout', '--quiet', '-b', 'change');
  commit('two');
  git('checkout', '--quiet', 'main');
  commit('three');
  git('checkout', '--quiet', 'change');
  edit('four');
  synth();
  const run = plan();
  expect(run.stdout).toContain(`Plan against ${base.slice(0, 7)} (merge base with main)`);
  expect(run.stdout).toContain('data.text  one → four');
  expect(run.stdout).not.toContain('\u001b');
  expect([run.status, plan(['--exit-code']).status]).toEqual([0, 1]);
});

test('without a change, the plan is one line and the exit code is 0', () => {
  commit('one');
  const run = plan(['--exit-code', 'HEAD']);
  expect([run.status, run.stdout]).toEqual([
    0,
    expect.stringMatching(/^Nothing changes against [0-9a-f]{7} \(HEAD\)\.\n$/),
  ]);
});

test('--json prints data, and --markdown prints tables for a pull request', () => {
  commit('one');
  edit('two');
  expect(JSON.parse(plan(['--json']).stdout)).toMatchObject({ isChanged: true, sites: [{ name: 'example' }] });
  expect(plan(['--markdown']).stdout).toContain('| ~ | `data.text` | `one` → `two` |');
});

test.each([
  [['nowhere'], /^"nowhere" is not a revision of this repository\n$/],
  [['--nonsense'], /Unknown option '--nonsense'/],
])('%j is reported without a stack trace', (args, message) => {
  commit('one');
  const run = plan(args);
  expect([run.status, run.stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(run.stderr).not.toContain('    at ');
});

test('--routers writes the commands that change each router from the revision to now, and rejects a folder that is not empty', () => {
  const vyos = (state: string, route: string) =>
    `# Router 192.0.2.1, state ${state}.\nset protocols static route ${route} next-hop 10.0.0.1\n`;
  write('routers/example/a-to-cluster/vyos.set', vyos('00000000aa', '192.168.0.0/24'));
  const before = commit('before');
  write('routers/example/a-to-cluster/vyos.set', vyos('00000000bb', '192.168.1.0/24'));
  const run = () => plan([before, '--no-synth', '--routers', 'changes']);
  expect(run().stdout).toContain('load change.vyos');
  const written = readFileSync(join(folder, 'changes/example/a-to-cluster/change.vyos'), 'utf8');
  expect(written).toContain('takes the router from state 00000000aa to state 00000000bb.');
  expect(written).toContain('\ndelete protocols static route 192.168.0.0/24\n');
  expect(run()).toMatchObject({ status: 2, stderr: '"changes" is not empty; name a folder that does not exist yet\n' });
});

test('in a pull request, the plan compares with the branch that the workflow names', () => {
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

test('in a clone that is too shallow for the merge base, the error says how to fetch more', () => {
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
  expect(() => baseRevision(clone, 'HEAD~1')).toThrow(/"HEAD~1" is not a revision.*shallow/);
});

test('the output of a revision is read byte for byte, without files outside it', () => {
  write('routers/example/a/b.conf', 'ü\n\n');
  write('main.ts', 'no output');
  write('dist/example/empty', '');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'other');
  write('dist/example/a.yaml', configMap('one'));
  git('add', '--all');
  git('commit', '--quiet', '--message', 'one');
  const head = 'HEAD';
  expect(Object.fromEntries(readRevision(folder, head))).toEqual({
    'dist/example/a.yaml': configMap('one'),
    'dist/example/empty': '',
    'routers/example/a/b.conf': 'ü\n\n',
  });
});

test('a revision without output has no files', () => {
  write('main.ts', '');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'none');
  expect(readRevision(folder, 'HEAD').size).toBe(0);
});

describe('a dist/ that is out of date', () => {
  beforeEach(() => commit('one'));

  test('the plan shows the output of main.ts, and names the stale file and the command', () => {
    edit('two');
    const run = plan(['--exit-code']);
    expect(run.stdout).toContain('data.text  one → two');
    expect(run.stdout).toContain('!! dist/ differs from the output of main.ts');
    expect(run.stdout).toContain(
      'These files differ from its output: dist/example/a.yaml. Run npx cdk8s synth and commit the result.',
    );
    expect(run.status).toBe(3);
    expect(plan().status).toBe(0);
  });

  test('is reported even if main.ts generates the same output as the revision', () => {
    write('dist/example/a.yaml', configMap('by hand'));
    const run = plan(['--exit-code']);
    expect(run.stdout).toContain('These files differ from its output: dist/example/a.yaml.');
    expect(run.stdout).toContain('Nothing changes against');
    expect(run.status).toBe(3);
    expect(JSON.parse(plan(['--json']).stdout)).toMatchObject({
      isChanged: false,
      stale: { files: ['dist/example/a.yaml'], remedy: 'npx cdk8s synth' },
    });
  });

  test("the remedy is the project's synth script if it has one", () => {
    write('package.json', '{ "scripts": { "synth": "x" } }');
    edit('two');
    expect(plan().stdout).toContain('Run npm run synth');
  });

  test.each([
    ['missing', () => write('source/example/b.yaml', configMap('b')), 'dist/example/b.yaml'],
    ['left over', () => write('dist/example/b.yaml', configMap('b')), 'dist/example/b.yaml'],
    ['of a site that is gone', () => write('dist/gone/b.yaml', configMap('b')), 'dist/gone/b.yaml'],
    ['of a router', () => write('routers/example/a/b.conf', 'b'), 'routers/example/a/b.conf'],
  ])('a file is %s', (_, change, path) => {
    change();
    const run = plan(['--exit-code']);
    expect([run.status, run.stdout]).toEqual([3, expect.stringContaining(path)]);
  });

  test('--no-synth compares dist/ as it is, without running main.ts', () => {
    edit('two');
    write('cdk8s.yaml', 'app: exit 1');
    expect(plan(['--no-synth', '--exit-code'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Nothing changes'),
    });
    write('dist/example/a.yaml', configMap('three'));
    expect(plan(['--no-synth', '--exit-code'])).toMatchObject({ status: 1, stdout: expect.stringContaining('three') });
  });

  test('the plan does not change the working tree', () => {
    edit('two');
    plan();
    expect(git('status', '--porcelain')).toBe('M source/example/a.yaml');
  });
});

describe('a project with other Apps', () => {
  test('folders that are not sites are not compared', () => {
    commit('one');
    write('dist/frontend.k8s.yaml', 'kind: of no interest');
    write('dist/backend/a.k8s.yaml', 'kind: of no interest');
    expect(plan(['--exit-code'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Nothing changes/) });
  });

  test('other files in the folder of a site are compared', () => {
    commit('one');
    write('source/example/own.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: own\n');
    expect(plan().stdout).toContain('ConfigMap own');
  });

  test('the plan uses the output folder of cdk8s.yaml', () => {
    write('cdk8s.yaml', 'app: mkdir -p "$CDK8S_OUTDIR" && cp -r source/. "$CDK8S_OUTDIR"\noutput: out/manifests\n');
    edit('one');
    cpSync(join(folder, 'source'), join(folder, 'out', 'manifests'), { recursive: true });
    write('out/routers/example/a/b.conf', 'x');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'one');
    rmSync(join(folder, 'out', 'routers'), { recursive: true });
    const run = plan(['--exit-code']);
    expect([run.status, run.stdout]).toEqual([1, expect.stringContaining('b.conf')]);
  });
});

describe('a project that cannot be synthesised', () => {
  beforeEach(() => commit('one'));

  test.each([
    [
      'has no cdk8s.yaml',
      () => rmSync(join(folder, 'cdk8s.yaml')),
      /has no cdk8s\.yaml that names an app; run it in .*--no-synth\n$/,
    ],
    ['has a broken cdk8s.yaml', () => write('cdk8s.yaml', 'app: ['), /^cdk8s\.yaml cannot be read: /],
    ['fails', () => write('cdk8s.yaml', 'app: echo why >&2; exit 7'), /^why\nsynthesis failed \(.*: exit code 7\)\n$/],
    [
      'throws an error',
      () => write('cdk8s.yaml', `app: node --eval 'Promise.reject(new Error("subnets[0] is wrong"))'`),
      /^subnets\[0\] is wrong\n {4}at \[eval\]:1:16\n(?: {4}at .*\n)*synthesis failed \(.*: exit code 1\)\n$/,
    ],
  ])('%s', (_, change, message) => {
    change();
    const run = plan();
    expect([run.status, run.stdout, run.stderr]).toEqual([2, '', expect.stringMatching(message)]);
  });

  test('runs JavaScript older than its source', () => {
    write('main.js', '');
    write('main.ts', '');
    write('cdk8s.yaml', 'app: node main.js');
    const later = Date.now() / 1000 + 10;
    utimesSync(join(folder, 'main.ts'), later, later);
    expect(plan().stderr).toBe(
      'main.ts is newer than its compiled JavaScript, which cdk8s.yaml runs; compile it first\n',
    );
  });
});
