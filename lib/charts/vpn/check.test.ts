import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findingsOf, STUB_AGENT, siteWith } from '../../../test/fixtures/charts';
import type { SubnetSpec } from '../../network';
import { NodeRoutes } from '../node-routes/node-routes';
import { Site } from '../site/site';
import type { RouterProps, VpnProps } from './options';

const CLUSTER: RouterProps = { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0' };
const VPN: VpnProps = { cluster: CLUSTER, onPremise: { ...CLUSTER, publicAddress: '192.0.2.1' } };

/** The findings for networks with these VPNs, without the place of the first network. */
function told(
  vpns: readonly unknown[],
  subnets: readonly SubnetSpec[] = [],
  names = ['datacentre', 'plant'],
): string[] {
  const site = siteWith();
  vpns.forEach((vpn, i) => {
    site.onPremise(names[i] as string, {
      subnets: subnets.length > 0 ? subnets : [`192.168.${i}.0/24`],
      vpn: vpn as VpnProps,
    });
  });
  return findingsOf(site).map((line) => line.replace('site example › on-premise datacentre › vpn', 'vpn'));
}

test('accepts a VPN with an address and two interfaces on each side', () => expect(told([VPN])).toEqual([]));

test.each<[string, unknown, string[]]>([
  [
    'one end is missing, and an option of the other is misspelt',
    { cluster: { publicAdress: '203.0.113.1', outside: 'eth1', inside: 'eth0' } },
    [
      'vpn.cluster: "publicAdress" is an unknown option; known are publicAddress, localAddress, id, outside, inside, outsideNextHops, insideNextHops, podNextHops, products, firstRule',
      'vpn.cluster.publicAddress: undefined is not a string; write the address as a string, e.g. "192.168.1.10"',
      'vpn.onPremise: undefined is not an object of options; known are publicAddress, localAddress, id, outside, inside, outsideNextHops, insideNextHops, podNextHops, products, firstRule',
    ],
  ],
  [
    'it contains the key',
    { ...VPN, psk: 'secret' },
    ['vpn: "psk" is an unknown option; known are cluster, onPremise, ike, esp, mss'],
  ],
  [
    'cryptography is weak',
    { ...VPN, ike: { encryption: '3des', hash: 'sha1', dhGroup: 2 } },
    [
      'vpn.ike.encryption: "3des" is not one of the known values; write "aes256gcm" or "aes128gcm" or "aes256" or "aes128"',
      'vpn.ike.hash: "sha1" is not one of the known values; write "sha256" or "sha384" or "sha512"',
      'vpn.ike.dhGroup: 2 is not a group that is strong enough and supported by all routers; write one of 14, 15, 16, 19, 20, 21, 31',
    ],
  ],
  [
    'a value would end a word or a line of a configuration',
    { ...VPN, onPremise: { ...VPN.onPremise, outside: 'eth1"; x', id: 'a\nb', products: [] } },
    [
      'vpn.onPremise.id: "a\\nb" is not an IKE identity; write an address, a domain name or user@domain',
      'vpn.onPremise.outside: "eth1\\"; x" is not a valid interface name; write 1 to 15 letters, digits, "-", "_" and ".", e.g. "eth1"',
      'vpn.onPremise.products: [] is empty; name at least one',
    ],
  ],
  [
    'addresses are of different families',
    {
      ...VPN,
      cluster: { ...CLUSTER, localAddress: 'fd00::1' },
      onPremise: { ...VPN.onPremise, insideNextHops: ['10.0.0.1', '10.0.0.2'] },
    },
    [
      'vpn.cluster: "fd00::1" is not of the same address family as 203.0.113.1; use addresses of the same family',
      'vpn.onPremise.insideNextHops: ["10.0.0.1","10.0.0.2"] has several next hops of one family; write one per family',
    ],
  ],
  [
    'both ends are the same router',
    { cluster: CLUSTER, onPremise: CLUSTER },
    [
      'vpn › onPremise.publicAddress: "203.0.113.1" is also the address of the cluster\'s router; write the address of the other router',
    ],
  ],
  [
    'the routers have addresses of different families',
    { ...VPN, onPremise: { ...CLUSTER, publicAddress: '2001:db8::1' } },
    [
      'vpn › onPremise.publicAddress: "2001:db8::1" is not of the same address family as the cluster\'s router, 203.0.113.1, so the two cannot reach each other; write addresses of the same family',
    ],
  ],
])('rejects a VPN if %s', (_, vpn, lines) => expect(told([vpn])).toEqual(lines));

test('rejects a router in a subnet behind its own tunnel', () => {
  expect(told([VPN], ['192.0.2.0/24'])).toEqual([
    'vpn › onPremise.publicAddress: "192.0.2.1" lies in 192.0.2.0/24, which goes through the tunnel itself; write the address on the Internet, or list subnets without it',
  ]);
});

test('rejects a tunnel that would carry nothing', () => {
  expect(told([VPN], ['fd99::/64'])).toEqual([
    'vpn: "datacentre" has no subnet of an address family of the nodes, so the tunnel would carry nothing; add subnets, or leave out the vpn',
  ]);
});

const OTHER_PEER: VpnProps = { ...VPN, onPremise: { ...VPN.onPremise, publicAddress: '192.0.2.9' } };

test('rejects two names that would be equal on a FortiGate, where names are shortened', () => {
  const names = ['plant-00020', 'plant-00044'];
  expect(told([VPN, OTHER_PEER], [], names)).toEqual([
    'site example › on-premise plant-00044 › vpn: "example-plant-00044" and example-plant-00020 are both example-pl-eacc on a FortiGate, where a name has at most 15 characters; rename one of the networks',
  ]);
  expect(told([VPN, OTHER_PEER], [], ['plant-00020', 'plant-1'])).toEqual([]);
});

describe('networks whose routers have the same addresses share one tunnel', () => {
  test('and must have the same settings for it', () => {
    expect(told([VPN, VPN])).toEqual([]);
    expect(told([VPN, { ...VPN, mss: 1300, esp: { dhGroup: 14 } }])).toEqual([
      'site example › on-premise plant › vpn: "plant" shares one tunnel with on-premise datacentre, whose routers have the same addresses and identities, but differs in esp and mss; write the same vpn for both, or give the routers a different id for each',
    ]);
  });

  test('unless their identities differ, which a FortiGate does not accept', () => {
    const own = (products: RouterProps['products']) => ({
      cluster: { ...CLUSTER, id: 'plant@example.com', products },
      onPremise: { ...VPN.onPremise, products },
    });
    const linux = {
      cluster: { ...CLUSTER, products: ['strongswan'] },
      onPremise: { ...VPN.onPremise, products: ['vyos'] },
    };
    expect(told([linux, own(['strongswan'])])).toEqual([]);
    expect(told([linux, own(['fortigate'])])).toEqual([
      'site example › on-premise plant › vpn: "plant" has the same routers as on-premise datacentre with other identities, and a FortiGate has one tunnel per remote gateway; leave out the ids, so that one tunnel carries both networks, or leave fortigate out of the products',
    ]);
  });
});

describe('sites of one main.ts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sites-'));
    process.env.CDK8S_OUTDIR = join(folder, 'dist');
  });
  afterEach(() => {
    delete process.env.CDK8S_OUTDIR;
    rmSync(folder, { recursive: true });
  });

  function site(name: string, vpn: VpnProps, nodes: string): Site {
    const cluster = { nodes: [nodes], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };
    const made = new Site(name, { cluster, agentBundle: STUB_AGENT });
    made.onPremise('datacentre', { subnets: ['192.168.0.0/24'], vpn });
    new NodeRoutes(made, 'node-routes');
    return made;
  }

  test('with the same pair of routers are rejected, because IKE could not distinguish the tunnels', () => {
    site('east', VPN, '10.184.0.0/26').synth();
    expect(() => site('west', VPN, '10.185.0.0/26').synth()).toThrow(
      'site west › on-premise datacentre › vpn: "203.0.113.1 and 192.0.2.1" are also the routers of site east, on-premise datacentre, and IKE could not tell the two tunnels apart; give the routers a different id for each site, and leave fortigate out of the products; between FortiGates, put both networks into one site',
    );
  });

  test('with nodes that one on-premise router would see in one range are rejected', () => {
    site('east', VPN, '10.184.0.0/26').synth();
    const west = { ...VPN, cluster: { ...CLUSTER, publicAddress: '203.0.113.7' } };
    expect(() => site('west', west, '10.184.0.0/24').synth()).toThrow(
      'site west › on-premise datacentre › vpn: "10.184.0.0/24" overlaps 10.184.0.0/26, where the on-premise router 192.0.2.1 sees the nodes of site east; map the nodes of each site to a different range',
    );
    expect(() => site('north', west, '10.185.0.0/24').synth()).not.toThrow();
  });

  test('share the numbers of a router that both use', () => {
    const west = { ...VPN, cluster: { ...CLUSTER, publicAddress: '203.0.113.7' } };
    site('east', VPN, '10.184.0.0/26').synth();
    site('west', west, '10.185.0.0/26').synth();
    const rules = ['east', 'west'].map((name) => {
      const text = readFileSync(join(folder, 'routers', name, 'datacentre-to-cluster', 'vyos.set'), 'utf8');
      return /nat source rule (\d+)/.exec(text)?.[1];
    });
    expect(rules).toEqual(['10', '11']);
  });
});

