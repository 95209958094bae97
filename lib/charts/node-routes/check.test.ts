import { CLUSTER, findingsOf, manifestsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';
import { CLIENT_SIDE_APPLY_LIMIT, CONFIG_MAP_LIMIT, ROLLING_LIST_LIMIT } from '../program/apply-limits';
import { Site } from '../site/site';
import { NodeRoutes, nodeRoutesOf } from './node-routes';
import type { NodeRoutesProps } from './props';

const PLACE = 'site example › node routes node-routes';

function findingsWith(props: NodeRoutesProps, subnets?: readonly string[]): string[] {
  const { site } = siteWithNetwork(subnets);
  new NodeRoutes(site, 'node-routes', props);
  return findingsOf(site);
}

test('rejects a route that takes addresses of the cluster', () => {
  expect(findingsWith({ routes: ['172.30.4.0/24', '192.168.9.0/24'] })).toEqual([
    `${PLACE} › routes: "172.30.4.0/24" overlaps the cluster's pods 172.30.0.0/16; have the routers map it to a free range and write { real: "172.30.4.0/24", mapped: "192.168.1.0/24" }`,
  ]);
});

test("reports a network's subnet once at the network, not for every NodeRoutes", () => {
  expect(findingsWith({ routes: [{ subnet: '172.30.4.0/24', mtu: 1400 }] }, ['172.30.4.0/24'])).toEqual([
    expect.stringContaining('on-premise datacentre › subnets[0]: "172.30.4.0/24"'),
  ]);
});

test('accepts an allowed default route, which covers everything', () => {
  expect(findingsWith({ routes: ['0.0.0.0/0'], allowDefaultRoute: true })).toEqual([]);
});

test('also checks the other routes of a list with rejected routes', () => {
  expect(findingsWith({ routes: ['192.168.9.1/24', '172.21.0.0/24'] })).toEqual([
    `${PLACE} › routes[0]: "192.168.9.1/24" has host bits set beyond its 24-bit prefix; did you mean 192.168.9.0/24?`,
    expect.stringContaining(`${PLACE} › routes: "172.21.0.0/24" overlaps the cluster's services 172.21.0.0/16`),
  ]);
});

test('rejects a route to the private network itself, whose entry provides the next hop', () => {
  const props = { privateNetworks: ['10.96.0.0/12'] };
  const text = `${PLACE} › routes: "10.96.0.0/12" is a private network itself, and its entry gives the next hop; list the on-premise subnets in it one by one`;
  expect(findingsWith({ ...props, routes: ['10.96.0.0/12'] })).toEqual([text]);
  expect(findingsWith(props, ['10.96.0.0/12'])).toEqual([text]);
  expect(findingsWith({ ...props, routes: [{ subnet: '10.96.0.0/12', table: 100 }, '10.96.8.0/24'] })).toEqual([]);
});

test('rejects a route that covers the API server', () => {
  expect(findingsWith({ apiServer: { host: '192.168.0.9', port: 6443 } })).toEqual([
    `${PLACE} › routes: "192.168.0.0/24" would take the route to the API server 192.168.0.9; list subnets without it`,
  ]);
  expect(findingsWith({ apiServer: { host: 'api.example.com', port: 6443 } })).toEqual([]);
});

test("rejects a route that covers one of the cluster's API servers, but not a default route", () => {
  const site = siteWith({ ...CLUSTER, apiServers: ['192.168.0.9:6443', '[fd40::9]:6443', '198.51.100.7:443'] });
  const routes = ['192.168.0.0/24', { subnet: 'fd40::/48', nextHop: 'fd10::1' }, '192.168.8.0/24', '0.0.0.0/0'];
  new NodeRoutes(site, 'node-routes', { routes, allowDefaultRoute: true });
  expect(findingsOf(site)).toEqual([
    `${PLACE} › routes: "192.168.0.0/24" would take the route to the API server 192.168.0.9; list subnets without it`,
    `${PLACE} › routes: "fd40::/48" would take the route to the API server fd40::9; list subnets without it`,
  ]);
});

test('rejects an API server without a port or with a name', () => {
  expect(findingsOf(siteWith({ ...CLUSTER, apiServers: ['10.1.2.3', 'api.example.com:6443'] }))).toEqual([
    'site example › cluster.apiServers[0]: "10.1.2.3" is not an address with a port; write e.g. "10.184.0.1:443" or "[fd00::1]:443"',
    expect.stringContaining('site example › cluster.apiServers[1]: "api.example.com"'),
  ]);
});

test('requires a next hop or an interface for a family without a private network', () => {
  const site = siteWith();
  new NodeRoutes(site, 'node-routes', {
    routes: ['fd40::/48', { subnet: 'fd41::/48', nextHop: 'fd10::1' }, { subnet: 'fd42::/48', interface: 'tun0' }],
  });
  expect(findingsOf(site)).toEqual([
    `${PLACE} › routes: "fd40::/48" has no next hop: no private network is IPv6; add one to privateNetworks, or give the route a nextHop`,
  ]);
});

test('rejects a network of another site', () => {
  const { site } = siteWithNetwork();
  const other = siteWith(CLUSTER, 'other').onPremise('plant', { subnets: ['192.168.7.0/24'] });
  new NodeRoutes(site, 'node-routes', { networks: [other] });
  expect(findingsOf(site)).toEqual([`${PLACE} › networks[0]: "plant" belongs to another site; use this site's own`]);
});

test('rejects a list that is too large for a ConfigMap', () => {
  const routes = Array.from({ length: 6000 }, (_, i) => ({
    subnet: `192.168.${i >> 8}.${i & 255}/32`,
    comment: 'x'.repeat(150),
  }));
  const site = siteWith();
  new NodeRoutes(site, 'node-routes', { routes });
  expect(findingsOf(site)).toEqual([
    `${PLACE} › routes: 1206803 bytes are more than a ConfigMap can hold (${CONFIG_MAP_LIMIT}); aggregate subnets, or spread them over several NodeRoutes with different names, protocols and ports`,
  ]);
});

describe('rolling changes', () => {
  const rolling = { changes: 'rolling', canary: { maxUnavailable: 1 } } as const;

  /** A list of the given number of bytes. */
  function siteOfSize(bytes: number) {
    const route = (i: number, length: number) => ({
      subnet: `192.168.${100 + (i >> 7)}.${100 + (i & 127)}/32`,
      comment: 'x'.repeat(length),
    });
    const add = (site: Site, lengths: readonly number[]) =>
      new NodeRoutes(site, 'node-routes', { ...rolling, routes: lengths.map((length, i) => route(i, length)) });
    const lengths: number[] = Array(650).fill(148);
    const missing = bytes - add(siteWith(), lengths).text().length;
    const each = Math.floor(missing / lengths.length);
    const site = siteWith();
    add(
      site,
      lengths.map((length, i) => length + each + (i < missing % lengths.length ? 1 : 0)),
    );
    return site;
  }

  test('accept a list of exactly 128 KiB, and not one more byte', () => {
    const largest = siteOfSize(ROLLING_LIST_LIMIT);
    expect(findingsOf(largest)).toEqual([]);
    // Client-side apply stores the whole object in an annotation.
    const objects = nodeRoutesOf(largest).flatMap((chart) => manifestsOf(chart));
    for (const object of objects) expect(JSON.stringify(object).length).toBeLessThan(CLIENT_SIDE_APPLY_LIMIT);
    expect(findingsOf(siteOfSize(ROLLING_LIST_LIMIT + 1))).toEqual([
      `${PLACE} › routes: 131073 bytes are more than a list in a pod template can have (131072); aggregate subnets, spread them over several NodeRoutes with different names, protocols and ports, or set changes: 'live'`,
    ]);
  });

  test('require a canary, which live changes reject and which replaces maxUnavailable', () => {
    expect(findingsWith({ changes: 'rolling' })).toEqual([
      `${PLACE} › canary: undefined is required with changes: 'rolling'; write e.g. canary: { maxUnavailable: 1 }`,
    ]);
    expect(findingsWith({ canary: { maxUnavailable: 1 } })).toEqual([
      `${PLACE} › canary: {"maxUnavailable":1} has no effect with changes: 'live'; set changes: 'rolling', or use maxUnavailable`,
    ]);
    expect(findingsWith({ ...rolling, maxUnavailable: '10%' })).toEqual([
      `${PLACE} › maxUnavailable: "10%" differs from that of canary; leave it out`,
    ]);
  });
});

test('rejects a program that is too large for client-side apply, measured as JSON, and names it', () => {
  const site = new Site('example', { cluster: CLUSTER, agentBundle: '\n'.repeat(CLIENT_SIDE_APPLY_LIMIT / 2) });
  new NodeRoutes(site, 'node-routes');
  expect(findingsOf(site)).toEqual(
    ['agent', 'routing'].map((part) =>
      expect.stringMatching(
        new RegExp(
          `^site example › node routes node-routes › agent: 258050 bytes as JSON are too many for ConfigMap node-routes-${part}-[0-9a-f]{10}: client-side apply takes at most 258048; build an image with the Dockerfile and set agent: 'image'$`,
        ),
      ),
    ),
  );
  const largest = new Site('example', { cluster: CLUSTER, agentBundle: 'x'.repeat(CLIENT_SIDE_APPLY_LIMIT - 2) });
  new NodeRoutes(largest, 'node-routes');
  expect(findingsOf(largest)).toEqual([]);
});

test('measures a program as kubectl stores it: <, > and & take six letters each', () => {
  const findingsOfSize = (letters: number) => {
    const site = new Site('example', { cluster: CLUSTER, agentBundle: '&'.repeat(letters) });
    new NodeRoutes(site, 'node-routes');
    return findingsOf(site);
  };
  const most = Math.floor((CLIENT_SIDE_APPLY_LIMIT - 2) / 6);
  expect(findingsOfSize(most)).toEqual([]);
  const tooMany = expect.stringContaining('bytes as JSON are too many');
  expect(findingsOfSize(most + 1)).toEqual([tooMany, tooMany]);
});

test('requires the name of an image that contains the agent', () => {
  expect(findingsWith({ agent: 'image' })).toEqual([
    `${PLACE} › image: "docker.io/library/node:26.10.0-trixie-slim" contains no agent; name the image that you built with the Dockerfile`,
  ]);
});

test('rejects two digests', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  expect(findingsWith({ image: `node@${digest}`, digest })).toEqual([
    expect.stringContaining('already has a digest that differs from the option digest; keep one of the two'),
  ]);
});

