import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureSite } from '../test/fixture-site';
import { linkedProject, REPOSITORY, TYPESCRIPT } from '../test/repository';

jest.setTimeout(60_000);

const read = (path: string) => readFileSync(join(REPOSITORY, path), 'utf8');
const README = read('README.md');
const blocks = (language: string) =>
  [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, own, text]) =>
    own === language ? [text as string] : [],
  );

test('README.md has at most 750 words', () => {
  expect(README.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(750);
});

test('every link in README.md has a target', () => {
  const targets = [...README.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target as string);
  expect(targets.length).toBeGreaterThan(15);
  expect(targets.filter((target) => !existsSync(join(REPOSITORY, target)))).toEqual([]);
});

test('the listing in README.md makes the manifest below it, and so does the shipped main.ts', () => {
  const [listing, manifest] = [blocks('ts'), blocks('yaml')].map(([block]) => block as string) as [string, string];
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  try {
    const project = linkedProject(join(folder, 'project'));
    const names = [...listing.matchAll(/new (\w+)\(/g)].map(([, name]) => name).join(', ');
    writeFileSync(join(project, 'main.ts'), `import { ${names} } from './lib';\n${listing}site.synth();\n`);
    const env = { ...process.env, CDK8S_OUTDIR: join(folder, 'dist') };
    const run = spawnSync(process.execPath, [...TYPESCRIPT, 'main.ts'], { cwd: project, encoding: 'utf8', env });
    expect([run.status, run.stderr]).toEqual([0, '']);
    for (const root of [folder, fixtureSite()]) expect(manifestsIn(join(root, 'dist', 'example'))).toContain(manifest);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const manifestsIn = (folder: string) =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('---\n');

test('the output in README.md is in docs/lab.md, line for line', () => {
  const recorded = read('docs/lab.md')
    .split('\n')
    .map((line) => line.trim());
  const lines = blocks('text').flatMap((block) => block.split('\n').filter((line) => line !== ''));
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.filter((line) => !recorded.includes(line))).toEqual([]);
});