test('rejects a book of numbers that cannot be read, or has a number twice', () => {
  const folder = mkdtempSync(join(tmpdir(), 'numbers-'));
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
  mkdirSync(join(folder, 'routers'));
  const write = (text: string) => writeFileSync(join(folder, 'routers', 'numbers.json'), text);
  try {
    write('{ "example/x": { "rules": {} } }');
    expect(told([VPN])).toEqual([
      'site example: "routers/numbers.json" is not a valid file of numbers (example/x has no router); restore the file from Git; without it, rules on the routers would get other numbers',
    ]);
    write('<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> topic\n');
    expect(told([VPN])).toEqual([
      'site example: "routers/numbers.json" contains conflict markers of a merge; keep the main branch\'s version, and run npm run synth, which adds the numbers that it lacks',
    ]);
    const end = (key: string) => ({ router: '203.0.113.1', rules: { [key]: 10 } });
    write(JSON.stringify({ 'example/cluster-to-datacentre': end('a b'), 'other/cluster-to-x': end('c d') }));
    expect(told([VPN])).toEqual([
      'routers/numbers.json: 10 is used twice among the rules of router 203.0.113.1: by example/cluster-to-datacentre: a b and by other/cluster-to-x: c d; delete the line of the newer one, which gets the next free number at the next synthesis',
    ]);
  } finally {
    delete process.env.CDK8S_OUTDIR;
    rmSync(folder, { recursive: true });
  }
});

test('rejects a subnet of a family without nodes, because the tunnel would not carry it', () => {
  expect(told([VPN], ['192.168.0.0/24', '2001:db8:a::/64'])).toEqual([
    'vpn: "2001:db8:a::/64" is IPv6, but cluster.nodes has no range of that family, so the tunnel would not carry it; add the range of the nodes, or move the subnet to a network without vpn',
  ]);
});
