import { messageIn } from '../../../test/agent/messages';
import { attribute, attributes, ip4, ip6, message, u8, u32 } from '../../../test/agent/wire';
import { readRule } from './rules';

const text = (name: string) => Buffer.from(`${name}\0`);

/** struct fib_rule_hdr: family, dst_len, src_len, tos, table, 0, 0, action, flags. */
function rule(header: number[], flags: number, ...given: Buffer[]) {
  const read = readRule(messageIn(message({ type: 32 }, u8(...header), u32(flags), attributes(...given))));
  return JSON.parse(
    JSON.stringify(read, (key, value) => (key === 'source' || key === 'destination' ? `${value}` : value)) ?? 'null',
  );
}

test('reads everything that decides which packets a rule matches', () => {
  expect(
    rule(
      [2, 24, 32, 0, 0, 0, 0, 1],
      2, // FIB_RULE_INVERT
      attribute(1, ip4('192.168.0.0')), // FRA_DST
      attribute(2, ip4('172.30.5.9')), // FRA_SRC
      attribute(3, text('cni0')), // FRA_IIFNAME
      attribute(17, text('priv')), // FRA_OIFNAME
      attribute(6, u32(1536)), // FRA_PRIORITY
      attribute(15, u32(100_000)), // FRA_TABLE
      attribute(10, u32(0x1)), // FRA_FWMARK
      attribute(16, u32(0xff)), // FRA_FWMASK
      attribute(14, u32(0)), // FRA_SUPPRESS_PREFIXLEN
    ),
  ).toEqual({
    family: 4,
    priority: 1536,
    action: 1,
    table: 100_000,
    source: '172.30.5.9/32',
    destination: '192.168.0.0/24',
    input: 'cni0',
    output: 'priv',
    mark: { value: 1, mask: 255 },
    isInverted: true,
    suppressed: 0,
  });
});

test('the header contains the table of a short rule, and a missing suppressor suppresses nothing', () => {
  expect(rule([10, 0, 0, 0, 254, 0, 0, 1], 0, attribute(14, u32(0xffffffff)))).toEqual({
    family: 6,
    priority: 0,
    action: 1,
    table: 254,
  });
  expect(rule([10, 32, 0, 0, 254, 0, 0, 7], 0, attribute(1, ip6('2001:db8:0:0:0:0:0:0')))).toMatchObject({
    destination: '2001:db8::/32',
    action: 7,
  });
});

test.each([
  ['a type of service', [2, 0, 0, 16, 7, 0, 0, 1], []],
  ['a VRF', [2, 0, 0, 0, 7, 0, 0, 1], [attribute(19, u8(1))]],
  ['a user', [2, 0, 0, 0, 7, 0, 0, 1], [attribute(20, u32(0), u32(10))]],
  ['a protocol', [2, 0, 0, 0, 7, 0, 0, 1], [attribute(22, u8(6))]],
  ['a DSCP', [2, 0, 0, 0, 7, 0, 0, 1], [attribute(25, u8(6))]],
])('a rule for %s is special', (_, header, given) => {
  expect(rule(header, 0, ...given)).toMatchObject({ isSpecial: true });
});

test('ignores rules of multicast routing', () => expect(rule([128, 0, 0, 0, 253, 0, 0, 1], 0)).toBeNull());
