import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type ClusterProps, ExternalService, NodeRoutes, Site } from '../../../lib';
import type { PodsSeenAs } from '../../../lib/network';
import { treeIn } from '../../tree';
import { LinuxRouter } from './linux-router';
import type { Lab, Namespace } from './namespaces';

const NEAR = '203.0.113.1';
const FAR = '203.0.113.3';
const NODES = { real: '10.0.1.0/27', mapped: '192.168.2.0/27' };
export const NODE = '10.0.1.5';
/** A second address of the node on the same link. */
export const OTHER_SOURCE = '10.0.1.6';
export const POD = '172.30.7.2';
/** The real on-premise ranges: those of the nodes and of the pods. */
export const SERVERS = { plain: '192.168.0.10', likeNodes: '10.0.1.10', likePods: '172.30.9.10' } as const;
/** The mapped ranges by which the cluster reaches them. */
export const SEEN_SERVERS = { plain: '192.168.0.10', likeNodes: '192.168.1.10', likePods: '192.168.9.10' } as const;

const PODS: Readonly<Record<PodsSeenAs, ClusterProps['pods']>> = {
  nodes: ['172.30.0.0/16'],
  themselves: [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }],
};

/** Synthesises the site into a folder. @returns texts by path */
export function synthesisePods(folder: string, seenAs: PodsSeenAs): Map<string, string> {
  const before = process.env.CDK8S_OUTDIR;
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
  try {
    const cluster = { nodes: [NODES], pods: PODS[seenAs], services: ['172.21.0.0/16'], podsSeenAs: seenAs };
    const site = new Site(`pods-${seenAs}`, { cluster, agentBundle: '// the agent does not run in this test\n' });
    const end = { outside: 'eth1', inside: 'eth0', products: ['strongswan'] as const };
    const podNextHops = seenAs === 'themselves' ? { podNextHops: [NODE] } : {};
    const network = site.onPremise('datacentre', {
      subnets: [
        '192.168.0.0/24',
        { real: '10.0.1.0/24', mapped: '192.168.1.0/24' },
        { real: '172.30.9.0/24', mapped: '192.168.9.0/24' },
      ],
      vpn: { cluster: { ...end, publicAddress: NEAR, ...podNextHops }, onPremise: { ...end, publicAddress: FAR } },
    });
    new NodeRoutes(site, 'node-routes');
    const servers = network.servers(...Object.values(SERVERS));
    new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 8080 } });
    site.synth();
  } finally {
    if (before === undefined) delete process.env.CDK8S_OUTDIR;
    else process.env.CDK8S_OUTDIR = before;
  }
  return treeIn(folder);
}

/** A rule that many routers have: masquerade everything to the Internet. The generated rules must run before it. */
const MASQUERADE = `table inet other {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "eth1", "ipsec0" } masquerade
  }
}`;

/** Masquerades packets that leave the cluster, as CNIs do. */
const CNI = `table ip cni {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.30.0.0/16 ip daddr != 172.30.0.0/16 masquerade
  }
}`;

/** A cluster IP, and the rules of kube-proxy for it. */
export const CLUSTER_IP = '172.21.10.20';
const proxyRules = (masqueradesAll: boolean) => `table ip proxy {
  chain cluster-ips {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${CLUSTER_IP} tcp dport 8080 dnat to ${SEEN_SERVERS.likeNodes}:8080
  }
  chain sources {
    type nat hook postrouting priority srcnat; policy accept;
    ${masqueradesAll ? `ct original ip daddr ${CLUSTER_IP} masquerade` : ''}
  }
}`;

/** A pod, its node, the cluster's router, the tunnel, the on-premise router, and a server with all addresses. */
export class PodsTopology {
  private constructor(
    readonly pod: Namespace,
    readonly node: Namespace,
    readonly server: Namespace,
    readonly near: LinuxRouter,
    readonly far: LinuxRouter,
  ) {}

  /** Builds the topology and opens the tunnel; the CNI does not masquerade yet. @param folder with the output of {@link synthesisePods} */
  static async build(lab: Lab, folder: string, seenAs: PodsSeenAs): Promise<PodsTopology> {
    const [pod, node, near, far, server] = ['pod', 'node', 'router', 'far-router', 'server'].map((name) =>
      lab.namespace(name),
    ) as [Namespace, Namespace, Namespace, Namespace, Namespace];
    lab.link(
      { in: pod, name: 'eth0', addresses: [`${POD}/24`] },
      { in: node, name: 'pod', addresses: ['172.30.7.1/24'] },
    );
    lab.link(
      { in: node, name: 'eth0', addresses: [`${NODE}/27`, `${OTHER_SOURCE}/27`] },
      { in: near, name: 'eth0', addresses: ['10.0.1.1/27'] },
    );
    lab.link(
      { in: near, name: 'eth1', addresses: [`${NEAR}/24`] },
      { in: far, name: 'eth1', addresses: [`${FAR}/24`] },
    );
    const gateways = ['192.168.0.1/24', '10.0.1.1/24', '172.30.9.1/24'];
    const hosts = Object.values(SERVERS).map((address) => `${address}/24`);
    lab.link({ in: far, name: 'eth0', addresses: gateways }, { in: server, name: 'eth0', addresses: hosts });
    for (const [netns, gateway] of [
      [pod, '172.30.7.1'],
      [node, '10.0.1.1'],
      [near, FAR],
      [far, NEAR],
      [server, '192.168.0.1'],
    ] as const)
      netns.ip('route', 'add', 'default', 'via', gateway, 'proto', 'static');
    node.sysctl({ 'ipv4/ip_forward': 1 });
    for (const router of [near, far]) {
      router.sysctl({ 'ipv4/conf/all/rp_filter': 0, 'ipv4/conf/default/rp_filter': 0 });
      router.load(MASQUERADE);
    }
    // kernel-libipsec requires a local address in each of the router's traffic selectors.
    near.batch(['192.168.2.1', '172.25.0.1'].map((address) => `addr add ${address}/32 dev lo`));
    far.batch(['192.168.1.1', '192.168.9.1'].map((address) => `addr add ${address}/32 dev lo`));
    const key = `secret = "${randomBytes(32).toString('base64')}"\n`;
    const end = (name: string) => [join(folder, 'routers', `pods-${seenAs}`, name)];
    const routers = await Promise.all([
      LinuxRouter.load(near, end('cluster-to-datacentre'), key),
      LinuxRouter.load(far, end('datacentre-to-cluster'), key),
    ]);
    routers[1].connect();
    routers[0].connect();
    const children = seenAs === 'nodes' ? 3 : 6;
    for (const router of routers) await router.established(children);
    return new PodsTopology(pod, node, server, ...routers);
  }

  /** Replaces the rules of kube-proxy, with or without masquerade-all. */
  proxy(masqueradesAll: boolean): void {
    this.node.load(`table ip proxy\ndelete table ip proxy\n${proxyRules(masqueradesAll)}\n`);
  }

  /** Turns the CNI's masquerading on the node on or off. */
  masquerade(does: boolean): void {
    if (does) this.node.load(CNI);
    else this.node.run('nft', 'delete', 'table', 'ip', 'cni');
  }
}
