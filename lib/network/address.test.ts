import { isIP } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { addressOf, cpuSeconds, families, fullText, numberOf, numbers, refusal, WIDTH } from '../../test/oracle';
import { Address } from './address';
import { InputError } from './finding';

const anyNumber = families.chain((family) => fc.tuple(fc.constant(family), numbers(family)));
const isMapped = (family: number, value: bigint) => family === 6 && value >> 32n === 0xffffn;

describe('parses an address', () => {
  test.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['FD00::A', 'fd00::a'],
    ['fd00:0001::', 'fd00:1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s as %s', (text, canonical) => expect(`${Address.parse(text)}`).toBe(canonical));

  test('from its full text, with the same value and family', () => {
    fc.assert(
      fc.property(anyNumber, ([family, value]) => {
        fc.pre(!isMapped(family, value));
        const address = Address.parse(fullText(family, value));
        expect([address.family, numberOf(address)]).toEqual([family, value]);
      }),
    );
  });

  test('from any spelling of IPv6, with the same value as ipaddr.js', () => {
    const group = fc.oneof(
      fc.constant('0'),
      fc.nat({ max: 0xffff }).map((value) => value.toString(16)),
    );
    const digits = group.chain((text) => fc.constantFrom(text, text.toUpperCase(), text.padStart(4, '0')));
    const shortened = fc
      .tuple(fc.array(digits, { maxLength: 7 }), fc.nat({ max: 7 }))
      .map(([groups, at]) => `${groups.slice(0, at).join(':')}::${groups.slice(at).join(':')}`);
    const full = fc.array(digits, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
    fc.assert(
      fc.property(fc.oneof(shortened, full), (text) => {
        const { parts } = ipaddr.IPv6.parse(text);
        const value = parts.reduce((sum, part) => sum * 65536n + BigInt(part), 0n);
        fc.pre(!isMapped(6, value));
        expect(numberOf(Address.parse(text))).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  test('from its own text, as an equal address that equals no other', () => {
    fc.assert(
      fc.property(anyNumber, ([family, value]) => {
        fc.pre(!isMapped(family, value));
        const address = addressOf(family, value);
        expect(Address.parse(`${address}`).equals(address)).toBe(true);
        expect(address.equals(addressOf(family, value ^ 1n))).toBe(false);
        expect(address.equals(addressOf(family === 4 ? 6 : 4, value % 2n ** 32n))).toBe(false);
      }),
    );
  });

  test('if and only if Node accepts it, except for zones and IPv4-mapped addresses', () => {
    const pieces = [
      '0',
      '1',
      'a',
      'ff',
      'FFFF',
      '00001',
      'g',
      '9',
      '25',
      '256',
      ':',
      ':',
      '::',
      '.',
      '1.2.3.4',
      '01',
      '%',
    ];
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 15 }).map((parts) => parts.join(''));
    const spelled = anyNumber.map(([family, value]) => fullText(family, value));
    fc.assert(
      fc.property(fc.oneof(texts, spelled), (text) => {
        const accepted = accepts(text);
        expect(accepted === true || accepted.includes('IPv4-mapped')).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 2000 },
    );
  });
});

test('formats addresses as RFC 5952 and ipaddr.js do', () => {
  fc.assert(
    fc.property(anyNumber, ([family, value]) => {
      const parsed = ipaddr.parse(fullText(family, value));
      const text = parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
      expect(`${addressOf(family, value)}`).toBe(text);
    }),
    { numRuns: 1000 },
  );
});

describe('rejects an invalid address with its value, the reason and a fix', () => {
  const example = 'write e.g. 192.168.1.10 or fd00::10';
  test.each([
    [undefined, 'undefined is not a string; write the address as a string, e.g. "192.168.1.10"'],
    [null, 'null is not a string; write the address as a string, e.g. "192.168.1.10"'],
    [3232235777, '3232235777 is not a string; write the address as a string, e.g. "192.168.1.10"'],
    ['', `"" is not an IP address; ${example}`],
    ['example.com', `"example.com" is not an IP address; ${example}`],
    ['10.0.1', `"10.0.1" is not an IP address; ${example}`],
    ['1.2.3.4.5', `"1.2.3.4.5" is not an IP address; ${example}`],
    ['1.2.3.', `"1.2.3." is not an IP address; ${example}`],
    ['1.2.3.4\n', `"1.2.3.4\\n" is not an IP address; ${example}`],
    ['0x0a.0.0.1', `"0x0a.0.0.1" is not an IP address; ${example}`],
    ['[::1]', `"[::1]" is not an IP address; ${example}`],
    ['::1]:80/[', `"::1]:80/[" is not an IP address; ${example}`],
    ['::1]#[', `"::1]#[" is not an IP address; ${example}`],
    [' ::1', `" ::1" is not an IP address; ${example}`],
    ['::1\t', `"::1\\t" is not an IP address; ${example}`],
    ['::1::', `"::1::" is not an IP address; ${example}`],
    ['::1.2.3.04', `"::1.2.3.04" is not an IP address; ${example}`],
    ['300.1.1.1', '"300.1.1.1" is not an IPv4 address: 300 is above 255; correct it'],
    ['1.1.1.1000', '"1.1.1.1000" is not an IPv4 address: 1000 is above 255; correct it'],
    [
      '192.168.010.1',
      '"192.168.010.1" has leading zeros, which some programs read as octal; write 192.168.10.1 if you mean that',
    ],
    [
      'fe80::1%eth0',
      '"fe80::1%eth0" names a zone; remove the % and everything after it; use the field interface for the interface',
    ],
    ['::ffff:10.0.0.1', '"::ffff:10.0.0.1" is an IPv4-mapped IPv6 address; write the IPv4 address itself: 10.0.0.1'],
    [
      '0:0:0:0:0:FFFF:A00:1',
      '"0:0:0:0:0:FFFF:A00:1" is an IPv4-mapped IPv6 address; write the IPv4 address itself: 10.0.0.1',
    ],
  ])('%j', (value, message) => expect(refusal(() => Address.parse(value))).toBe(message));

  test.each([':', '::', '1.', '1', 'a:', '/'])('quickly and briefly, even if it is %j a million times', (piece) => {
    const refuseAll = () => {
      for (const tail of ['', '.1.1.1', '::1'])
        expect(refusal(() => Address.parse(piece.repeat(1e6) + tail)).length).toBeLessThan(200);
    };
    expect(cpuSeconds(refuseAll)).toBeLessThan(1);
  });
});

test('orders addresses by family, then numerically', () => {
  const close = fc.tuple(anyNumber, fc.bigInt(-2n, 2n)).map(([[family, value], step]) => {
    const near = value + step;
    return [family, value, near < 0n || near >= 2n ** BigInt(WIDTH[family]) ? value : near] as const;
  });
  fc.assert(
    fc.property(close, anyNumber, ([family, value, near], [otherFamily, other]) => {
      const order = (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b));
      const address = addressOf(family, value);
      expect(Math.sign(address.compare(addressOf(family, near)))).toBe(order(value, near));
      const byFamily = Math.sign(family - otherFamily) || order(value, other);
      expect(Math.sign(address.compare(addressOf(otherFamily, other)))).toBe(byFamily);
    }),
  );
});

test('next() returns the following address, and undefined after the last of a family', () => {
  const beforeCarry = fc.tuple(anyNumber, fc.nat({ max: 32 })).map(([[family, value], bits]) => {
    return [family, value | (2n ** BigInt(bits) - 1n)] as const;
  });
  fc.assert(
    fc.property(fc.oneof(anyNumber, beforeCarry), ([family, value]) => {
      const next = addressOf(family, value).next();
      if (value + 1n === 2n ** BigInt(WIDTH[family])) expect(next).toBeUndefined();
      else expect([next?.family, numberOf(next as Address)]).toEqual([family, value + 1n]);
    }),
  );
  expect(Address.parse('255.255.255.255').next()).toBeUndefined();
  expect(Address.parse('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff').next()).toBeUndefined();
});

/** True, or the difference. */
function accepts(text: string): true | string {
  try {
    Address.parse(text);
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}
