import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyRepository, EXAMPLE_MAIN, NODE_MODULES, REPOSITORY } from '../lib/repository';
import { readOutput } from './output';

jest.setTimeout(60_000);

/** What `cdk8s init typescript-app` starts a project with. */
const TEMPLATE = join(NODE_MODULES, 'cdk8s-cli', 'templates', 'typescript-app');
/** What npm installs with the package beside the bundler and tsx, which only this repository uses. */
const INSTALLED = ['cdk8s', 'cdk8s-plus-28', 'constructs', '@types'];

let folder: string;
let project: string;
let packed: string[];

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CDK8S_OUTDIR: undefined, ...env },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  const copy = copyRepository(join(folder, 'repository'));
  for (const name of ['tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs'])
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  project = join(folder, 'project');
  const modules = join(project, 'node_modules', 'onprem-link');
  mkdirSync(modules, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', folder], copy);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
  packed = run('tar', ['-tzf', tarball], folder).trim().split('\n');
  run('tar', ['-xzf', join(folder, tarball), '--strip-components=1'], modules);
  for (const name of INSTALLED) symlinkSync(join(NODE_MODULES, name), join(project, 'node_modules', name));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the package holds JavaScript, types and the agent, and no source, test or manifest', () => {
  for (const path of ['lib/index.js', 'lib/index.d.ts', 'lib/agent/agent.cjs'])
    expect(packed).toContain(`package/build/package/${path}`);
  for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'])
    expect(packed).toContain(`package/${path}`);
  expect(packed.filter((path) => /(?<!\.d)\.ts$|\.test\.|\/(?:dist|lab|node_modules)\//.test(path))).toEqual([]);
});

test('a fresh cdk8s project compiles with it and synthesises the same bytes', () => {
  cpSync(join(TEMPLATE, 'tsconfig.json'), join(project, 'tsconfig.json'));
  writeFileSync(join(project, 'package.json'), readFileSync(join(TEMPLATE, 'package.json')));
  const main = readFileSync(EXAMPLE_MAIN, 'utf8');
  writeFileSync(join(project, 'main.ts'), main.replaceAll("'./lib'", "'onprem-link'"));
  run(join(NODE_MODULES, '.bin', 'tsc'), ['-p', '.'], project);
  run(process.execPath, ['main.js'], project);

  const copy = join(folder, 'repository');
  run(process.execPath, ['--import', 'tsx', 'main.ts'], copy);
  const made = readOutput(project);
  expect([...made.keys()]).toContain('dist/example/node-routes-agent.k8s.yaml');
  expect(texts(made)).toEqual(texts(readOutput(copy)));
});

test('a project that passes a wrong option does not compile', () => {
  const wrong = "import { Site } from 'onprem-link';\nnew Site('a', { clutser: {} });\n";
  writeFileSync(join(project, 'wrong.ts'), wrong);
  expect(() => run(join(NODE_MODULES, '.bin', 'tsc'), ['-p', '.', '--noEmit'], project)).toThrow(/clutser/);
  rmSync(join(project, 'wrong.ts'));
});

function texts(output: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries([...output].map(([path, content]) => [path, `${content}`]));
}
