import fc from 'fast-check';
import {
  addressOf,
  families,
  fullText,
  numbers,
  rangeAround,
  ranges,
  rangeText,
  refusal,
  subnetOf,
  WIDTH,
} from '../../test/oracle';
import { Address } from './address';
import { parseHostAddress, parseUnicastSubnet, reservedFor } from './reserved';

/** The same ranges as leading bits, taken from the registries: no subnet and no host may start with them. */
const RESERVED_BITS = {
  4: ['00000000', '01111111', '1010100111111110', '1110', '1111'],
  6: ['0'.repeat(128), `${'0'.repeat(127)}1`, '0'.repeat(80) + '1'.repeat(16), '1111111010', '11111111'],
};

describe('rejects a subnet that no router forwards with value, reason and fix', () => {
  const unicast = 'list unicast subnets only';
  const oneByOne = 'list the subnets behind the VPN one by one';
  const list = 'list the on-premise subnets one by one';
  test.each([
    ['0.0.0.0/8', `"0.0.0.0/8" is unspecified ("this network", RFC 791); ${unicast}`],
    ['0.0.0.0/32', `"0.0.0.0/32" is unspecified ("this network", RFC 791); ${unicast}`],
    ['127.0.0.0/8', `"127.0.0.0/8" is loopback (RFC 1122); ${unicast}`],
    ['127.0.0.1/32', `"127.0.0.1/32" is loopback (RFC 1122); ${unicast}`],
    ['169.254.169.254/32', `"169.254.169.254/32" is link-local (RFC 3927); ${unicast}`],
    ['224.0.0.0/4', `"224.0.0.0/4" is multicast (RFC 5771); ${unicast}`],
    ['239.1.1.1/32', `"239.1.1.1/32" is multicast (RFC 5771); ${unicast}`],
    ['255.255.255.255/32', `"255.255.255.255/32" is reserved or broadcast (RFC 1112); ${unicast}`],
    ['::/128', `"::/128" is unspecified (RFC 4291); ${unicast}`],
    ['::1/128', `"::1/128" is loopback (RFC 4291); ${unicast}`],
    ['fe80::/64', `"fe80::/64" is link-local (RFC 4291); ${unicast}`],
    ['ff02::1/128', `"ff02::1/128" is multicast (RFC 4291); ${unicast}`],
    [
      '0.0.0.0/1',
      `"0.0.0.0/1" is a part of the default route, which would take most of the traffic of the node; ${list}`,
    ],
    [
      '64.0.0.0/7',
      `"64.0.0.0/7" is a part of the default route, which would take most of the traffic of the node; ${list}`,
    ],
    ['::/1', `"::/1" is a part of the default route, which would take most of the traffic of the node; ${list}`],
    [
      '2000::/3',
      `"2000::/3" is a part of the default route, which would take most of the traffic of the node; ${list}`,
    ],
    [
      '2000::/15',
      `"2000::/15" is a part of the default route, which would take most of the traffic of the node; ${list}`,
    ],
    ['::fffe:0:0/95', `"::fffe:0:0/95" contains ::ffff:0:0/96, which is IPv4-mapped (RFC 4291); ${oneByOne}`],
    ['0.0.0.0/0', `"0.0.0.0/0" is the default route, which would take most of the traffic of the node; ${list}`],
    ['::/0', `"::/0" is the default route, which would take most of the traffic of the node; ${list}`],
  ])('%s', (value, message) => {
    expect(refusal(() => parseUnicastSubnet(value))).toBe(message);
  });

  test('rejects text that is not a subnet as well', () =>
    expect(refusal(() => parseUnicastSubnet('10.94.227.46/24'))).toContain('did you mean 10.94.227.0/24?'));
});

