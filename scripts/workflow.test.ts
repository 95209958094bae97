import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../lib/repository';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}

const text = readFileSync(join(REPOSITORY, '.github', 'workflows', 'verify.yaml'), 'utf8');
const { jobs, permissions } = parse(text);
const steps: Step[] = jobs.verify.steps;

test('install, test, synth again, and fail when something differs', () => {
  expect(steps.flatMap(({ name, run }) => (run === undefined ? [] : [name]))).toEqual([
    'install',
    'plan',
    'test',
    'synth again',
    'fail when dist/ differs',
  ]);
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  for (const name of ['plan', 'test', 'synth']) expect(scripts).toHaveProperty(name);
});

test('it may read, and every action has a version', () => {
  expect(permissions).toEqual({ contents: 'read' });
  for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
});

describe('what the last step says', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'workflow-'));
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist', 'a.yaml'), 'a');
    git('init', '--quiet');
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message=a');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const git = (...args: string[]) => expect(spawnSync('git', args, { cwd: folder }).status).toBe(0);
  const lastStep = () =>
    spawnSync('bash', ['-e', '-c', steps.at(-1)?.run as string], { cwd: folder, encoding: 'utf8' });

  test('nothing, when nothing differs', () => {
    writeFileSync(join(folder, 'notes'), 'of no interest');
    expect(lastStep()).toMatchObject({ status: 0, stdout: '' });
  });

  test.each([
    ['changed', 'dist/a.yaml'],
    ['new', 'dist/b.yaml'],
    ['of another kind', 'bootstrap/flux.yaml'],
  ])('a file is %s', (_, path) => {
    mkdirSync(join(folder, 'bootstrap'));
    writeFileSync(join(folder, path), 'b');
    const { status, stdout } = lastStep();
    expect(status).toBe(1);
    expect(stdout).toContain(path.split('/')[0] as string);
    expect(stdout).toContain('Run npm run synth and commit the result');
  });
});
