import { CLUSTER, findingsOf, STUB_AGENT, siteWith } from '../../../test/fixtures/charts';
import { NodeRoutes } from '../node-routes/node-routes';
import type { NodeRoutesProps } from '../node-routes/props';
import type { VpnProps } from '../vpn/options';
import type { ClusterProps } from './cluster';
import { Site, type SiteProps } from './site';

const ROUTER = { outside: 'eth1', inside: 'eth0' };
const VPN: VpnProps = {
  cluster: { ...ROUTER, publicAddress: '203.0.113.1' },
  onPremise: { ...ROUTER, publicAddress: '192.0.2.1' },
};
/** The router has a route to the pods. */
const KNOWN: VpnProps = { ...VPN, cluster: { ...VPN.cluster, podNextHops: ['10.184.0.1'] } };

interface Given {
  readonly cluster?: Partial<ClusterProps>;
  readonly provider?: SiteProps['provider'];
  readonly subnet?: string | { real: string; mapped: string };
  readonly routes?: NodeRoutesProps['routes'];
  readonly vpn?: VpnProps;
}

function told({ cluster, provider, subnet = '192.168.0.0/24', routes = [], vpn = KNOWN }: Given): string[] {
  const site = new Site('example', {
    cluster: { ...CLUSTER, podsSeenAs: 'themselves', ...cluster },
    ...(provider && { provider }),
    agentBundle: STUB_AGENT,
  });
  site.onPremise('datacentre', { subnets: [subnet], vpn });
  new NodeRoutes(site, 'node-routes', { routes });
  return findingsOf(site).map((line) => line.replace('site example › ', ''));
}

const FLAT = { nodes: ['10.184.0.0/16'], pods: ['10.184.128.0/17'] };

test.each<[string, Given]>([
  ['with a route to them', {}],
  ['with a learned route', { vpn: { ...VPN, cluster: { ...VPN.cluster, podNextHops: [] } } }],
  ['mapped', { cluster: { pods: [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }] } }],
  ['in a flat network', { cluster: FLAT, vpn: VPN }],
  ['on IBM Cloud with the pool', { cluster: { calicoPool: true }, provider: 'ibm' }],
])('accepts pods seen as themselves %s', (_, given) => expect(told(given)).toEqual([]));

test.each<[string, Given, string]>([
  [
    'mapped pods that are not seen',
    { cluster: { podsSeenAs: 'nodes', pods: [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }] }, vpn: VPN },
    "cluster.pods[0]: 172.30.0.0/16 seen as 172.25.0.0/16 is mapped, but on-premise servers see the node's address; write \"172.30.0.0/16\" alone, or podsSeenAs: 'themselves' if no masquerade takes place (docs/pods.md)",
  ],
  [
    'calicoPool without need',
    { cluster: { podsSeenAs: 'nodes', calicoPool: true }, vpn: VPN },
    "cluster.calicoPool: true keeps the pods' addresses, but podsSeenAs says that on-premise servers see the nodes; write podsSeenAs: 'themselves', or leave it out",
  ],
  [
    'masqueradeAll in kube-proxy',
    { cluster: { masqueradeAll: true } },
    "cluster.masqueradeAll: true makes kube-proxy masquerade packets from pods to Services, which contradicts podsSeenAs 'themselves'; switch it off in kube-proxy, or write podsSeenAs: 'nodes'",
  ],
  [
    'a platform that masquerades',
    { provider: 'ibm' },
    "cluster.podsSeenAs: \"themselves\" contradicts provider 'ibm', whose Calico has natOutgoing on, so packets leave with their node's address; write 'nodes', or add calicoPool: true, which exempts the on-premise subnets",
  ],
  [
    'pods that overlap on-premise addresses',
    { subnet: { real: '172.30.5.0/24', mapped: '192.168.5.0/24' } },
    'cluster.pods[0]: 172.30.0.0/16 overlaps 172.30.5.0/24 of on-premise datacentre, and its hosts would look for the pods on their own network; have the routers map it to a free range and write { real: "172.30.0.0/16", mapped: "172.16.0.0/16" }',
  ],
  [
    'pods that contain nodes',
    { cluster: { pods: ['10.184.0.0/25'] } },
    'cluster.pods[0]: 10.184.0.0/25 contains the nodes 10.184.0.0/26, so that one address would have two traffic selectors; list the rest of it (10.184.0.64/26)',
  ],
  [
    'pods in a node range with a different mapping',
    { cluster: { ...FLAT, pods: [{ real: '10.184.128.0/17', mapped: '172.25.0.0/17' }] } },
    'cluster.pods[0]: 10.184.128.0/17 seen as 172.25.0.0/17 lies in the nodes 10.184.0.0/16, so that one address would have two translations; write "10.184.128.0/17" alone: it is seen with the nodes',
  ],
  [
    'overlapping pod ranges',
    { cluster: { pods: ['172.30.0.0/16', '172.30.5.0/24'] } },
    'cluster.pods[1]: 172.30.5.0/24 overlaps 172.30.0.0/16, so that one address would have two traffic selectors; keep one of the two',
  ],
  [
    'a router without a route to the pods',
    { vpn: VPN },
    "on-premise datacentre › vpn › cluster.podNextHops: 172.30.0.0/16 are pods that the cluster's router has no route to, because they are not directly connected; write the next hops towards them, or [] if the router learns the route by other means, e.g. BGP with the CNI",
  ],
  [
    'a route to pods that the on-premise network does not see',
    { cluster: { podsSeenAs: 'nodes' } },
    "on-premise datacentre › vpn › cluster.podNextHops: [\"10.184.0.1\"] applies only to the cluster's router with podsSeenAs 'themselves'; leave it out",
  ],
  [
    'a masquerade address in no selector',
    { cluster: { podsSeenAs: 'nodes' }, routes: [{ subnet: '192.168.0.0/25', nextHop: '10.185.0.1' }], vpn: VPN },
    "node routes node-routes: 10.185.0.1 is a next hop outside cluster.nodes; packets from pods leave with the node's address in that subnet, which no traffic selector contains; add the nodes' subnet in which it lies to cluster.nodes",
  ],
  [
    'a source address in no selector',
    { routes: [{ subnet: '192.168.0.0/25', source: '10.185.0.5' }] },
    "node routes node-routes: 10.185.0.5 is the source of nodes' own packets to 192.168.0.0/25, but is outside cluster.nodes, so no traffic selector contains them; add its subnet to cluster.nodes, or leave the route's source out",
  ],
])('rejects %s', (_, given, line) => {
  const unquoted = told(given).map((one) => one.replace(/: "([\d.:a-f/]+(?: seen as [\d./]+)?)" /, ': $1 '));
  expect(unquoted).toEqual([line]);
});

test('rejects an unknown value', () => {
  expect(findingsOf(siteWith({ ...CLUSTER, podsSeenAs: 'both' as never }))).toEqual([
    'site example › cluster.podsSeenAs: "both" is not one of the known values; write "nodes" or "themselves"',
  ]);
});
