/** Tunnels for tests: the site of the documents, and arbitrary ones. */
import fc from 'fast-check';
import { Address, Mapping, Subnet } from '../network';
import { allot } from './numbers';
import { DH_GROUPS, type DhGroup, ENCRYPTIONS, HASHES, type Proposal } from './proposal';
import { numberedEnd, otherEnd, PRODUCTS, type Tunnel, type TunnelEnd, type Unnumbered } from './tunnel';

const address = (text: string) => Address.parse(text);

const CLUSTER: TunnelEnd = {
  what: 'the nodes of example',
  subnets: [Mapping.parse({ real: '10.0.1.0/27', mapped: '192.168.2.0/27' })],
  publicAddress: address('203.0.113.1'),
  localAddress: address('203.0.113.1'),
  id: '203.0.113.1',
  outside: 'eth1',
  inside: 'eth0',
  outsideNextHops: [address('203.0.113.2')],
  insideNextHops: [],
  products: PRODUCTS,
};

const DATACENTRE: TunnelEnd = {
  what: 'on-premise datacentre',
  subnets: [Mapping.parse('192.168.0.0/24'), Mapping.parse({ real: '10.0.1.0/24', mapped: '192.168.1.0/24' })],
  publicAddress: address('192.0.2.1'),
  localAddress: address('192.0.2.1'),
  id: '192.0.2.1',
  outside: 'eth1',
  inside: 'eth0',
  outsideNextHops: [address('192.0.2.2')],
  insideNextHops: [],
  products: PRODUCTS,
};

/** The tunnel with the numbers that a router without others gives. */
export function numbered(tunnel: Unnumbered, firstRule = 10): Tunnel {
  const { [END]: numbers } = allot({}, END, numberedEnd(tunnel, firstRule));
  return { ...tunnel, numbers: numbers as Tunnel['numbers'] };
}
const END = 'example/end';

/** The tunnel from its other end, numbered there. */
export const farEnd = (tunnel: Unnumbered): Tunnel => numbered(otherEnd(tunnel));

/** The site of the documents, from the cluster's router. */
export const SEEDS: Tunnel = numbered({
  site: 'example',
  networks: ['datacentre'],
  local: CLUSTER,
  remote: DATACENTRE,
  ike: { encryption: 'aes256gcm', hash: 'sha384', dhGroup: 20, lifetime: 28_800 },
  esp: { encryption: 'aes256gcm', hash: 'sha384', dhGroup: 20, lifetime: 3_600 },
  mss: 1350,
  initiates: true,
});

/** Both families, no mapping, AES-CBC, a translated outside address, subnets behind further routers. */
export const DUAL_STACK: Tunnel = numbered({
  ...SEEDS,
  site: 'dual',
  networks: ['plant-in-the-far-north'],
  local: {
    ...CLUSTER,
    subnets: ['10.184.0.0/26', 'fd10::/64'].map((text) => Mapping.parse(text)),
    localAddress: address('10.0.9.1'),
    id: 'gateway.example.com',
    outsideNextHops: [],
    insideNextHops: [address('10.0.8.1'), address('fd08::1')],
  },
  remote: { ...DATACENTRE, subnets: ['192.168.0.0/24', 'fd99::/64'].map((text) => Mapping.parse(text)) },
  ike: { encryption: 'aes256', hash: 'sha256', dhGroup: 14, lifetime: 14_400 },
  esp: { encryption: 'aes128', hash: 'sha512', dhGroup: 31, lifetime: 1_800 },
  mss: 1300,
  initiates: false,
});

const proposals: fc.Arbitrary<Proposal> = fc.record({
  encryption: fc.constantFrom(...ENCRYPTIONS),
  hash: fc.constantFrom(...HASHES),
  dhGroup: fc.constantFrom(...(Object.keys(DH_GROUPS).map(Number) as DhGroup[])),
  lifetime: fc.integer({ min: 600, max: 86_400 }),
});

const word = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes).readInt32BE());
const ipv4 = word.map((first) => new Address(4, first));
const ipv6 = fc.tuple(word, word, word, word).map(([first, ...rest]) => new Address(6, first, rest));

const mappings = fc.oneof(
  fc
    .tuple(ipv4, ipv4, fc.integer({ min: 8, max: 32 }))
    .map(([real, mapped, length]) => new Mapping(Subnet.around(real, length), Subnet.around(mapped, length))),
  fc
    .tuple(fc.oneof(ipv4, ipv6), fc.integer({ min: 8, max: 32 }))
    .map(([real, length]) => new Mapping(Subnet.around(real, length), Subnet.around(real, length))),
);

const endsAt = (outside: fc.Arbitrary<Address>): fc.Arbitrary<TunnelEnd> =>
  fc.record({
    what: fc.constantFrom('the nodes of example', 'on-premise plant'),
    // Beside one of IPv4, so that the two ends always have a family in common; each subnet once, as a site sees to.
    subnets: fc
      .tuple(ipv4, fc.uniqueArray(mappings, { maxLength: 3, selector: ({ real }) => `${real}` }))
      .map(([one, more]) => {
        const first = Subnet.around(one, 24);
        return [new Mapping(first, first), ...more.filter(({ real }) => !real.equals(first))];
      }),
    publicAddress: outside,
    localAddress: outside,
    id: fc.constantFrom('203.0.113.1', 'gateway.example.com', 'fd00::1'),
    outside: fc.constantFrom('eth1', 'wan1', 'bond0.201'),
    inside: fc.constantFrom('eth0', 'port2'),
    outsideNextHops: fc.oneof(fc.constant([]), fc.tuple(ipv4), fc.tuple(ipv4, ipv6)),
    insideNextHops: fc.oneof(fc.constant([]), fc.tuple(ipv4), fc.tuple(ipv4, ipv6)),
    products: fc.constant(PRODUCTS),
  });

/** The two routers reach each other by one family. */
export const tunnels: fc.Arbitrary<Tunnel> = fc.oneof(tunnelsOver(ipv4), tunnelsOver(ipv6));

function tunnelsOver(outside: fc.Arbitrary<Address>): fc.Arbitrary<Tunnel> {
  const ends = endsAt(outside);
  return fc
    .record({
      site: fc.constant('example'),
      networks: fc.constantFrom(['datacentre'], ['plant-in-the-far-north'], ['1a', 'plant']),
      local: ends,
      remote: ends,
      ike: proposals,
      esp: proposals,
      mss: fc.integer({ min: 520, max: 1440 }),
      initiates: fc.boolean(),
      firstRule: fc.integer({ min: 10, max: 1000 }),
    })
    .map(({ firstRule, ...tunnel }) => numbered(tunnel, firstRule));
}
