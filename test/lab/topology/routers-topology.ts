import { join } from 'node:path';
import { NodeRoutes, Site, type SubnetSpec } from '../../../lib';
import { stageNumbers } from '../../../scripts/output';
import { treeIn } from '../../tree';
import { LinuxRouter } from './linux-router';
import type { Lab, Namespace } from './namespaces';

/** The ranges in which the on-premise router sees the nodes of each cluster. Both clusters use the same real range. */
export const CLUSTERS = { east: '192.168.2.0/27', west: '192.168.2.32/27' } as const;
export type ClusterName = keyof typeof CLUSTERS;

const NODES = '10.0.1.0/27';
const ADDRESSES: Readonly<Record<string, string>> = { east: '203.0.113.1', west: '203.0.113.2', far: '203.0.113.3' };
const PROVIDER = '203.0.113.254';
/** The subnets of the datacentre, each with the addresses of its router and of a server. */
export const SERVERS = {
  plain: '192.168.0.10',
  mapped: '10.0.1.10',
  later: '192.168.7.10',
  shared: '192.168.9.10',
} as const;

export const SUBNETS: readonly SubnetSpec[] = ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }];
const PLANT: SubnetSpec = '192.168.9.0/24';
export const LATER: SubnetSpec = '192.168.7.0/24';

/**
 * Synthesises both sites into a folder.
 * @param from an earlier output whose numbers continue
 * @returns texts by path
 */
export function synthesise(folder: string, subnets: readonly SubnetSpec[], from?: string): Map<string, string> {
  if (from !== undefined) stageNumbers(from, folder);
  const before = process.env.CDK8S_OUTDIR;
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
  try {
    for (const name of Object.keys(CLUSTERS) as ClusterName[]) {
      const cluster = {
        nodes: [{ real: NODES, mapped: CLUSTERS[name] }],
        pods: ['172.30.0.0/16'],
        services: ['172.21.0.0/16'],
      };
      const site = new Site(name, { cluster, agentBundle: '// the agent does not run in this test\n' });
      const end = { outside: 'eth1', inside: 'eth0', products: ['strongswan'] as const };
      const vpn = {
        cluster: { ...end, publicAddress: ADDRESSES[name] as string },
        onPremise: { ...end, publicAddress: ADDRESSES.far as string },
      };
      site.onPremise('datacentre', { subnets, vpn });
      if (name === 'west') site.onPremise('plant', { subnets: [PLANT], vpn }); // through the same tunnel
      new NodeRoutes(site, 'node-routes');
      site.synth();
    }
  } finally {
    if (before === undefined) delete process.env.CDK8S_OUTDIR;
    else process.env.CDK8S_OUTDIR = before;
  }
  return treeIn(folder);
}

/** Two clusters, each with its own router, and one on-premise router with the tunnels of both. */
export class RoutersTopology {
  private constructor(
    /** The nodes of both clusters; both have the address 10.0.1.5. */
    readonly nodes: Readonly<Record<ClusterName, Namespace>>,
    readonly server: Namespace,
    readonly routers: Readonly<Record<ClusterName | 'far', LinuxRouter>>,
  ) {}

  /** @param folder with the output of {@link synthesise} */
  static async build(lab: Lab, folder: string, key: string): Promise<RoutersTopology> {
    const wires = lab.namespace('wires');
    wires.batch(['link add wan type bridge', 'link set wan up']);
    const provider = lab.namespace('provider');
    lab.link(
      { in: provider, name: 'eth0', addresses: [`${PROVIDER}/24`] },
      { in: wires, name: 'provider', bridge: 'wan' },
    );
    const router = (name: string) => {
      const netns = lab.namespace(`router-${name}`);
      lab.link({ in: netns, name: 'eth1', addresses: [`${ADDRESSES[name]}/24`] }, { in: wires, name, bridge: 'wan' });
      netns.ip('route', 'add', 'default', 'via', PROVIDER, 'proto', 'static');
      netns.sysctl({ 'ipv4/conf/all/rp_filter': 0, 'ipv4/conf/default/rp_filter': 0 });
      return netns;
    };
    const behind = (netns: Namespace, name: string, hosts: readonly string[], gateways: readonly string[]) => {
      const host = lab.namespace(name);
      lab.link({ in: netns, name: 'eth0', addresses: gateways }, { in: host, name: 'eth0', addresses: hosts });
      host.ip('route', 'add', 'default', 'via', (gateways[0] as string).split('/')[0] as string);
      return host;
    };
    const [east, west, far] = [router('east'), router('west'), router('far')];
    const nodes = {
      east: behind(east, 'node-east', ['10.0.1.5/27'], ['10.0.1.1/27']),
      west: behind(west, 'node-west', ['10.0.1.5/27'], ['10.0.1.1/27']),
    };
    const hosts = Object.values(SERVERS).map((address) => `${address}/24`);
    const server = behind(far, 'server', hosts, ['192.168.0.1/24', '10.0.1.1/24', '192.168.7.1/24', '192.168.9.1/24']);
    // kernel-libipsec requires a local address in each of the router's traffic selectors.
    for (const [netns, address] of [
      [east, '192.168.2.1'],
      [west, '192.168.2.33'],
      [far, '192.168.1.1'],
    ] as const)
      netns.ip('addr', 'add', `${address}/32`, 'dev', 'lo');
    const end = (site: ClusterName, name: string) => join(folder, 'routers', site, name);
    const both = Object.keys(CLUSTERS) as ClusterName[];
    const [nearEast, nearWest, shared] = await Promise.all([
      LinuxRouter.load(east, [end('east', 'cluster-to-datacentre')], key),
      LinuxRouter.load(west, [end('west', 'cluster-to-datacentre')], key),
      LinuxRouter.load(
        far,
        both.map((site) => end(site, 'datacentre-to-cluster')),
        key,
      ),
    ]);
    return new RoutersTopology(nodes, server, { east: nearEast, west: nearWest, far: shared });
  }

  /** Opens the tunnels of both clusters. @param children the number of CHILD_SAs of each */
  async connect(children: Readonly<Record<ClusterName, number>>): Promise<void> {
    const { far } = this.routers;
    far.connect();
    for (const name of Object.keys(children) as ClusterName[]) {
      this.routers[name].connect();
      await this.routers[name].established(children[name]);
    }
    await far.established(children.east + children.west);
  }
}