test('accepts default routes and parts of them only if allowed, and still rejects everything else', () => {
  const rules = { allowDefaultRoute: true };
  for (const text of ['0.0.0.0/0', '::/0', '0.0.0.0/1', '2000::/3'])
    expect(`${parseUnicastSubnet(text, rules)}`).toBe(text);
  expect(refusal(() => parseUnicastSubnet('224.0.0.0/4', rules))).toContain('is multicast');
  expect(refusal(() => parseUnicastSubnet('::fffe:0:0/95', rules))).toContain('contains ::ffff:0:0/96');
});

test('the error for a route list says how to allow default routes', () =>
  expect(refusal(() => parseUnicastSubnet('0.0.0.0/0', { allowDefaultRoute: false }))).toContain(
    'list the on-premise subnets, or set allowDefaultRoute in NodeRoutes',
  ));

test('accepts a private network as wide as fd00::/8, but not the default route', () => {
  expect(`${parseUnicastSubnet('fd00::/8', { allowWide: true })}`).toBe('fd00::/8');
  expect(refusal(() => parseUnicastSubnet('::/0', { allowWide: true }))).toContain('is the default route');
});

test.each([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '198.18.0.0/15',
  '126.0.0.0/8',
  '64.0.0.0/8',
  'fd00::/16',
  '2001::/16',
  '::2/127',
])('accepts %s', (text) => expect(`${parseUnicastSubnet(text)}`).toBe(text));

test('accepts a subnet if and only if it overlaps no reserved range and is not part of a default route', () => {
  const nearReserved = families.chain((family) =>
    fc
      .tuple(fc.constantFrom(...RESERVED_BITS[family]), fc.nat({ max: 4 }), fc.integer({ min: -8, max: 24 }))
      .map(([bits, fromEnd, more]) => {
        const value = BigInt(`0b${bits.padEnd(WIDTH[family], '0')}`);
        const flipped = 2n ** BigInt(WIDTH[family] - bits.length + fromEnd) / 2n;
        const length = Math.max(0, Math.min(WIDTH[family], bits.length + more));
        return rangeAround(family, value ^ flipped, length);
      }),
  );
  fc.assert(
    fc.property(fc.oneof(ranges, nearReserved), (range) => {
      const bits = range.first.toString(2).padStart(WIDTH[range.family], '0').slice(0, range.prefixLength);
      const shares = RESERVED_BITS[range.family].some((head) => head.startsWith(bits) || bits.startsWith(head));
      const isWide = range.prefixLength < (range.family === 4 ? 8 : 16);
      if (shares || isWide) expect(refusal(() => parseUnicastSubnet(rangeText(range)))).not.toBe('');
      else expect(`${parseUnicastSubnet(rangeText(range))}`).toBe(`${subnetOf(range)}`);
    }),
    { numRuns: 1000 },
  );
});

test('rejects a host address in a reserved range', () => {
  expect(`${parseHostAddress('192.168.1.10')}`).toBe('192.168.1.10');
  expect(refusal(() => parseHostAddress('127.0.0.1'))).toBe(
    '"127.0.0.1" is loopback (RFC 1122); write the unicast address of the host',
  );
  expect(refusal(() => parseHostAddress('fe80::1'))).toContain('is link-local (RFC 4291)');
  expect(refusal(() => parseHostAddress('::ffff:127.0.0.1'))).toContain('is an IPv4-mapped IPv6 address');
  expect(refusal(() => parseHostAddress('10.0.0.1/32'))).toContain('is not an IP address');
});

test('an address is reserved if and only if its leading bits are', () => {
  const inputs = families.chain((family) => fc.tuple(fc.constant(family), numbers(family)));
  fc.assert(
    fc.property(inputs, ([family, value]) => {
      const bits = value.toString(2).padStart(WIDTH[family], '0');
      const reserved = RESERVED_BITS[family].some((head) => bits.startsWith(head));
      expect(reservedFor(addressOf(family, value)) !== undefined).toBe(reserved);
    }),
  );
  expect(reservedFor(Address.parse('10.0.0.1'))).toBeUndefined();
  expect(fullText(4, 0x7f000001n)).toBe('127.0.0.1');
});
