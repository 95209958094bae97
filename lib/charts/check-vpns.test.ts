import type { SubnetSpec } from '../network';
import { findingsOf, siteWith } from './fixtures';
import type { RouterProps, VpnProps } from './vpn-props';

const CLUSTER: RouterProps = { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0' };
const VPN: VpnProps = { cluster: CLUSTER, onPremise: { ...CLUSTER, publicAddress: '192.0.2.1' } };

/** What is wrong with networks that have these VPNs, the place of the first left out. */
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

test('with an address and two interfaces on each side, a VPN is complete', () => expect(told([VPN])).toEqual([]));

test.each<[string, unknown, string[]]>([
  [
    'an end is missing, and what is there is misspelt',
    { cluster: { publicAdress: '203.0.113.1', outside: 'eth1', inside: 'eth0' } },
    [
      'vpn.cluster: "publicAdress" is an unknown option; known are publicAddress, localAddress, id, outside, inside, outsideNextHops, insideNextHops, products, firstRule',
      'vpn.cluster.publicAddress: undefined is not a string; write the address as text, e.g. "192.168.1.10"',
      'vpn.onPremise: undefined is no object of options; known are publicAddress, localAddress, id, outside, inside, outsideNextHops, insideNextHops, products, firstRule',
    ],
  ],
  [
    'somebody looks for a place for the key',
    { ...VPN, psk: 'secret' },
    ['vpn: "psk" is an unknown option; known are cluster, onPremise, ike, esp, mss'],
  ],
  [
    'cryptography is weak',
    { ...VPN, ike: { encryption: '3des', hash: 'sha1', dhGroup: 2 } },
    [
      'vpn.ike.encryption: "3des" is not one of the known values; write "aes256gcm" or "aes128gcm" or "aes256" or "aes128"',
      'vpn.ike.hash: "sha1" is not one of the known values; write "sha256" or "sha384" or "sha512"',
      'vpn.ike.dhGroup: 2 is no group that is strong enough and known to all routers; write one of 14, 15, 16, 19, 20, 21, 31',
    ],
  ],
  [
    'something would end a word or a line of a configuration',
    { ...VPN, onPremise: { ...VPN.onPremise, outside: 'eth1"; x', id: 'a\nb', products: [] } },
    [
      'vpn.onPremise.id: "a\\nb" is no identity; write an address, a domain name or user@domain',
      'vpn.onPremise.outside: "eth1\\"; x" is no interface name; write 1 to 15 letters, digits, "-", "_" and ".", e.g. "eth1"',
      'vpn.onPremise.products: [] names none; name at least one',
    ],
  ],
  [
    'addresses do not fit together',
    {
      ...VPN,
      cluster: { ...CLUSTER, localAddress: 'fd00::1' },
      onPremise: { ...VPN.onPremise, insideNextHops: ['10.0.0.1', '10.0.0.2'] },
    },
    [
      'vpn.cluster: "fd00::1" is not of the family of 203.0.113.1; use addresses of one family',
      'vpn.onPremise.insideNextHops: ["10.0.0.1","10.0.0.2"] has several next hops of one family; write one per family',
    ],
  ],
  [
    'both ends are one',
    { cluster: CLUSTER, onPremise: CLUSTER },
    [
      'vpn › onPremise.publicAddress: "203.0.113.1" is that of the cluster\'s router, too; write the address of the other router',
    ],
  ],
])('it is refused when %s', (_, vpn, lines) => expect(told([vpn])).toEqual(lines));

test('a router in a subnet behind its own tunnel is refused', () => {
  expect(told([VPN], ['192.0.2.0/24'])).toEqual([
    'vpn › onPremise.publicAddress: "192.0.2.1" lies in 192.0.2.0/24, which goes through the tunnel itself; write the address on the Internet, or list subnets without it',
  ]);
});

test('a tunnel through which nothing could go is refused', () => {
  expect(told([VPN], ['fd99::/64'])).toEqual([
    'vpn: "datacentre" has no subnet of a family that the nodes have, so nothing would go through it; add the subnets, or leave out the vpn',
  ]);
});

test('tunnels of one router share neither names nor numbers', () => {
  const numbered = (firstRule: number) => ({ ...VPN, cluster: { ...CLUSTER, firstRule } });
  expect(told([numbered(10), numbered(13)])).toEqual([
    'site example › on-premise plant › vpn › cluster.firstRule: 13 is among the 4 rules from 10 on that on-premise datacentre needs; write 14 or more',
  ]);
  expect(told([VPN, VPN], [], ['headquarters-east', 'headquarters-eastern'])).toEqual([
    'site example › on-premise headquarters-eastern › vpn: "headquarters-eastern" and headquarters-east are both headquarters-ea on a FortiGate, where a name has at most 15 characters; rename one of the networks, or leave fortigate out of the products',
  ]);
  const elsewhere = { ...VPN, cluster: { ...CLUSTER, publicAddress: '203.0.113.9', firstRule: 10 } };
  expect(told([numbered(10), elsewhere], [], ['headquarters-east', 'headquarters-eastern'])).toEqual([]);
});
