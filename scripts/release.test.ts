import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { copyRepository, REPOSITORY } from '../test/repository';

jest.setTimeout(120_000);

/** Further files that the package and its bill of materials are made from. */
const COPIED = [
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
  'docs',
  'package-lock.json',
  '.gitignore',
];

let folder: string;
let copy: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'));
  copy = copyRepository(join(folder, 'repository'));
  for (const name of COPIED) cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  bash('git init --quiet && git config user.name a && git config user.email a@example.com');
  bash('git config commit.gpgsign false && npm run -s synth && git add . && git commit --quiet --message=one');
  bash('git tag v0.0.1');
});
afterAll(() => rmSync(folder, { recursive: true }));

function attempt(script: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, CDK8S_OUTDIR: undefined },
  });
  return { status, stdout, stderr };
}

function bash(script: string): string {
  const { status, stdout, stderr } = attempt(script);
  expect({ script, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ script, status: 0, output: '' });
  return stdout;
}

const { jobs } = parse(readFileSync(join(REPOSITORY, '.github', 'workflows', 'release.yaml'), 'utf8'));
const step = (name: string) =>
  (jobs.release.steps as { name?: string; run?: string }[]).find((one) => one.name === name)?.run as string;

const GITHUB =
  'export GITHUB_REF_NAME=v9.0.0 GITHUB_SERVER_URL=https://github.com GITHUB_REPOSITORY=example/onprem-link;';

test('the commands of the release workflow write a package that can be published, the programs, checksums and notes', () => {
  const changelog = `# Changelog\n\n## 9.0.0\n\n- What is new.\n`;
  writeFileSync(join(copy, 'CHANGELOG.md'), changelog);
  bash('npm version 9.0.0 --no-git-tag-version && npm run -s synth && git commit --quiet --all --message=two');
  bash('git tag v9.0.0');
  expect(bash(`${GITHUB} ${step('release')}`)).toMatch(/^9\.0\.0: .*onprem-link-9\.0\.0\.tgz.* in build\/release/);

  const release = join(copy, 'build', 'release');
  expect(bash('cd build/release && sha256sum --check checksums.txt').trim().split('\n')).toHaveLength(5);
  // The agent reports the new version.
  expect(readFileSync(join(release, 'notes.md'), 'utf8')).toMatch(/^Nodes restart their agent.*\n\n- What is new\.\n$/);
  const packed = JSON.parse(
    bash('tar --extract --to-stdout --file=build/release/onprem-link-9.0.0.tgz package/package.json'),
  );
  expect(packed).toMatchObject({
    version: '9.0.0',
    repository: { type: 'git', url: 'git+https://github.com/example/onprem-link.git' },
  });
  const sbom = JSON.parse(readFileSync(join(release, 'sbom.cdx.json'), 'utf8'));
  const names: string[] = sbom.components.map(({ name }: { name: string }) => name);
  for (const name of ['yaml', 'cdk8s', 'cdk8s-plus-28', 'constructs']) expect(names).toContain(name);
  for (const tool of ['esbuild', 'tsx', 'jest']) expect(names).not.toContain(tool);
  for (const path of ['agent/agent.cjs', 'agent/routing.cjs', 'servers/server-health.cjs']) {
    const text = bash(`tar --extract --to-stdout --file=build/release/onprem-link-9.0.0.tgz package/lib/${path}`);
    expect(readFileSync(join(release, basename(path)), 'utf8')).toBe(text);
  }
});

test('the release fails if the tag and CHANGELOG.md differ', () => {
  const made = attempt('npm run -s release -- --tag v9.0.1');
  expect(made).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('tag the commit v9.0.0') });
});

test('the workflow publishes the package that it built and tested, with provenance', () => {
  const names = (jobs.release.steps as { name?: string; run?: string }[]).flatMap(({ name, run }) =>
    run ? [name] : [],
  );
  expect(names).toEqual(['install', 'test', 'release', 'publish', 'announce']);
  expect(step('publish')).toBe('npm publish build/release/*.tgz --provenance --access public');
  expect(jobs.release.permissions).toEqual({ contents: 'write', 'id-token': 'write' });
});
