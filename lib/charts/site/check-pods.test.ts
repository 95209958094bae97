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
/** The router has a way to the pods. */
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
  ['with a way to them', {}],
  ['by other means', { vpn: { ...VPN, cluster: { ...VPN.cluster, podNextHops: [] } } }],
  ['mapped', { cluster: { pods: [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }] } }],
  ['in a flat network', { cluster: FLAT, vpn: VPN }],
  ['on IBM Cloud with the pool', { cluster: { calicoPool: true }, provider: 'ibm' }],
])('pods seen as themselves %s are accepted', (_, given) => expect(told(given)).toEqual([]));

test.each<[string, Given, string]>([
  [
    'mapped pods that are not seen',
    { cluster: { podsSeenAs: 'nodes', pods: [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }] }, vpn: VPN },
    'cluster.pods[0]: 172.30.0.0/16 seen as 172.25.0.0/16 is mapped, but packets reach on premise as the node; write "172.30.0.0/16" alone, or podsSeenAs: \'themselves\' if no masquerade takes place (docs/pods.md)',
  ],
  [
    'the pool without need',
    { cluster: { podsSeenAs: 'nodes', calicoPool: true }, vpn: VPN },
    "cluster.calicoPool: true keeps the pods' addresses, but podsSeenAs says that on premise sees the nodes; write podsSeenAs: 'themselves', or leave it out",
  ],
  [
    'kube-proxy that masquerades all',
    { cluster: { masqueradeAll: true } },
    "cluster.masqueradeAll: true makes kube-proxy masquerade what pods send to Services, which contradicts podsSeenAs 'themselves'; switch it off in kube-proxy, or write podsSeenAs: 'nodes'",
  ],
  [
    'a platform that masquerades',
    { provider: 'ibm' },
    "cluster.podsSeenAs: \"themselves\" contradicts provider 'ibm', whose Calico has natOutgoing on, so that packets leave as their node; write 'nodes', or add calicoPool: true, which excepts the on-premise subnets",
  ],
  [
    'pods that have addresses of on premise',
    { subnet: { real: '172.30.5.0/24', mapped: '192.168.5.0/24' } },
    'cluster.pods[0]: 172.30.0.0/16 overlaps 172.30.5.0/24 of on-premise datacentre, and its hosts would look for the pods on their own network; have the routers map it to a free range and write { real: "172.30.0.0/16", mapped: "172.16.0.0/16" }',
  ],
  [
    'pods that contain nodes',
    { cluster: { pods: ['10.184.0.0/25'] } },
    'cluster.pods[0]: 10.184.0.0/25 contains the nodes 10.184.0.0/26, so that one address would have two traffic selectors; list what is left of it (10.184.0.64/26)',
  ],
  [
    'nodes whose pods are mapped otherwise',
    { cluster: { ...FLAT, pods: [{ real: '10.184.128.0/17', mapped: '172.25.0.0/17' }] } },
    'cluster.pods[0]: 10.184.128.0/17 seen as 172.25.0.0/17 lies in the nodes 10.184.0.0/16, so that one address would have two translations; write "10.184.128.0/17" alone: it is seen with the nodes',
  ],
  [
    'pods twice',
    { cluster: { pods: ['172.30.0.0/16', '172.30.5.0/24'] } },
    'cluster.pods[1]: 172.30.5.0/24 overlaps 172.30.0.0/16, so that one address would have two traffic selectors; keep one of the two',
  ],
  [
    'no way to the pods',
    { vpn: VPN },
    "on-premise datacentre › vpn › cluster.podNextHops: 172.30.0.0/16 are pods to which the cluster's router has no route, since they are not connected to it; write the next hops towards them, or [] if the router learns the way by other means, e.g. BGP with the CNI",
  ],
  [
    'a way to pods that nobody sees',
    { cluster: { podsSeenAs: 'nodes' } },
    "on-premise datacentre › vpn › cluster.podNextHops: [\"10.184.0.1\"] is for the cluster's router where podsSeenAs is 'themselves'; leave it out",
  ],
  [
    'a masquerade address that no selector carries',
    { cluster: { podsSeenAs: 'nodes' }, routes: [{ subnet: '192.168.0.0/25', nextHop: '10.185.0.1' }], vpn: VPN },
    "node routes node-routes: 10.185.0.1 is a next hop outside cluster.nodes; packets of pods leave with the node's address in that subnet, which no traffic selector contains; add the nodes' subnet in which it lies to cluster.nodes",
  ],
  [
    'a source that no selector carries',
    { routes: [{ subnet: '192.168.0.0/25', source: '10.185.0.5' }] },
    "node routes node-routes: 10.185.0.5 is the source of nodes' own packets to 192.168.0.0/25, but is outside cluster.nodes, so no traffic selector contains them; add its subnet to cluster.nodes, or leave the route's source out",
  ],
])('rejected: %s', (_, given, line) => {
  const unquoted = told(given).map((one) => one.replace(/: "([\d.:a-f/]+(?: seen as [\d./]+)?)" /, ': $1 '));
  expect(unquoted).toEqual([line]);
});

test('an unknown value is rejected', () => {
  expect(findingsOf(siteWith({ ...CLUSTER, podsSeenAs: 'both' as never }))).toEqual([
    'site example › cluster.podsSeenAs: "both" is not one of the known values; write "nodes" or "themselves"',
  ]);
});
