import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { linkedProject, REPOSITORY } from '../test/repository';

jest.setTimeout(180_000);

const { jobs } = parse(readFileSync(join(REPOSITORY, '.github', 'workflows', 'verify.yaml'), 'utf8'));
/** The commands that the shipped workflow runs for a pull request, without the installation: the packages are linked. */
const STEPS: readonly string[] = jobs.verify.steps
  .filter(({ name, run }: { name?: string; run?: string }) => run !== undefined && name !== 'install')
  .map(({ run }: { run: string }) => run);

let folder: string;
let copy: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edits-'));
  copy = linkedProject(join(folder, 'copy'));
  for (const name of ['.gitignore', 'main.test.ts', 'jest.config.js'])
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  bash('git init --quiet --initial-branch=main');
  bash('git config user.name user && git config user.email user@example.com && git config commit.gpgsign false');
  bash('npm run -s synth && git add . && git commit --quiet --message=template');
});
beforeEach(() => bash('git reset --quiet --hard main && git clean --quiet --force -d'));
afterAll(() => rmSync(folder, { recursive: true }));

function bash(script: string) {
  const run = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: copy, encoding: 'utf8' });
  const { status, stdout, stderr } = run;
  expect({ script, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ script, status: 0, output: '' });
  return stdout;
}

function write(path: string, text: string): void {
  mkdirSync(join(copy, path, '..'), { recursive: true });
  writeFileSync(join(copy, path), text);
}

/** Edits main.ts as a user would in an editor. */
function replace(...changes: readonly (readonly [string | RegExp, string])[]): void {
  const before = readFileSync(join(copy, 'main.ts'), 'utf8');
  const after = changes.reduce((text, [from, to]) => {
    expect(text).toMatch(from);
    return text.replace(from, to);
  }, before);
  write('main.ts', after);
}

const firstNetwork = () =>
  /```ts main\.ts\n([\s\S]*?)```/.exec(
    readFileSync(join(REPOSITORY, 'docs', 'first-network.md'), 'utf8'),
  )?.[1] as string;

const NO_VPN = [/ {2}vpn: \{[\s\S]*?\n {2}\},\n/, ''] as const;
const NO_SERVICE = [/\/\/ Servers as a Service[\s\S]*?\}\);\n/, ''] as const;
const NO_UNUSED = [/const datacentre = (?=site)/, ''] as const;
const NO_IMPORT = [/ExternalService, /, ''] as const;

/** The file of a site for another cluster. */
const siteOf = (name: string, nodes: string) => `import { NodeRoutes, Site } from '../lib';

const site = new Site('${name}', { cluster: { nodes: ['${nodes}'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] } });
site.onPremise('datacentre', { subnets: ['192.168.0.0/24'] });
new NodeRoutes(site, 'node-routes');
site.synth();
`;

const EDITS: readonly (readonly [string, () => void])[] = [
  ['a new site instead of the example', () => write('main.ts', firstNetwork())],
  ['another name', () => replace(["new Site('example'", "new Site('production'"])],
  [
    'two sites',
    () =>
      replace([
        /$/,
        `
const other = new Site('other', {
  cluster: { nodes: ['10.185.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
});
other.onPremise('plant', { subnets: ['192.168.8.0/24'] });
new NodeRoutes(other, 'node-routes');
other.synth();
`,
      ]),
  ],
  ['no VPN', () => replace(NO_VPN)],
  ['no services', () => replace(NO_SERVICE, NO_UNUSED, NO_IMPORT)],
  [
    'a sites/ folder',
    () => {
      write('main.ts', "import { importSites } from './lib';\n\nimportSites(`$" + '{__dirname}/sites`);\n');
      write('sites/north.ts', siteOf('north', '10.184.0.0/26'));
      write('sites/south.ts', siteOf('south', '10.185.0.0/26'));
    },
  ],
  [
    'IPv6 only',
    () =>
      write(
        'main.ts',
        `import { NodeRoutes, Site } from './lib';

const site = new Site('six', {
  cluster: { nodes: ['fd00:184::/64'], pods: ['fd00:30::/32'], services: ['fd00:21::/112'] },
});
site.onPremise('plant', { subnets: ['2001:db8:a::/64'] });
new NodeRoutes(site, 'node-routes', { privateNetworks: ['fd00::/8'] });
site.synth();
`,
      ),
  ],
  [
    'pools',
    () =>
      replace([
        /new NodeRoutes\(site, 'node-routes'\);/,
        `new NodeRoutes(site, 'node-routes', { nodeSelector: { pool: 'a' } });
new NodeRoutes(site, 'edge', {
  nodeSelector: { pool: 'b' },
  name: 'edge-routes',
  configMapName: 'edge-routes',
  protocol: 143,
  port: 9143,
});`,
      ]),
  ],
  [
    'monitoring',
    () =>
      replace(
        [/ExternalService, /, 'ExternalService, Monitoring, '],
        [/\nsite\.synth/, "\nnew Monitoring(site, 'monitoring');\nsite.synth"],
      ),
  ],
  ['one subnet more', () => replace(["subnets: ['192.168.0.0/24',", "subnets: ['192.168.0.0/24', '192.168.4.0/22',"])],
];

test.each(EDITS)('the shipped workflow passes after this edit: %s', (_, edit) => {
  const summary = join(folder, 'summary');
  const steps = () => {
    const env = { ...process.env, GITHUB_STEP_SUMMARY: summary, GITHUB_BASE_REF: '' };
    return STEPS.map((step) => spawnSync('bash', ['-e', '-c', step], { cwd: copy, encoding: 'utf8', env }));
  };
  edit();
  bash('npm run -s synth');
  bash('git checkout --quiet -B edit && git add . && git commit --quiet --message=edit');
  for (const { status, stdout, stderr } of steps()) expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  expect(bash('git status --porcelain')).toBe('');
  expect(readFileSync(summary, 'utf8')).toContain('## ');
  rmSync(summary);
  bash('git checkout --quiet main');
});

test('after an edit without synth, the workflow fails and names the file and the command', () => {
  replace(["'192.168.0.0/24',", "'192.168.0.0/24', '192.168.4.0/22',"]);
  const run = spawnSync('npm', ['run', '-s', 'check'], { cwd: copy, encoding: 'utf8' });
  expect(run.status).toBe(1);
  expect(run.stdout).toContain('dist/example/node-routes.k8s.yaml changed\n');
  expect(run.stdout).toContain('Run npm run synth and commit the result.');
});

test('a type error fails the workflow, and the other checks still report', () => {
  write(
    'main.ts',
    `${readFileSync(join(copy, 'main.ts'), 'utf8')}const wrong: number = 'text';\nconsole.log(wrong);\n`,
  );
  const run = spawnSync('npm', ['run', '-s', 'check'], { cwd: copy, encoding: 'utf8' });
  expect(run.status).toBe(1);
  expect(run.stdout).toContain("Type 'string' is not assignable to type 'number'");
  expect(run.stdout).toContain('output: up to date');
});

test('the snapshots of the template are skipped after an edit, with the reason', () => {
  write('main.ts', firstNetwork());
  const jest = join(REPOSITORY, 'node_modules', 'jest', 'bin', 'jest.js');
  const run = spawnSync(process.execPath, [jest, '--ci', 'main.test.ts'], { cwd: copy, encoding: 'utf8' });
  expect(run.stderr).toContain('main.test.ts skipped: main.ts differs from test/fixtures/example-main.ts');
  expect(run.stderr).toMatch(/Tests: +1 skipped, 1 total/);
  expect(run.status).toBe(0);
  expect(existsSync(join(copy, '__snapshots__'))).toBe(false);
});
