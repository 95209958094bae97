import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STUB_AGENT } from '../../../test/fixtures/charts';
import { NodeRoutes } from '../node-routes/node-routes';
import { Site } from '../site/site';
import type { RouterProps, VpnProps } from './options';
import { routerFilesOf } from './router-files';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'routers-'));
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
});
afterEach(() => {
  delete process.env.CDK8S_OUTDIR;
  rmSync(folder, { recursive: true });
});

const router: RouterProps = { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0', products: ['vyos'] };
const VPN: VpnProps = {
  cluster: router,
  onPremise: { ...router, publicAddress: '192.0.2.1', products: ['fortigate'] },
};

/** Each network has its own routers, or shares a pair if its name ends with an equals sign. */
function siteWithVpns(...names: readonly string[]): Site {
  const nodes = [{ real: '10.0.1.0/27', mapped: '192.168.200.0/27' }];
  const cluster = { nodes, pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
  const site = new Site('example', { cluster, agentBundle: STUB_AGENT });
  names.forEach((name, i) => {
    const vpn = name.endsWith('=')
      ? VPN
      : { ...VPN, onPremise: { ...VPN.onPremise, publicAddress: `192.0.2.${i + 1}` } };
    site.onPremise(name.replace('=', ''), { subnets: [{ real: `10.0.1.0/24`, mapped: `192.168.${i}.0/24` }], vpn });
  });
  new NodeRoutes(site, 'node-routes');
  return site;
}

test('writes a folder beside dist/ for each end of a VPN, with the files of its router', () => {
  siteWithVpns('datacentre').synth();
  expect(readdirSync(folder).sort()).toEqual(['dist', 'routers']);
  expect(readdirSync(join(folder, 'routers', 'example'), { recursive: true }).sort()).toEqual([
    'cluster-to-datacentre',
    join('cluster-to-datacentre', 'README.md'),
    join('cluster-to-datacentre', 'vyos.set'),
    'datacentre-to-cluster',
    join('datacentre-to-cluster', 'README.md'),
    join('datacentre-to-cluster', 'fortigate.conf'),
    'promises.json',
  ]);
});

test('the two ends mirror each other', () => {
  const files = routerFilesOf(siteWithVpns('datacentre').vpns());
  const near = files.get(join('cluster-to-datacentre', 'vyos.set'));
  const far = files.get(join('datacentre-to-cluster', 'fortigate.conf'));
  expect(near).toContain('tunnel 10 local prefix 192.168.200.0/27\n');
  expect(near).toContain('connection-type initiate');
  expect(far).toContain('set dst-subnet 192.168.200.0 255.255.255.224');
  expect(far).toContain('set auto-negotiate disable');
});

test('numbers the tunnels of one router consecutively', () => {
  const files = routerFilesOf(siteWithVpns('a', 'b', 'c').vpns());
  const rules = ['a', 'b', 'c'].map((name) => {
    const text = files.get(join(`cluster-to-${name}`, 'vyos.set'));
    return /nat source rule (\d+)/.exec(text ?? '')?.[1];
  });
  expect(rules).toEqual(['10', '11', '12']);
});

test('a tunnel for two networks keeps its name and its numbers if a third network is added first', () => {
  const shared = (names: readonly string[]) => siteWithVpns(...names.map((name) => `${name}=`));
  shared(['b', 'c']).synth();
  const before = readFileSync(join(folder, 'routers', 'numbers.json'), 'utf8');
  expect(readdirSync(join(folder, 'routers', 'example'))).toEqual(['b-to-cluster', 'cluster-to-b', 'promises.json']);
  const { book, tunnels } = shared(['b', 'a', 'c']).vpns();
  expect(tunnels.map(({ networks }) => networks.map(({ name }) => name))).toEqual([['b', 'a', 'c']]);
  expect(JSON.parse(before)['example/cluster-to-b'].rules).toEqual({
    '192.168.200.0/27 192.168.0.0/24': 10,
    '192.168.200.0/27 192.168.1.0/24': 11,
  });
  expect(book['example/cluster-to-b']?.rules).toMatchObject({ '192.168.200.0/27 192.168.2.0/24': 12 });
});

test('removes files that are no longer generated, but not those of other sites', () => {
  const routers = join(folder, 'routers');
  for (const old of ['example', 'other']) {
    mkdirSync(join(routers, old), { recursive: true });
    writeFileSync(join(routers, old, 'old'), '');
  }
  siteWithVpns('datacentre').synth();
  expect(existsSync(join(routers, 'example', 'old'))).toBe(false);
  expect(existsSync(join(routers, 'other', 'old'))).toBe(true);
});

test('the defaults are strong and written to the files', () => {
  siteWithVpns('datacentre').synth();
  const text = readFileSync(join(folder, 'routers', 'example', 'datacentre-to-cluster', 'fortigate.conf'), 'utf8');
  expect(text).toContain('set proposal aes256gcm-prfsha384\n        set dhgrp 20\n        set keylife 28800\n');
  expect(text).toContain(
    'set proposal aes256gcm\n        set pfs enable\n        set dhgrp 20\n        set keylifeseconds 3600\n',
  );
});
