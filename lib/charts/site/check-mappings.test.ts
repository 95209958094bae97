import { findingsOf, siteWith } from '../../../test/fixtures/charts';
import type { SubnetSpec } from '../../network';
import { NodeRoutes } from '../node-routes/node-routes';

const RANGES = { pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
const SERVERS = { real: '10.0.1.0/24', mapped: '192.168.1.0/24' };
const NODES = { real: '10.0.1.0/27', mapped: '192.168.2.0/27' };

/** The findings for a site with these nodes and networks, without the place `site example`. */
function told(nodes: readonly SubnetSpec[], ...networks: readonly (readonly SubnetSpec[])[]): string[] {
  const site = siteWith({ nodes, ...RANGES });
  networks.forEach((subnets, i) => {
    site.onPremise(['datacentre', 'plant'][i] as string, { subnets });
  });
  return findingsOf(site).map((line) => line.replace('site example › ', ''));
}

test("finds nothing wrong with the documentation's site", () => {
  expect(told([NODES], ['192.168.0.0/24', SERVERS])).toEqual([]);
});

test('on-premise servers see a node at its mapped address', () => {
  const { cluster } = siteWith({ nodes: [NODES, '10.0.2.0/24'], ...RANGES });
  expect([cluster.seenAs('10.0.1.5'), cluster.seenAs('10.0.2.5')]).toEqual(['192.168.2.5', '10.0.2.5']);
  expect(() => cluster.seenAs('192.168.2.5')).toThrow(
    '"192.168.2.5" is in none of the nodes\' subnets (10.0.1.0/27, 10.0.2.0/24); write the address of a node',
  );
});

test('reports two ends with the same addresses as one finding, with free ranges for both', () => {
  expect(told(['10.0.1.0/27'], ['192.168.0.0/24', '10.0.1.0/24'])).toEqual([
    `on-premise datacentre › subnets[1]: "10.0.1.0/24" overlaps the cluster's nodes 10.0.1.0/27; list the rest of it (10.0.1.32/27, 10.0.1.64/26, 10.0.1.128/25), or have the routers map it to a free range and write { real: "10.0.1.0/24", mapped: "192.168.1.0/24" }, and the nodes: { real: "10.0.1.0/27", mapped: "192.168.2.0/27" } in cluster.nodes`,
  ]);
});

test('asks for a mapping of the nodes if only the on-premise subnet is mapped', () => {
  expect(told(['10.0.1.0/27'], [SERVERS])).toEqual([
    'cluster.nodes[0]: "10.0.1.0/27" overlaps 10.0.1.0/24 of on-premise datacentre, and its hosts would look for the nodes on their own network; have the routers map it to a free range and write { real: "10.0.1.0/27", mapped: "192.168.0.0/27" }',
  ]);
});

test('names every network that overlaps the nodes, in one finding', () => {
  const [line, ...more] = told(['10.0.1.0/27'], [SERVERS], [{ real: '10.0.0.0/16', mapped: '172.20.0.0/16' }]);
  expect(line).toContain('overlaps 10.0.1.0/24 of on-premise datacentre and 10.0.0.0/16 of on-premise plant');
  expect(more).toEqual([]);
});

test('never proposes the same range twice', () => {
  const lines = told(['10.0.1.0/27', '10.0.2.0/27'], [{ real: '10.0.0.0/16', mapped: '172.20.0.0/16' }]);
  expect(lines.map((line) => /mapped: "(.*)"/.exec(line)?.[1])).toEqual(['192.168.0.0/27', '192.168.0.32/27']);
});

test('asks to renumber overlapping IPv6 ranges, because IPv6 is not mapped', () => {
  expect(told(['10.0.1.0/27', 'fd00:1::/64'], ['fd00:1::/48'])).toEqual([
    expect.stringContaining('give one of the two a different IPv6 range (RFC 4193), because IPv6 is not mapped'),
  ]);
});

test('asks to split a subnet that is larger than any free private range', () => {
  expect(told(['10.0.1.0/27'], ['10.0.0.0/8'])).toEqual([
    expect.stringContaining('list smaller subnets of it and have the routers map those: no private /8 is free'),
  ]);
});

test.each<[string, SubnetSpec[], SubnetSpec[][], string]>([
  [
    'the real range of another subnet of the network',
    [NODES],
    [[SERVERS, { real: '192.168.1.0/24', mapped: '192.168.3.0/24' }]],
    'on-premise datacentre › subnets[0]: "10.0.1.0/24 seen as 192.168.1.0/24" is mapped to a range that overlaps 192.168.1.0/24 of on-premise datacentre; have the routers map it to 192.168.0.0/24, which is free',
  ],
  [
    'the real range of another network',
    [NODES],
    [[SERVERS], [{ real: '192.168.0.0/23', mapped: '172.20.0.0/23' }]],
    'on-premise datacentre › subnets[0]: "10.0.1.0/24 seen as 192.168.1.0/24" is mapped to a range that overlaps 192.168.0.0/23 of on-premise plant; have the routers map it to 192.168.3.0/24, which is free',
  ],
  [
    'the pods',
    [{ real: '10.0.1.0/27', mapped: '172.30.4.0/27' }],
    [[SERVERS]],
    'cluster.nodes[0]: "10.0.1.0/27 seen as 172.30.4.0/27" is mapped to a range that overlaps the cluster\'s pods 172.30.0.0/16; have the routers map it to 192.168.0.0/27, which is free',
  ],
  [
    'other nodes',
    [{ real: '10.0.1.0/27', mapped: '10.0.2.0/27' }, '10.0.2.0/24'],
    [[SERVERS]],
    'cluster.nodes[0]: "10.0.1.0/27 seen as 10.0.2.0/27" is mapped to a range that overlaps the cluster\'s nodes 10.0.2.0/24; have the routers map it to 192.168.0.0/27, which is free',
  ],
  [
    'the mapped range of other nodes',
    [NODES, { real: '10.0.2.0/27', mapped: '192.168.2.0/27' }],
    [[SERVERS]],
    'cluster.nodes[1]: "10.0.2.0/27 seen as 192.168.2.0/27" is mapped to a range that overlaps the cluster\'s nodes 10.0.1.0/27 seen as 192.168.2.0/27; have the routers map it to 192.168.0.0/27, which is free',
  ],
  [
    'real addresses on premise, which are mapped themselves',
    [{ real: '10.0.1.0/27', mapped: '10.9.0.0/27' }],
    [[{ real: '10.9.0.0/16', mapped: '172.20.0.0/16' }]],
    'cluster.nodes[0]: "10.0.1.0/27 seen as 10.9.0.0/27" is mapped to a range that overlaps 10.9.0.0/16 of on-premise datacentre; have the routers map it to 192.168.0.0/27, which is free',
  ],
])('rejects a mapped range that overlaps %s', (_, nodes, networks, line) => {
  expect(told(nodes, ...networks)).toEqual([line]);
});

test('rejects two mappings of one subnet, on both sides', () => {
  const again = { real: '10.0.1.0/24', mapped: '192.168.5.0/24' };
  expect(told([NODES, { real: '10.0.1.0/28', mapped: '192.168.4.0/28' }], [SERVERS, again])).toEqual([
    'on-premise datacentre › subnets[1]: "10.0.1.0/24 seen as 192.168.5.0/24" overlaps 10.0.1.0/24 seen as 192.168.1.0/24 of on-premise datacentre in one network; keep one of the two, or list subnets that share no address',
    'cluster.nodes[1]: "10.0.1.0/28 seen as 192.168.4.0/28" overlaps 10.0.1.0/27 seen as 192.168.2.0/27, so that one address would have two translations; keep one of the two',
  ]);
});

describe('an unused mapping is rejected', () => {
  test('of nodes that no on-premise network sees', () => {
    const line =
      'cluster.nodes[0]: "10.0.1.0/27 seen as 192.168.2.0/27" is mapped, but no on-premise network sees it; write "10.0.1.0/27" alone, or add the IPv4 network behind the VPN';
    expect(told([NODES])).toEqual([line]);
    expect(told([NODES, 'fd10::/64'], ['fd99::/64'])).toEqual([line]);
  });

  test('of a network that no node routes lead to', () => {
    const site = siteWith({ nodes: [NODES], ...RANGES });
    const datacentre = site.onPremise('datacentre', { subnets: [SERVERS] });
    const plant = site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.3.0/24' }] });
    new NodeRoutes(site, 'node-routes', { networks: [datacentre] });
    expect(findingsOf(site)).toEqual([
      'site example › on-premise plant › subnets[0]: "10.0.1.0/24 seen as 192.168.3.0/24" is mapped, but no node routes lead to on-premise plant; add the network to the networks of a NodeRoutes, or write "10.0.1.0/24" alone',
    ]);
    new NodeRoutes(site, 'others', { networks: [plant], configMapName: 'others', protocol: 143, port: 9143 });
    expect(findingsOf(site)).toEqual([]);
  });
});

test('reports everything at once', () => {
  const site = siteWith({ nodes: ['10.0.1.0/27'], ...RANGES });
  site.onPremise('datacentre', {
    subnets: [
      '10.0.1.0/24',
      { real: '10.0.0.0/16', mapped: '192.168.3.0/24' },
      { real: 'fd00:1::/64', mapped: 'fd00:2::/64' },
      { real: '10.9.0.0/24', mapped: '172.30.0.0/24' },
    ],
  });
  site.onPremise('plant', { subnets: ['192.168.7.0/24'] }).servers('10.0.1.5');
  expect(findingsOf(site)).toEqual(
    [
      'subnets[1]: {"real":"10.0.0.0/16","mapped":"192.168.3.0/24"} maps a /16 to a /24',
      'subnets[2]: {"real":"fd00:1::/64","mapped":"fd00:2::/64"} maps IPv6, which is not supported',
      'servers[0]: "10.0.1.5" lies in no subnet of on-premise plant (192.168.7.0/24)',
      'subnets[0]: "10.0.1.0/24" overlaps the cluster\'s nodes 10.0.1.0/27',
      'subnets[3]: "172.30.0.0/24" overlaps the cluster\'s pods 172.30.0.0/16',
    ].map((line) => expect.stringContaining(line)),
  );
});
