import { findingsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';

const PLACE = 'site example › on-premise datacentre › subnets[0]';

test('a subnet inside one of the nodes must be mapped, and the nodes for on premise', () => {
  expect(findingsOf(siteWithNetwork(['10.184.0.0/27']).site)).toEqual([
    `${PLACE}: "10.184.0.0/27" overlaps the cluster's nodes 10.184.0.0/26; have the routers map it to a free range and write { real: "10.184.0.0/27", mapped: "192.168.0.0/27" }, and the nodes: { real: "10.184.0.0/26", mapped: "192.168.0.64/26" } in cluster.nodes`,
  ]);
});

test('of a subnet that covers one of the cluster, what is left of it may be listed', () => {
  expect(findingsOf(siteWithNetwork(['172.16.0.0/12']).site)).toEqual([
    `${PLACE}: "172.16.0.0/12" overlaps the cluster's services 172.21.0.0/16 and the cluster's pods 172.30.0.0/16; list what is left of it (172.16.0.0/14, 172.20.0.0/16, 172.22.0.0/15, 172.24.0.0/14, 172.28.0.0/15, 172.31.0.0/16), or have the routers map it to a free range and write { real: "172.16.0.0/12", mapped: "10.0.0.0/12" }`,
  ]);
});

test('the list of what is left is bounded', () => {
  const [line] = findingsOf(siteWithNetwork(['10.0.0.0/8']).site);
  expect(line).toContain(
    '(10.0.0.0/9, 10.128.0.0/11, 10.160.0.0/12, 10.176.0.0/13, 10.184.0.64/26, 10.184.0.128/25, 10.184.1.0/24, 10.184.2.0/23 and 10 more)',
  );
});

test('a mapped range that overlaps the cluster is to be mapped elsewhere', () => {
  expect(findingsOf(siteWithNetwork([{ real: '10.9.0.0/24', mapped: '172.30.9.0/24' }]).site)).toEqual([
    `${PLACE}: "172.30.9.0/24" overlaps the cluster's pods 172.30.0.0/16; have the routers map it to 192.168.0.0/24, which is free`,
  ]);
});

test('the range under which on premise sees the nodes is taken, too', () => {
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

test('networks that overlap each other after mapping are refused', () => {
  const { site } = siteWithNetwork(['192.168.0.0/22']);
  site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }] });
  expect(findingsOf(site)).toEqual([
    'site example › on-premise plant › subnets[0]: "10.0.1.0/24 seen as 192.168.1.0/24" overlaps 192.168.0.0/22 of on-premise datacentre as the cluster sees them; have the routers map it to a free range and write { real: "10.0.1.0/24", mapped: "192.168.4.0/24" }',
  ]);
});

test('within one network real addresses have one translation', () => {
  const subnets = [
    { real: '10.0.0.0/16', mapped: '192.168.0.0/16' },
    { real: '10.0.1.0/24', mapped: '10.9.1.0/24' },
  ];
  expect(findingsOf(siteWithNetwork(subnets).site)).toEqual([
    'site example › on-premise datacentre › subnets[1]: "10.0.1.0/24 seen as 10.9.1.0/24" overlaps 10.0.0.0/16 seen as 192.168.0.0/16 of on-premise datacentre in one network; keep one of the two, or list subnets that share no address',
  ]);
});

test('a subnet that is listed twice is reported once', () => {
  expect(findingsOf(siteWithNetwork(['192.168.0.0/24', '192.168.0.0/24']).site)).toEqual([
    expect.stringContaining('subnets[1]: "192.168.0.0/24" overlaps 192.168.0.0/24 of on-premise datacentre'),
  ]);
});
