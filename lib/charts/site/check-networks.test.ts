import { findingsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';

const PLACE = 'site example › on-premise datacentre › subnets[0]';

test('asks for a mapping of a subnet inside a node range, and of the nodes', () => {
  expect(findingsOf(siteWithNetwork(['10.184.0.0/27']).site)).toEqual([
    `${PLACE}: "10.184.0.0/27" overlaps the cluster's nodes 10.184.0.0/26; have the routers map it to a free range and write { real: "10.184.0.0/27", mapped: "192.168.0.0/27" }, and the nodes: { real: "10.184.0.0/26", mapped: "192.168.0.64/26" } in cluster.nodes`,
  ]);
});

test('proposes to list the rest of a subnet that contains a range of the cluster', () => {
  expect(findingsOf(siteWithNetwork(['172.16.0.0/12']).site)).toEqual([
    `${PLACE}: "172.16.0.0/12" overlaps the cluster's services 172.21.0.0/16 and the cluster's pods 172.30.0.0/16; list the rest of it (172.16.0.0/14, 172.20.0.0/16, 172.22.0.0/15, 172.24.0.0/14, 172.28.0.0/15, 172.31.0.0/16), or have the routers map it to a free range and write { real: "172.16.0.0/12", mapped: "10.0.0.0/12" }`,
  ]);
});

test('limits the length of that list', () => {
  const [line] = findingsOf(siteWithNetwork(['10.0.0.0/8']).site);
  expect(line).toContain(
    '(10.0.0.0/9, 10.128.0.0/11, 10.160.0.0/12, 10.176.0.0/13, 10.184.0.64/26, 10.184.0.128/25, 10.184.1.0/24, 10.184.2.0/23 and 10 more)',
  );
});

test('asks for another mapped range if it overlaps the cluster', () => {
  expect(findingsOf(siteWithNetwork([{ real: '10.9.0.0/24', mapped: '172.30.9.0/24' }]).site)).toEqual([
    `${PLACE}: "172.30.9.0/24" overlaps the cluster's pods 172.30.0.0/16; have the routers map it to 192.168.0.0/24, which is free`,
  ]);
});

test('rejects a subnet in the range in which on-premise servers see the nodes', () => {
  const site = siteWith({
    nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }],
    pods: ['172.30.0.0/16'],
    services: ['172.21.0.0/16'],
  });
  site.onPremise('datacentre', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }, '192.168.2.0/24'] });
  expect(findingsOf(site)).toEqual([
    expect.stringContaining(`subnets[1]: "192.168.2.0/24" overlaps the cluster's mapped nodes 192.168.2.0/27`),
  ]);
});

test('rejects networks that overlap after mapping', () => {
  const { site } = siteWithNetwork(['192.168.0.0/22']);
  site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }] });
  expect(findingsOf(site)).toEqual([
    'site example › on-premise plant › subnets[0]: "10.0.1.0/24 seen as 192.168.1.0/24" overlaps 192.168.0.0/22 of on-premise datacentre as the cluster sees them; have the routers map it to a free range and write { real: "10.0.1.0/24", mapped: "192.168.4.0/24" }',
  ]);
});

test('requires one translation for a real address within a network', () => {
  const subnets = [
    { real: '10.0.0.0/16', mapped: '192.168.0.0/16' },
    { real: '10.0.1.0/24', mapped: '10.9.1.0/24' },
  ];
  expect(findingsOf(siteWithNetwork(subnets).site)).toEqual([
    'site example › on-premise datacentre › subnets[1]: "10.0.1.0/24 seen as 10.9.1.0/24" overlaps 10.0.0.0/16 seen as 192.168.0.0/16 of on-premise datacentre in one network; keep one of the two, or list subnets that share no address',
  ]);
});

test('reports a subnet that is listed twice only once', () => {
  expect(findingsOf(siteWithNetwork(['192.168.0.0/24', '192.168.0.0/24']).site)).toEqual([
    expect.stringContaining('subnets[1]: "192.168.0.0/24" overlaps 192.168.0.0/24 of on-premise datacentre'),
  ]);
});
