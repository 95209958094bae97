import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedProject, REPOSITORY, TYPESCRIPT } from '../test/repository';
import { readOutput } from './output';

jest.setTimeout(30_000);

let folder: string;
let copy: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synth-'));
  copy = linkedProject(join(folder, 'copy'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SYNTH = [...TYPESCRIPT, 'scripts/synth.ts'];

function synth() {
  return spawnSync(process.execPath, SYNTH, { cwd: copy, encoding: 'utf8' });
}

function mainIs(text: string): void {
  writeFileSync(join(copy, 'main.ts'), text);
}

/** Code that defines a site with this name and one network. A stub replaces the agent, which takes long to bundle. */
function site(name: string, subnet = '192.168.0.0/24'): string {
  return `
    const { NodeRoutes, Site } = require('./lib');
    const cluster = { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
    const site = new Site('${name}', { cluster, agentBundle: '// stub' });
    site.onPremise('datacentre', { subnets: ['${subnet}'] });
    new NodeRoutes(site, 'node-routes');
  `;
}

/** The output as text by path, so that jest prints a readable diff. */
function outputOf(repository: string): Record<string, string> {
  return Object.fromEntries([...readOutput(repository)].map(([path, content]) => [path, `${content}`]));
}

function leftovers(): string[] {
  return readdirSync(copy).filter((name) => name.startsWith('.synth'));
}

test('cdk8s synth writes the same bytes', () => {
  const cli = join(REPOSITORY, 'node_modules', '.bin', 'cdk8s');
  const env = { ...process.env, CDK8S_CHECK_UPGRADE: 'false' };
  const run = spawnSync(cli, ['synth'], { cwd: copy, encoding: 'utf8', env });
  expect(run.status).toBe(0);
  const made = outputOf(copy);
  expect(synth().stdout).toContain('Unchanged.');
  expect(outputOf(copy)).toEqual(made);
});

test('synth lists the files it wrote, and reports "Unchanged" the second time', () => {
  mainIs(`${site('example')} site.synth();`);
  expect(synth().stdout).toMatch(/^dist\/example\/namespace\.k8s\.yaml +973 B {2}new\n/);
  const { ino } = statSync(join(copy, 'dist'));
  expect(synth().stdout).toMatch(/\nUnchanged\.\n$/);
  expect(statSync(join(copy, 'dist')).ino).toBe(ino);
});

test('files that are no longer generated are removed', () => {
  mainIs(`${site('north')} site.synth();`);
  synth();
  mainIs(`${site('south')} site.synth();`);
  expect(synth().stdout).toMatch(/^dist\/north\/node-routes\.k8s\.yaml +- {2}removed$/m);
  expect(readdirSync(join(copy, 'dist'))).toEqual(['south']);
});

test('a rejected site is reported without a stack trace, and all output stays unchanged, including that of valid sites', () => {
  mainIs(`${site('example')} site.synth();`);
  synth();
  const before = outputOf(copy);
  mainIs(`{ ${site('good')} site.synth(); } { ${site('bad', '172.30.1.0/24')} site.synth(); }`);
  const run = synth();
  expect(run.status).toBe(1);
  expect(run.stderr).toBe(
    `site bad › on-premise datacentre › subnets[0]: "172.30.1.0/24" overlaps the cluster's pods 172.30.0.0/16; have the routers map it to a free range and write { real: "172.30.1.0/24", mapped: "192.168.0.0/24" }\n`,
  );
  expect(outputOf(copy)).toEqual(before);
  expect(leftovers()).toEqual([]);
});

test('a syntax error in main.ts is reported without a stack trace', () => {
  mainIs('const = 1;');
  const run = synth();
  expect(run.status).toBe(1);
  expect(run.stderr).toContain('main.ts:1:6: ERROR: Expected identifier but found "="');
  expect(run.stderr).not.toContain('    at ');
});

test('a bug is reported with its stack trace', () => {
  mainIs('throw new Error("a bug");');
  expect(synth().stderr).toMatch(/^Error: a bug\n(?: {4}at [^\n]*copy\/main\.ts:\d+:\d+\)\n)+$/);
});

test('a main.ts that synthesises nothing is rejected and does not empty dist/', () => {
  mainIs(`${site('example')} site.synth();`);
  synth();
  const before = outputOf(copy);
  mainIs(site('example'));
  const run = synth();
  expect([run.status, run.stderr]).toEqual([
    1,
    'site example: "example" is never synthesised, so its folder would be deleted; call its synth()\n',
  ]);
  expect(outputOf(copy)).toEqual(before);
});

test("Node's own stack trace of a rejected site names the line in main.ts, without frames of the TypeScript loader", () => {
  mainIs(`${site('bad', '172.30.1.0/24')}\nsite.synth();`);
  const { stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'main.ts'], { cwd: copy, encoding: 'utf8' });
  expect(stderr).toMatch(/overlaps the cluster's pods[^\n]*\n(?: {4}at [^\n]*copy\/main\.ts:\d+:\d+\)\n)+\nNode\.js/);
});

describe('incomplete output', () => {
  const chart = "new (require('cdk8s').Chart)(site, 'late');";
  const server =
    "new (require('./lib').ExternalService)(site, 'late', { namespace: 'default', servers: site.networks[0].servers('192.168.0.5'), ports: { http: 80 } });";
  const late = (what: string) =>
    `site late: ${what} was added after synth() and is not in the output; call synth() after everything is added\n`;
  const lateSite = (more: string) => `${site('late')} site.synth(); ${more}`;
  test.each([
    [
      'is one of several and never synthesised',
      `{ ${site('good')} site.synth(); } ${site('bad')}`,
      'site bad: "bad" is never synthesised, so its folder would be deleted; call its synth()\n',
    ],
    ['does not exist', '', '"main.ts" synthesised nothing; call site.synth() at its end\n'],
    ['was synthesised before a chart was added', lateSite(chart), late('["late"]')],
    ['was synthesised before a service was added', lateSite(server), late('["late"]')],
    [
      'was synthesised before a network was added',
      lateSite("site.onPremise('b', { subnets: ['192.168.1.0/24'] });"),
      late('["on-premise b"]'),
    ],
    [
      'is lost because main.ts ends the program',
      `${site('good')} site.synth(); process.exit();`,
      '"main.ts" ended the program itself, so nothing was written; remove its process.exit()\n',
    ],
  ])('a site that %s is rejected, and dist/ stays unchanged', (_, text, message) => {
    mainIs(`${site('example')} site.synth();`);
    synth();
    const before = outputOf(copy);
    mainIs(text);
    const run = synth();
    expect([run.status, run.stderr]).toEqual([1, message]);
    expect(outputOf(copy)).toEqual(before);
  });

  test('a site that is never synthesised fails cdk8s synth too', () => {
    mainIs(`{ ${site('good')} site.synth(); } ${site('bad')}`);
    const run = spawnSync(process.execPath, ['--import', 'tsx', 'main.ts'], { cwd: copy, encoding: 'utf8' });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('"bad" is never synthesised') });
  });

  test('a site that is synthesised again after an addition is accepted', () => {
    mainIs(lateSite(`${chart} site.synth();`));
    expect(synth()).toMatchObject({ status: 0, stderr: '' });
  });
});

