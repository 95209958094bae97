import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { NodeRoutes, Site } from '../../../lib';
import { LinuxRouter } from './linux-router';
import type { Lab, Namespace } from './namespaces';
import { NetnsClient } from './netns-client';
import { SEEDS, type Topology, type TopologyOptions } from './topology';

/** The node's next hops, each with the range in which on-premise servers see nodes that use it. */
export const WAYS = [
  {
    nextHop: '10.184.0.1',
    nodesSeenAs: '192.168.2.0/26',
    own: '192.168.2.1',
    near: '203.0.113.1',
    far: '203.0.113.11',
  },
  {
    nextHop: '10.184.0.3',
    nodesSeenAs: '192.168.3.0/26',
    own: '192.168.3.1',
    near: '203.0.113.2',
    far: '203.0.113.12',
  },
] as const;
export const SUBNET = '192.168.0.0/24';
export const SERVER = '192.168.0.10';

/** The cluster's side: the routers of the standard topology, without anything behind them yet. */
export const TWO_WAYS: TopologyOptions = {
  ...SEEDS,
  routers: WAYS.map(({ nextHop }) => [`${nextHop}/26`]),
  servers: [],
};

/** Synthesises a site for each tunnel into a folder, because a site has only one VPN to a network. */
export function synthesiseTunnels(folder: string): void {
  const before = process.env.CDK8S_OUTDIR;
  try {
    WAYS.forEach(({ nodesSeenAs, near, far }, i) => {
      process.env.CDK8S_OUTDIR = join(folder, `${i}`, 'dist');
      const nodes = [{ real: '10.184.0.0/26', mapped: nodesSeenAs }];
      const cluster = { nodes, pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
      const site = new Site('ways', { cluster, agentBundle: '// the agent does not run in this test\n' });
      const end = { outside: 'eth1', products: ['strongswan'] as const };
      site.onPremise('datacentre', {
        subnets: [SUBNET],
        vpn: {
          cluster: { ...end, inside: 'priv', publicAddress: near },
          onPremise: { ...end, inside: 'eth0', publicAddress: far },
        },
      });
      new NodeRoutes(site, 'node-routes');
      site.synth();
    });
  } finally {
    if (before === undefined) delete process.env.CDK8S_OUTDIR;
    else process.env.CDK8S_OUTDIR = before;
  }
}

/**
 * Two tunnels from one node's network to one server. The on-premise network sees the node with a different address through each, so it
 * answers through the router that the request came from.
 */
export class TwoTunnels {
  private constructor(
    readonly server: Namespace,
    /** The cluster's routers, in the order of WAYS. */
    readonly near: readonly LinuxRouter[],
  ) {}

  /** Opens both tunnels. @param folder with the output of synthesiseTunnels() */
  static async build(lab: Lab, topology: Topology, folder: string): Promise<TwoTunnels> {
    const wires = lab.namespace('far-wires');
    wires.batch(['link add wan type bridge', 'link set wan up', 'link add lan type bridge', 'link set lan up']);
    const server = lab.namespace('server');
    lab.link({ in: server, name: 'eth0', addresses: [`${SERVER}/24`] }, { in: wires, name: 'server', bridge: 'lan' });
    const key = `secret = "${randomBytes(32).toString('base64')}"\n`;
    const pairs = await Promise.all(
      WAYS.map(async (way, i) => {
        const near = topology.routers[i]?.netns as Namespace;
        const far = lab.namespace(`far-${i}`);
        for (const [netns, name, address] of [
          [near, 'near', way.near],
          [far, 'far', way.far],
        ] as const) {
          const addresses = [`${address}/24`];
          lab.link({ in: netns, name: 'eth1', addresses }, { in: wires, name: `${name}-${i}`, bridge: 'wan' });
          netns.sysctl({ 'ipv4/conf/all/rp_filter': 0, 'ipv4/conf/default/rp_filter': 0 });
          netns.ip('route', 'add', 'default', 'via', '203.0.113.254', 'proto', 'static');
        }
        const gateway = `192.168.0.${i + 1}`;
        lab.link(
          { in: far, name: 'eth0', addresses: [`${gateway}/24`] },
          { in: wires, name: `lan-${i}`, bridge: 'lan' },
        );
        server.ip('route', 'add', way.nodesSeenAs, 'via', gateway);
        near.ip('addr', 'add', `${way.own}/32`, 'dev', 'lo'); // kernel-libipsec requires one in its traffic selector
        const end = (name: string) => join(folder, `${i}`, 'routers', 'ways', name);
        return Promise.all([
          LinuxRouter.load(near, [end('cluster-to-datacentre')], key),
          LinuxRouter.load(far, [end('datacentre-to-cluster')], key),
        ]);
      }),
    );
    for (const [near, far] of pairs) {
      far.connect();
      near.connect();
    }
    await Promise.all(pairs.flat().map((router) => router.established(1)));
    await NetnsClient.of(server).serve(SERVER, 8080, 'server');
    return new TwoTunnels(
      server,
      pairs.map(([near]) => near),
    );
  }
}
