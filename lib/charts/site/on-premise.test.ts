import { findingsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';

const MAPPED = { real: '10.0.1.0/24', mapped: '192.168.1.0/24' };

test("takes a server's own address and gives the cluster the mapped one", () => {
  const { network } = siteWithNetwork([MAPPED]);
  const [server] = network.servers('10.0.1.10');
  expect(`${server?.real} ${server?.mapped}`).toBe('10.0.1.10 192.168.1.10');
  expect(server?.network).toBe(network);
});

test('two networks may use the same real addresses, because a server belongs to a network', () => {
  const { site, network } = siteWithNetwork([MAPPED]);
  const other = site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.2.0/24' }] });
  expect([...network.servers('10.0.1.10'), ...other.servers('10.0.1.10')].map(({ mapped }) => `${mapped}`)).toEqual([
    '192.168.1.10',
    '192.168.2.10',
  ]);
  expect(findingsOf(site)).toEqual([]);
});

test.each([
  [
    '192.168.1.10',
    `is a mapped address (10.0.1.0/24 seen as 192.168.1.0/24); write the server's own address, 10.0.1.10`,
  ],
  [
    '10.0.2.1',
    'lies in no subnet of on-premise datacentre (10.0.1.0/24); add its subnet to the network, or take the server from its own network',
  ],
  ['10.0.1.255', 'is the network or broadcast address of 10.0.1.0/24; write the address of the server itself'],
  ['10.0.1.0/24', 'is not an IP address; write e.g. 192.168.1.10 or fd00::10'],
  ['127.0.0.1', 'is loopback (RFC 1122); write the unicast address of the host'],
])('rejects the server %s', (address, text) => {
  const { site, network } = siteWithNetwork([MAPPED]);
  expect(network.servers('10.0.1.1', address)).toHaveLength(1);
  expect(findingsOf(site)).toEqual([`site example › on-premise datacentre › servers[1]: "${address}" ${text}`]);
});

test.each([
  ['192.168.1.0/31', '192.168.1.0'],
  ['192.168.1.7/32', '192.168.1.7'],
  ['fd00::/64', 'fd00::'],
])('in %s, accepts the server %s', (subnet, address) => {
  const { site, network } = siteWithNetwork([subnet]);
  expect(network.servers(address)).toHaveLength(1);
  expect(findingsOf(site)).toEqual([]);
});

test('does not report a server whose subnet was probably rejected', () => {
  const { site, network } = siteWithNetwork(['192.168.1.0/33', '192.168.0.0/24']);
  expect(network.servers('192.168.1.5', '192.168.0.5')).toHaveLength(1);
  expect(findingsOf(site)).toEqual([expect.stringContaining('subnets[0]: "192.168.1.0/33"')]);
});

test('rejects a network without subnets', () => {
  expect(findingsOf(siteWithNetwork([]).site)).toEqual([
    'site example › on-premise datacentre › subnets: [] is empty; list the subnets behind the VPN, e.g. ["192.168.0.0/24"]',
  ]);
});

describe('probe targets', () => {
  function probing(...probes: string[]) {
    const site = siteWith();
    return { site, network: site.onPremise('datacentre', { subnets: [MAPPED], probes }) };
  }

  test('are written with their own addresses and probed at the mapped ones', () => {
    const { site, network } = probing('10.0.1.10:443', '10.0.1.11:22');
    expect(network.probes).toEqual([
      { host: '192.168.1.10', port: 443 },
      { host: '192.168.1.11', port: 22 },
    ]);
    expect(findingsOf(site)).toEqual([]);
  });

  test.each([
    ['10.0.1.10', 'is not an address with a port; write e.g. "10.184.0.1:443" or "[fd00::1]:443"'],
    ['10.0.1.10:0', 'is not a valid port; write a whole number from 1 to 65535'],
    [
      '192.168.1.10:443',
      "is a mapped address (10.0.1.0/24 seen as 192.168.1.0/24); write the server's own address, 10.0.1.10",
    ],
    ['10.9.9.9:443', 'lies in no subnet of on-premise datacentre (10.0.1.0/24)'],
    ['10.0.1.255:443', 'is the network or broadcast address of 10.0.1.0/24'],
  ])('reject %s, and say what to write instead', (target, text) => {
    const { site } = probing('10.0.1.1:443', target);
    expect(findingsOf(site)).toEqual([expect.stringContaining('› probes[1]: ')]);
    expect(findingsOf(site)[0]).toContain(text);
  });

  test('are listed once', () => {
    expect(findingsOf(probing('10.0.1.1:443', '10.0.1.1:443').site)).toEqual([
      expect.stringContaining('probes: "10.0.1.1:443" is listed twice; remove one'),
    ]);
  });

  test('are limited in number', () => {
    const { site } = probing(...Array.from({ length: 9 }, (_, i) => `10.0.1.${i + 1}:443`));
    expect(findingsOf(site)).toEqual([
      expect.stringContaining('probes: 9 targets are too many for each node to probe; keep 8 or fewer'),
    ]);
  });
});
