import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureSite } from '../test/fixture-site';
import { REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prove-'));
  for (const root of ['dist', 'routers']) cpSync(join(fixtureSite(), root), join(folder, root), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

function prove(...args: string[]) {
  const script = [
    '--require',
    join(REPOSITORY, 'node_modules/tsx/dist/cjs/index.cjs'),
    join(REPOSITORY, 'scripts/prove.ts'),
  ];
  return spawnSync(process.execPath, [...script, ...args], { cwd: folder, encoding: 'utf8' });
}

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(join(folder, path), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(folder, path), after);
}

const RULES = 'routers/example/cluster-to-datacentre/nftables.conf';

test('if all paths are consistent, the exit code is 0, and the output shows all hops, or none with --brief', () => {
  const [long, brief] = [prove(), prove('--brief')];
  expect([long.status, brief.status]).toEqual([0, 0]);
  expect(long.stdout).toContain('example, strongSwan and nftables: 4 of 4 paths consistent');
  expect(long.stdout).toContain('router datacentre      destination becomes 10.0.1.10');
  expect(brief.stdout).not.toContain('destination becomes');
});

test('if a path is broken, the exit code is 1, and the output names the file, the line, a packet and the remedy', () => {
  edit(RULES, (text) => text.replace(/^.*snat ip prefix.*\n/m, ''));
  const { status, stdout } = prove('--brief');
  expect(status).toBe(1);
  expect(stdout).toContain('orders-service 8080 → 10.0.1.10:8080           broken');
  expect(stdout).toMatch(
    /no selector holds 10\.0\.1\.0\/27 → 192\.168\.1\.10\n.*\n +for example 10\.0\.1\.0 → 192\.168\.1\.10/,
  );
});

test('if a line cannot be parsed, or promises.json is missing, the exit code is 2', () => {
  edit(RULES, (text) => text.replace('counter drop', 'counter reject'));
  const unknown = prove();
  expect([unknown.status, unknown.stdout]).toEqual([2, '']);
  expect(unknown.stderr).toMatch(/nftables\.conf:\d+.*is not understood/);
  rmSync(join(folder, 'routers'), { recursive: true });
  const none = prove();
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('holds no promises.json')]);
});

test('--strict fails if the site does not set podsSeenAs', () => {
  expect(prove('--brief', '--strict').status).toBe(1);
  edit('routers/example/promises.json', (text) => text.replace('{', '{ "podsSeenAs": "nodes",'));
  expect(prove('--brief', '--strict').status).toBe(0);
});

test('--json prints data, --markdown a page for a pull request, and --picture one path as a diagram', () => {
  const json = JSON.parse(prove('--json').stdout);
  expect(json[0].ways[0]).toMatchObject({ name: 'orders-service 8080 → 10.0.1.10:8080', result: 'consistent' });
  expect(prove('--markdown').stdout).toContain('## Proof of example, strongSwan and nftables: 4 of 4 paths consistent');
  expect(prove('--picture', '10.0.1.10').stdout).toMatch(/^flowchart TD\n {2}h0\["<b>pod<\/b>/);
  expect(prove('--picture', 'nobody').status).toBe(2);
});