test('synth waits for a main.ts with pending timers', () => {
  mainIs(`setTimeout(() => { ${site('late')} site.synth(); }, 50);`);
  expect(synth().stdout).toContain('dist/late/node-routes.k8s.yaml');
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s during synthesis changes no output and leaves no files behind', async (signal, code) => {
  mkdirSync(join(copy, 'dist'));
  writeFileSync(join(copy, 'dist', 'before'), '');
  const busy = 'console.log("busy"); const end = Date.now() + 1000; while (Date.now() < end);';
  mainIs(`${site('example')} site.synth(); ${busy}`);
  const run = spawn(process.execPath, SYNTH, { cwd: copy, stdio: ['ignore', 'pipe', 'inherit'] });
  run.stdout.once('data', () => run.kill(signal));
  expect(await new Promise((resolve) => run.once('exit', resolve))).toBe(code);
  expect(readdirSync(join(copy, 'dist'))).toEqual(['before']);
  expect(leftovers()).toEqual([]);
});

test('the next run removes the staging folder of a killed run', async () => {
  mainIs(`${site('example')} site.synth(); console.log("busy"); while (true);`);
  const run = spawn(process.execPath, SYNTH, { cwd: copy, stdio: ['ignore', 'pipe', 'inherit'] });
  run.stdout.once('data', () => run.kill('SIGKILL'));
  await new Promise((resolve) => run.once('exit', resolve));
  expect(leftovers()).toHaveLength(1);
  mainIs(`${site('example')} site.synth();`);
  synth();
  expect(leftovers()).toEqual([]);
});