test('rejects the current protocol as a former protocol', () => {
  expect(findingsWith({ formerProtocols: [142] })).toEqual([
    `${PLACE} › formerProtocols: 142 is the protocol that is still in use; leave it out`,
  ]);
});

test('requires different names, lists, protocols and ports for the NodeRoutes of a site', () => {
  const site = siteWith();
  new NodeRoutes(site, 'a', { name: 'routes' });
  new NodeRoutes(site, 'b', { name: 'routes' });
  const remedy = 'give each NodeRoutes of a site a different one';
  const place = 'site example › node routes b';
  expect(findingsOf(site)).toEqual([
    `${place} › name: "routes" is already used by site example › node routes a; ${remedy}`,
    `${place} › configMapName: "static-routes" is already used by site example › node routes a; ${remedy}`,
    `${place} › protocol: 142 is already used by site example › node routes a; ${remedy}`,
    `${place} › port: 9142 is already used by site example › node routes a; ${remedy}`,
  ]);
});

test('rejects a protocol that another NodeRoutes used before', () => {
  const site = siteWith();
  new NodeRoutes(site, 'a', { formerProtocols: [150, 151] });
  new NodeRoutes(site, 'b', { configMapName: 'b', port: 9143, protocol: 150, formerProtocols: [142, 151] });
  expect(findingsOf(site).map((line) => line.split(' is already used by')[0])).toEqual([
    'site example › node routes b › formerProtocols: 142',
    'site example › node routes b › formerProtocols: 151',
    'site example › node routes b › protocol: 150',
  ]);
});

