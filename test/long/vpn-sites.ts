import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalService, NodeRoutes, Site, type SubnetSpec } from '../../lib';
import { Address, Mapping, type Subnet } from '../../lib/network';
import { treeIn } from '../tree';

export const UPLINKS = { cluster: '203.0.113.1', premises: '192.0.2.1' } as const;

/** Host n of a subnet, counted from the end if n is negative. */
export function host(subnet: Subnet, n: number): Address {
  const [part = 0, base] = n < 0 ? [n + 1, subnet.last] : [n, subnet.address];
  return Address.parse(base.toString().replace(/\d+$/, (last) => `${Number(last) + part}`));
}

/** A generator of numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function oneOf<T>(random: () => number, all: readonly T[]): T {
  return all[Math.floor(random() * all.length)] as T;
}

const NODES: readonly SubnetSpec[] = [
  '10.77.0.0/26',
  { real: '10.0.1.0/27', mapped: '192.168.200.0/27' },
  { real: '10.0.1.64/26', mapped: '192.168.201.128/26' },
];
const SUBNETS: readonly SubnetSpec[] = [
  '192.168.0.0/24',
  '192.168.5.128/25',
  '10.5.0.0/22',
  { real: '10.0.1.0/24', mapped: '192.168.1.0/24' },
  { real: '10.0.2.64/26', mapped: '192.168.2.128/26' },
  { real: '192.168.202.0/25', mapped: '192.168.3.0/25' },
];

/** A small site and its synthesised files. */
export interface VpnSite {
  readonly nodes: Mapping;
  readonly subnets: readonly Mapping[];
  readonly tree: ReadonlyMap<string, string>;
  readonly clusterEnd: string;
  readonly premisesEnd: string;
  /** One host in each half of a subnet. */
  hosts(subnet: Subnet): readonly Address[];
}

/** A random small site with one VPN between two Linux routers. */
export function randomSite(random: () => number): VpnSite {
  const nodes = oneOf(random, NODES);
  const first = oneOf(random, SUBNETS);
  const more = SUBNETS.filter((one) => one !== first && random() < 0.3);
  const subnets = [first, ...more];
  const folder = mkdtempSync(join(tmpdir(), 'vpn-site-'));
  const before = process.env.CDK8S_OUTDIR;
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
  try {
    const cluster = { nodes: [nodes], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
    const site = new Site('example', { cluster, agentBundle: '// the agent does not run in this test\n' });
    const end = { outside: 'eth1', inside: 'eth0', products: ['strongswan'] as const };
    const network = site.onPremise('datacentre', {
      subnets,
      vpn: {
        cluster: { ...end, publicAddress: UPLINKS.cluster },
        onPremise: { ...end, publicAddress: UPLINKS.premises },
      },
    });
    new NodeRoutes(site, 'node-routes');
    const servers = subnets.map((spec) => `${hostsOf(Mapping.parse(spec).real)[0]}`);
    const ports = { http: 8080 };
    new ExternalService(site, 'orders', { namespace: 'default', servers: network.servers(...servers), ports });
    site.synth();
    return {
      nodes: Mapping.parse(nodes),
      subnets: subnets.map((spec) => Mapping.parse(spec)),
      tree: treeIn(folder),
      clusterEnd: 'routers/example/cluster-to-datacentre',
      premisesEnd: 'routers/example/datacentre-to-cluster',
      hosts: hostsOf,
    };
  } finally {
    if (before === undefined) delete process.env.CDK8S_OUTDIR;
    else process.env.CDK8S_OUTDIR = before;
    rmSync(folder, { recursive: true });
  }
}

const hostsOf = (subnet: Subnet): readonly Address[] => [host(subnet, 5), host(subnet, -3)];
