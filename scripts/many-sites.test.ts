import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedProject, TYPESCRIPT } from '../test/repository';
import { readOutput } from './output';

jest.setTimeout(30_000);

let folder: string;
let copy: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'many-'));
  copy = linkedProject(join(folder, 'copy'));
  mkdirSync(join(copy, 'sites'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function synth(): string {
  const args = [...TYPESCRIPT, 'scripts/synth.ts'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout;
}

const MAIN = "import { importSites } from './lib';\nimportSites(`$" + '{__dirname}/sites`);\n';
const DEFAULTS = `
  export const DEFAULTS = { maxUnavailable: '25%', labels: { team: 'network' } };
`;
/** A site with a thousand routes. */
const siteOf = (name: string) => `
  import { NodeRoutes, Site } from '../lib';
  import { DEFAULTS } from './defaults';
  const cluster = { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
  const site = new Site('${name}', { cluster });
  const subnets = Array.from({ length: 1000 }, (_, i) => \`192.168.\${i >> 2}.\${(i & 3) * 64}/26\`);
  site.onPremise('datacentre', { subnets });
  new NodeRoutes(site, 'node-routes', DEFAULTS);
  site.synth();
`;

// The run time is measured, not asserted: see docs/second-cluster.md.
test('ten clusters with a thousand routes each synthesise, and adding a cluster adds one file', () => {
  const names = Array.from({ length: 10 }, (_, i) => `cluster-${i}`);
  writeFileSync(join(copy, 'main.ts'), MAIN);
  writeFileSync(join(copy, 'sites', 'defaults.ts'), DEFAULTS);
  for (const name of names) writeFileSync(join(copy, 'sites', `${name}.ts`), siteOf(name));
  synth();
  const made = readOutput(copy);
  for (const name of names) {
    const manifests = `${made.get(`dist/${name}/node-routes.k8s.yaml`)}`;
    expect(manifests.match(/^ {6}"192\.168\.\d+\.\d+\/26",?$/gm)).toHaveLength(1000);
    expect(manifests).toContain('maxUnavailable: 25%');
  }
  writeFileSync(join(copy, 'sites', 'cluster-10.ts'), siteOf('cluster-10'));
  const changes = synth()
    .split('\n')
    .filter((line) => /(?:new|changed|removed)$/.test(line));
  expect(changes.map((line) => line.split('/')[1])).toEqual(Array(5).fill('cluster-10'));
});
