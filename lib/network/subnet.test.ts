import { BlockList } from 'node:net';
import fc from 'fast-check';
import {
  addressOf,
  families,
  fullText,
  holds,
  numberOf,
  numbers,
  type Range,
  rangeAround,
  rangeOf,
  rangePairs,
  ranges,
  rangeText,
  refusal,
  subnetOf,
  WIDTH,
} from '../../test/oracle';
import { Address } from './address';
import { Subnet } from './subnet';

const isMapped = ({ family, first }: Range) => family === 6 && first >> 32n === 0xffffn;

describe('parses a subnet', () => {
  test.each([
    ['192.168.0.0/24', '192.168.0.0/24'],
    ['10.0.0.1/32', '10.0.0.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['FD00:0:0::/48', 'fd00::/48'],
    ['fd00::1/128', 'fd00::1/128'],
    ['::/0', '::/0'],
  ])('%s as %s', (text, canonical) => expect(`${Subnet.parse(text)}`).toBe(canonical));

  test('from its full text, with the same first and last address', () => {
    fc.assert(
      fc.property(ranges, (range) => {
        fc.pre(!isMapped(range));
        expect(rangeOf(Subnet.parse(rangeText(range)))).toEqual(range);
      }),
    );
  });

  test('from its own text, as an equal subnet', () => {
    fc.assert(
      fc.property(rangePairs, ([a, b]) => {
        fc.pre(!isMapped(a));
        expect(Subnet.parse(`${subnetOf(a)}`).equals(subnetOf(a))).toBe(true);
        expect(subnetOf(a).equals(subnetOf(b))).toBe(rangeText(a) === rangeText(b));
      }),
    );
  });

  test('only without host bits; otherwise it suggests the subnet that is probably meant', () => {
    const inputs = families.chain((family) =>
      fc.tuple(fc.constant(family), numbers(family), fc.nat({ max: WIDTH[family] })),
    );
    fc.assert(
      fc.property(inputs, ([family, value, prefixLength]) => {
        const range = rangeAround(family, value, prefixLength);
        fc.pre(!isMapped({ ...range, first: value }));
        const text = `${fullText(family, value)}/${prefixLength}`;
        if (range.first === value) expect(`${Subnet.parse(text)}`).toBe(`${subnetOf(range)}`);
        else expect(refusal(() => Subnet.parse(text))).toContain(`; did you mean ${subnetOf(range)}?`);
        expect(`${Subnet.around(addressOf(family, value), prefixLength)}`).toBe(`${subnetOf(range)}`);
      }),
    );
  });
});

describe('rejects an invalid subnet with value, reason and fix', () => {
  const example = 'write e.g. "192.168.1.0/24" or "fd00:1::/48"';
  test.each([
    [undefined, 'undefined is not a string; write the subnet as a string, e.g. "192.168.1.0/24"'],
    [24, '24 is not a string; write the subnet as a string, e.g. "192.168.1.0/24"'],
    [['10.0.0.0/8'], '["10.0.0.0/8"] is not a string; write the subnet as a string, e.g. "192.168.1.0/24"'],
    ['', `"" is not a subnet; ${example}`],
    ['10/8', `"10/8" is not a subnet; ${example}`],
    ['/24', `"/24" is not a subnet; ${example}`],
    [' 10.0.0.0/8\n', '" 10.0.0.0/8\\n" has spaces around it; write "10.0.0.0/8"'],
    ['10.94.227.46/24', '"10.94.227.46/24" has host bits set beyond its 24-bit prefix; did you mean 10.94.227.0/24?'],
    ['fd00:1::1/64', '"fd00:1::1/64" has host bits set beyond its 64-bit prefix; did you mean fd00:1::/64?'],
    [
      '10.94.227.46',
      '"10.94.227.46" has no prefix length; write 10.94.227.46/32 for this one host, or the prefix length of its subnet',
    ],
    ['fd00::', '"fd00::" has no prefix length; write fd00::/128 for this one host, or the prefix length of its subnet'],
    ['10.0.0', '"10.0.0" is not an IP address; write e.g. 192.168.1.10 or fd00::10'],
    ['10.0.0.0/8/8', '"10.0.0.0/8/8" has more than one "/"; write address/prefix length'],
    [
      '10.0.0.0/255.0.0.0',
      '"10.0.0.0/255.0.0.0" has a dotted mask; write the prefix length, e.g. /24 for 255.255.255.0',
    ],
    ['10.0.0.0/024', '"10.0.0.0/024" has a leading zero in its prefix length; write /24'],
    [
      '1.2.3.4/33',
      '"1.2.3.4/33" has a prefix length that is not a number from 0 to 32; write address/prefix length, e.g. /24',
    ],
    [
      '10.0.0.0/',
      '"10.0.0.0/" has a prefix length that is not a number from 0 to 32; write address/prefix length, e.g. /24',
    ],
    [
      '10.0.0.0/-1',
      '"10.0.0.0/-1" has a prefix length that is not a number from 0 to 32; write address/prefix length, e.g. /24',
    ],
    [
      'fd00::/129',
      '"fd00::/129" has a prefix length that is not a number from 0 to 128; write address/prefix length, e.g. /64',
    ],
    ['300.1.1.0/24', '"300.1.1.0/24" has an address that is not an IPv4 address: 300 is above 255; correct it'],
    [
      '010.0.0.0/8',
      '"010.0.0.0/8" has an address that has leading zeros, which some programs read as octal; write 10.0.0.0 if you mean that',
    ],
    [
      '::ffff:10.0.0.0/104',
      '"::ffff:10.0.0.0/104" has an address that is an IPv4-mapped IPv6 address; write the IPv4 address itself: 10.0.0.0',
    ],
  ])('%j', (value, message) => expect(refusal(() => Subnet.parse(value))).toBe(message));
});

describe('for two subnets', () => {
  test('contains() is true if and only if all addresses of the other are inside', () => {
    fc.assert(
      fc.property(rangePairs, ([a, b]) => {
        expect(subnetOf(a).contains(subnetOf(b))).toBe(holds(a, b));
        expect(subnetOf(a).contains(addressOf(b.family, b.first))).toBe(holds(a, { ...b, last: b.first }));
        expect(subnetOf(a).contains(addressOf(b.family, b.last))).toBe(holds(a, { ...b, first: b.last }));
      }),
      { numRuns: 500 },
    );
  });

  test('contains() agrees with Node for addresses', () => {
    fc.assert(
      fc.property(rangePairs, ([a, { family, first }]) => {
        fc.pre(a.family === family); // for Node, ::/0 also contains IPv4
        const list = new BlockList();
        list.addSubnet(fullText(a.family, a.first), a.prefixLength, `ipv${a.family}`);
        expect(subnetOf(a).contains(addressOf(family, first))).toBe(
          list.check(fullText(family, first), `ipv${family}`),
        );
      }),
    );
  });

  test('overlaps() is true if and only if they share an address', () => {
    fc.assert(
      fc.property(rangePairs, ([a, b]) => {
        const shared = a.family === b.family && a.first <= b.last && b.first <= a.last;
        expect([subnetOf(a).overlaps(subnetOf(b)), subnetOf(b).overlaps(subnetOf(a))]).toEqual([shared, shared]);
      }),
      { numRuns: 500 },
    );
  });

  test('compare() sorts by family, then by address, then larger subnets first', () => {
    const order = (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b));
    fc.assert(
      fc.property(rangePairs, ([a, b]) => {
        const expected = a.family - b.family || order(a.first, b.first) || order(b.last, a.last);
        expect(Math.sign(subnetOf(a).compare(subnetOf(b)))).toBe(Math.sign(expected));
      }),
      { numRuns: 500 },
    );
  });
});

