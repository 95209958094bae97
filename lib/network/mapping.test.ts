import fc from 'fast-check';
import { addressOf, families, numberOf, numbers, rangeAround, refusal, subnetOf, WIDTH } from '../../test/oracle';
import { Address, type Family } from './address';
import { Mapping } from './mapping';

describe('parses a mapping', () => {
  test('from a subnet, which keeps its addresses', () => {
    const mapping = Mapping.parse('192.168.0.0/24');
    expect([mapping.isTranslated, `${mapping}`]).toEqual([false, '192.168.0.0/24']);
    expect(`${mapping.toMapped(Address.parse('192.168.0.7'))}`).toBe('192.168.0.7');
  });

  test("from a real and a mapped range, as in the documentation's example", () => {
    const nodes = Mapping.parse({ real: '10.0.1.0/27', mapped: '192.168.2.0/27' });
    const servers = Mapping.parse({ real: '10.0.1.0/24', mapped: '192.168.1.0/24' });
    expect([servers.isTranslated, `${servers}`]).toEqual([true, '10.0.1.0/24 seen as 192.168.1.0/24']);
    expect(`${servers.toMapped(Address.parse('10.0.1.5'))}`).toBe('192.168.1.5');
    expect(`${nodes.toMapped(Address.parse('10.0.1.5'))}`).toBe('192.168.2.5');
    expect(`${nodes.toReal(Address.parse('192.168.2.5'))}`).toBe('10.0.1.5');
  });
});

describe('translation', () => {
  /** A family, two numbers for a real and a mapped range of that prefix length, and two hosts. */
  const cases = families.chain((family: Family) =>
    fc.tuple(
      fc.constant(family),
      fc.nat({ max: WIDTH[family] }),
      numbers(family),
      numbers(family),
      numbers(family),
      numbers(family),
    ),
  );

  test('is a bijection that keeps host parts and can be inverted', () => {
    fc.assert(
      fc.property(cases, ([family, length, inReal, inMapped, aHost, bHost]) => {
        const [real, mapped] = [rangeAround(family, inReal, length), rangeAround(family, inMapped, length)];
        const size = real.last - real.first + 1n;
        const mapping = new Mapping(subnetOf(real), subnetOf(mapped));
        const [a, b] = [addressOf(family, real.first + (aHost % size)), addressOf(family, real.first + (bHost % size))];
        const [seenA, seenB] = [mapping.toMapped(a), mapping.toMapped(b)];
        expect(numberOf(seenA)).toBe(mapped.first + (aHost % size));
        expect(mapping.toReal(seenA).equals(a)).toBe(true);
        expect(seenA.equals(seenB)).toBe(a.equals(b));
      }),
      { numRuns: 500 },
    );
  });

  test('reaches every address of a range exactly once', () => {
    const mapping = Mapping.parse({ real: '10.0.1.0/27', mapped: '192.168.2.32/27' });
    const seen = Array.from({ length: 32 }, (_, host) => `${mapping.toMapped(Address.parse(`10.0.1.${host}`))}`);
    expect(seen).toEqual(Array.from({ length: 32 }, (_, host) => `192.168.2.${32 + host}`));
  });

  test('throws a programming error for an address outside the range', () => {
    const mapping = Mapping.parse({ real: '10.0.1.0/24', mapped: '192.168.1.0/24' });
    const outside = (read: () => unknown) => expect(read).toThrow(RangeError);
    outside(() => mapping.toMapped(Address.parse('10.0.2.1')));
    outside(() => mapping.toMapped(Address.parse('192.168.1.1')));
    outside(() => mapping.toReal(Address.parse('10.0.1.1')));
    outside(() => mapping.toReal(Address.parse('fd00::1')));
  });
});

describe('rejects an invalid mapping with value, reason and fix', () => {
  const ipv6 =
    'maps IPv6, which is not supported; give the two ends different IPv6 ranges (RFC 4193) and write only the subnet';
  test.each<[unknown, string[]]>([
    [null, ['null is not a string; write the subnet as a string, e.g. "192.168.1.0/24"']],
    [['10.0.0.0/8'], ['["10.0.0.0/8"] is not a string; write the subnet as a string, e.g. "192.168.1.0/24"']],
    [
      '0.0.0.0/0',
      [
        '"0.0.0.0/0" is the default route, which would take most of the traffic of the node; list the on-premise subnets one by one',
      ],
    ],
    [
      {},
      [
        'real: undefined is not a string; write the subnet as a string, e.g. "192.168.1.0/24"',
        'mapped: undefined is not a string; write the subnet as a string, e.g. "192.168.1.0/24"',
      ],
    ],
    [
      { real: '10.0.1.5/24', mapped: '127.0.0.0/24', to: 1 },
      [
        '"to" is an unknown key; a mapping has real and mapped',
        'real: "10.0.1.5/24" has host bits set beyond its 24-bit prefix; did you mean 10.0.1.0/24?',
        'mapped: "127.0.0.0/24" is loopback (RFC 1122); list unicast subnets only',
      ],
    ],
    [
      { real: '10.0.0.0/16', mapped: '192.168.1.0/24' },
      [
        '{"real":"10.0.0.0/16","mapped":"192.168.1.0/24"} maps a /16 to a /24, so some hosts would share an address or have none; use a free /16 as the mapped range',
      ],
    ],
    [
      { real: '10.0.1.0/24', mapped: '10.0.1.0/24' },
      ['{"real":"10.0.1.0/24","mapped":"10.0.1.0/24"} maps a subnet to itself; write "10.0.1.0/24" alone'],
    ],
    [{ real: 'fd00:1::/64', mapped: 'fd00:2::/64' }, [`{"real":"fd00:1::/64","mapped":"fd00:2::/64"} ${ipv6}`]],
    [{ real: '10.0.1.0/24', mapped: 'fd00::/24' }, [`{"real":"10.0.1.0/24","mapped":"fd00::/24"} ${ipv6}`]],
  ])('%j', (spec, lines) => expect(refusal(() => Mapping.parse(spec)).split('\n')).toEqual(lines));
});
