import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_VERSIONS, newestNodes } from '../test/nodes';
import { copyRepository, EXAMPLE_MAIN, NODE_MODULES, REPOSITORY } from '../test/repository';
import { readOutput } from './output';

jest.setTimeout(60_000);

/** The tsconfig.json of `cdk8s init typescript-app`. */
const TEMPLATE = join(NODE_MODULES, 'cdk8s-cli', 'templates', 'typescript-app');
/** The packages that npm installs with this one in such a project. */
const INSTALLED = ['cdk8s', 'cdk8s-plus-28', 'constructs', '@types', 'yaml', 'typescript'];

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
  run('npm', ['run', '--silent', 'package'], copy);
  run('npm', ['pack', '--silent', '--pack-destination', folder, './build/package'], copy);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
  packed = run('tar', ['-tzf', tarball], folder).trim().split('\n');
  run('tar', ['-xzf', join(folder, tarball), '--strip-components=1'], modules);
  for (const name of INSTALLED) symlinkSync(join(NODE_MODULES, name), join(project, 'node_modules', name));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the package contains JavaScript, types and the agent, but no sources, tests or manifests', () => {
  for (const path of ['lib/index.js', 'lib/index.d.ts', 'lib/agent/agent.cjs', 'lib/agent/routing.cjs'])
    expect(packed).toContain(`package/${path}`);
  for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'])
    expect(packed).toContain(`package/${path}`);
  expect(packed.filter((path) => /(?<!\.d)\.ts$|\.test\.|\/(?:dist|lab|node_modules)\//.test(path))).toEqual([]);
});

test('the package has no install scripts and installs no bundler', () => {
  const modules = join(project, 'node_modules', 'onprem-link');
  const { scripts, dependencies, devDependencies } = JSON.parse(readFileSync(join(modules, 'package.json'), 'utf8'));
  expect([scripts, Object.keys(dependencies), devDependencies]).toEqual([undefined, ['yaml'], undefined]);
  const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8'));
  expect(lock.packages['node_modules/yaml'].hasInstallScript).toBeUndefined();
});

test('every link in the package has a target', () => {
  const modules = join(project, 'node_modules', 'onprem-link');
  const pages = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  const broken = pages.flatMap((page) => {
    const links = readFileSync(join(modules, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g);
    return [...links].filter(([, target]) => !existsSync(join(modules, page, '..', target as string)));
  });
  expect(broken).toEqual([]);
  expect(pages.length).toBeGreaterThan(20);
});

test('a new cdk8s project compiles with the package and synthesises the same bytes', () => {
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

test('a project with an unknown option does not compile', () => {
  const wrong = "import { Site } from 'onprem-link';\nnew Site('a', { clutser: {} });\n";
  writeFileSync(join(project, 'wrong.ts'), wrong);
  expect(() => run(join(NODE_MODULES, '.bin', 'tsc'), ['-p', '.', '--noEmit'], project)).toThrow(/clutser/);
  rmSync(join(project, 'wrong.ts'));
});

/** A CommonJS and an ESM project that import the package and define the same site. */
const SITE = `
const site = new Site('foreign', {
  cluster: { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
});
site.onPremise('datacentre', { subnets: ['192.168.0.0/24'] });
new NodeRoutes(site, 'node-routes');
const app = new App();
new Chart(app, 'of-its-own');
app.synth();
site.synth();
`;
const KINDS = {
  CommonJS: `const { App, Chart } = require('cdk8s');\nconst { NodeRoutes, Site } = require('onprem-link');\n${SITE}`,
  ESM: `import { App, Chart } from 'cdk8s';\nimport { NodeRoutes, Site } from 'onprem-link';\n${SITE}`,
} as const;

describe.each(Object.entries(nodes()))('on Node %s', (_, node) => {
  const isMissing = node === undefined;
  (isMissing ? test.skip : test).each(Object.entries(KINDS))(
    'plan, check, prove, diagram and numbers run in a project in %s',
    (kind, main) => {
      const foreign = join(folder, `foreign-${kind}`);
      rmSync(foreign, { recursive: true, force: true });
      mkdirSync(foreign);
      const type = kind === 'ESM' ? 'module' : 'commonjs';
      const write = (name: string, text: string) => writeFileSync(join(foreign, name), text);
      write('package.json', JSON.stringify({ name: 'foreign', private: true, type }));
      write('main.js', main);
      write('cdk8s.yaml', `language: typescript\napp: ${node} main.js\n`);
      write('.gitignore', 'node_modules\n');
      symlinkSync(join(project, 'node_modules'), join(foreign, 'node_modules'));
      const bin = join(foreign, 'node_modules', 'onprem-link', 'scripts', 'cli.js');
      const call = (...args: string[]) => spawnSync(node as string, [bin, ...args], { cwd: foreign, encoding: 'utf8' });
      const git = (...args: string[]) =>
        run(
          'git',
          ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false', ...args],
          foreign,
        );
      git('init', '--quiet', '--initial-branch=main');
      run(node as string, ['main.js'], foreign);
      git('add', '.');
      git('commit', '--quiet', '--message=one');

      expect(call('plan', '--exit-code')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^Nothing changes/),
      });
      expect(call('check')).toMatchObject({ status: 0, stdout: expect.stringContaining('output: up to date') });
      expect(call('diagram')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^flowchart LR\n/) });
      expect(call('prove')).toMatchObject({ status: 0, stdout: expect.stringContaining('foreign') });
      expect(call('numbers')).toMatchObject({ status: 0, stdout: 'No number is reserved.\n' });
      expect(call('status', '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--context') });
      write('main.js', main.replace('192.168.0.0/24', '192.168.4.0/22'));
      const stale = call('plan', '--exit-code');
      expect([stale.status, stale.stdout]).toEqual([3, expect.stringContaining('Run npx cdk8s synth')]);
      expect(stale.stdout).not.toContain('of-its-own');

      const former = { router: '192.0.2.1', rules: {}, retired: { rules: { old: 11 } } };
      mkdirSync(join(foreign, 'routers'), { recursive: true });
      write('routers/numbers.json', JSON.stringify({ 'foreign/cluster-to-former': former }));
      expect(call('numbers').stdout).toBe('foreign/cluster-to-former  router 192.0.2.1  rules 11  old\n');
      expect(call('numbers', '--release', 'foreign/cluster-to-former').status).toBe(0);
      expect(call('numbers').stdout).toBe('No number is reserved.\n');
    },
  );
});

test('the bin lists its commands, and each has --help that names the bin', () => {
  const bin = join(project, 'node_modules', 'onprem-link', 'scripts', 'cli.js');
  const call = (...args: string[]) => spawnSync(bin, args, { cwd: project, encoding: 'utf8' });
  expect(call('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('onprem-link COMMAND') });
  const commands = [...call('--help').stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name as string);
  expect(commands).toEqual(['plan', 'status', 'diagram', 'check', 'prove', 'numbers']);
  for (const command of commands)
    expect(call(command, '--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`npx onprem-link ${command}`),
    });
  expect(call('constructor')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('"constructor" is not a command'),
  });
  expect(call()).toMatchObject({ status: 2 });
});

/** This Node, and the newest of each supported line if the npm registry can be reached. */
function nodes(): Record<string, string | undefined> {
  const newest = newestNodes();
  const own = process.versions.node.split('.')[0] as string;
  return {
    ...Object.fromEntries(NODE_VERSIONS.map((version) => [version, newest?.[version]])),
    [own]: process.execPath,
  };
}

function texts(output: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries([...output].map(([path, content]) => [path, `${content}`]));
}