test('equal subnets are deeply equal, even after one of them was used', () => {
  const [used, fresh] = [Subnet.parse('fd00:1::/64'), Subnet.parse('FD00:1::/64')];
  expect([`${used}`, `${used.last}`, used.contains(used)]).toEqual([
    'fd00:1::/64',
    'fd00:1::ffff:ffff:ffff:ffff',
    true,
  ]);
  expect(used).toEqual(fresh);
});

test('returns the last address of a subnet', () => {
  expect(`${Subnet.parse('10.0.1.0/27').last}`).toBe('10.0.1.31');
  expect(numberOf(Subnet.parse('::/0').last)).toBe(2n ** 128n - 1n);
  expect(Subnet.parse('10.0.0.1/32').last.equals(Address.parse('10.0.0.1'))).toBe(true);
});

describe('rejects notations of other programs and says what to write instead', () => {
  test.each([
    ['10.20.0.0/16, 192.168.100.0/22', 'is more than one subnet; write "10.20.0.0/16", "192.168.100.0/22"'],
    ['10.20.0.0/16;fd00::/48', 'is more than one subnet; write "10.20.0.0/16", "fd00::/48"'],
    ['10.20.0.0/16 10.30.0.0/16', 'is more than one subnet; write "10.20.0.0/16", "10.30.0.0/16"'],
    [
      '10.20.0.1-10.20.0.9',
      'is a range of addresses; write "10.20.0.1/32", "10.20.0.2/31", "10.20.0.4/30", "10.20.0.8/31"',
    ],
    ['10.20.0.0 - 10.20.3.255', 'is a range of addresses; write "10.20.0.0/22"'],
    ['fd00::-fd00::ff', 'is a range of addresses; write "fd00::/120"'],
    ['0.0.0.0-255.255.255.255', 'is a range of addresses; write "0.0.0.0/0"'],
    ['10.0.0.1-10.255.0.1', 'is a range of addresses; write its subnets one by one'],
  ])('%s', (text, message) => expect(() => Subnet.parse(text)).toThrow(`"${text}" ${message}`));

  test('does not take a reversed range, or one of two families, for a range', () => {
    for (const text of ['10.20.0.9-10.20.0.1', '10.20.0.1-fd00::1'])
      expect(() => Subnet.parse(text)).not.toThrow('range of addresses');
  });

  test('names the subnet if a range is exactly one subnet', () => {
    fc.assert(
      fc.property(ranges, (range) => {
        fc.pre(!isMapped(range) && !isMapped({ ...range, first: range.last }));
        const subnet = subnetOf(range);
        const message = `is a range of addresses; write "${subnet}"`;
        expect(() => Subnet.parse(`${subnet.address}-${subnet.last}`)).toThrow(message);
      }),
    );
  });

  test('for several addresses in one string', () => {
    for (const text of ['10.0.1.10, 10.0.1.11', '10.0.1.10-10.0.1.12', 'fd00::1 fd00::2'])
      expect(() => Address.parse(text)).toThrow('is more than one address; write each as a separate string');
    expect(() => Address.parse('db-1.example')).toThrow('is not an IP address');
  });
});