test('accepts two different NodeRoutes in one namespace, which is emitted once', () => {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'a');
  new NodeRoutes(site, 'b', { configMapName: 'b', protocol: 143, port: 9143 });
  expect(findingsOf(site)).toEqual([]);
  const kinds = site.charts.flatMap((chart) => manifestsOf(chart).map(({ kind }) => kind));
  expect(kinds.filter((kind) => kind === 'Namespace')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'ResourceQuota')).toHaveLength(1);
});

test('in two namespaces, accepts equal names but not equal protocols or ports', () => {
  const site = siteWith();
  new NodeRoutes(site, 'a', { name: 'routes' });
  new NodeRoutes(site, 'b', { name: 'routes', namespace: 'kube-system', protocol: 143 });
  expect(findingsOf(site)).toEqual([expect.stringContaining('node routes b › port: 9142 is already used by')]);
});

describe('probes', () => {
  test('require nodeCount for a number of nodes', () => {
    expect(findingsWith({ probeNodes: 20 })).toEqual([
      `${PLACE} › probeNodes: 20 is a percentage of an unknown number of nodes; set nodeCount as well`,
    ]);
    expect(findingsWith({ probeNodes: 20, nodeCount: 5000 })).toEqual([]);
  });

  test('require a target if requireReachable is set', () => {
    expect(findingsWith({ requireReachable: true })).toEqual([
      `${PLACE} › requireReachable: true has no effect, because no network has probes; add probes to an on-premise network, e.g. ['10.0.1.10:443'], or leave it out`,
    ]);
  });

  test.each<[NodeRoutesProps, string]>([
    [
      { probeEvery: '500ms' },
      'probeEvery: "500ms" is not a duration from 1s to 10m; write a number with its unit, e.g. "10s"',
    ],
    [{ probeNodes: 0 }, 'probeNodes: 0 is not a number of nodes; write 1 or more, or "all"'],
  ])('reject %j', (props, text) => {
    expect(findingsWith(props)).toEqual([`${PLACE} › ${text}`]);
  });
});
