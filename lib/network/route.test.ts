import fc from 'fast-check';
import { families, rangeAround, rangesOf, refusal, subnetOf, WIDTH } from '../../test/oracle';
import {
  DEFAULT_RULES,
  probeTable,
  type Route,
  type RouteSpec,
  readInteger,
  readRoute,
  readTable,
  routeKey,
  routeText,
} from './route';

/** The route with its addresses as strings. */
const plain = ({ subnet, nextHops, source, ...rest }: Route) => ({
  ...rest,
  subnet: `${subnet}`,
  nextHops: nextHops.map(String),
  ...(source && { source: `${source}` }),
});

describe('parses a route', () => {
  test.each<[string, RouteSpec, object]>([
    ['from a subnet', '192.168.0.0/24', { subnet: '192.168.0.0/24', nextHops: [], table: 254, metric: 0 }],
    [
      'from a subnet in an object',
      { subnet: '192.168.0.0/24' },
      { subnet: '192.168.0.0/24', nextHops: [], table: 254, metric: 0 },
    ],
    ["in IPv6 with the kernel's metric", 'fd00::/64', { subnet: 'fd00::/64', nextHops: [], table: 254, metric: 1024 }],
    [
      "in IPv6 with metric 0, which becomes the kernel's",
      { subnet: 'fd00::/64', metric: 0 },
      { subnet: 'fd00::/64', nextHops: [], table: 254, metric: 1024 },
    ],
    [
      'with everything',
      {
        subnet: 'fd00::/64',
        nextHops: ['fe80::1', 'FE80::2'],
        interface: 'eth0.100',
        table: 4294967295,
        metric: 4294967294,
        source: 'fd01::1',
        mtu: 1280,
        comment: 'Zürich 👩‍💻, "bld. 5"',
      },
      {
        subnet: 'fd00::/64',
        nextHops: ['fe80::1', 'fe80::2'],
        interface: 'eth0.100',
        table: 4294967295,
        metric: 4294967294,
        source: 'fd01::1',
        mtu: 1280,
        comment: 'Zürich 👩‍💻, "bld. 5"',
      },
    ],
  ])('%s', (_, spec, route) => expect(plain(readRoute(spec, DEFAULT_RULES))).toEqual(route));

  test('with the defaults for table and metric if it sets none', () => {
    const rules = { table: 100, metric: 50 };
    expect(readRoute('10.0.0.0/24', rules)).toMatchObject({ table: 100, metric: 50 });
    expect(readRoute({ subnet: 'fd00::/64' }, rules)).toMatchObject({ table: 100, metric: 50 });
    expect(readRoute({ subnet: '10.0.0.0/24', table: 1, metric: 0 }, rules)).toMatchObject({ table: 1, metric: 0 });
  });

  test('to the default destination only if allowed, through any next hop', () => {
    const spec = { subnet: '0.0.0.0/0', nextHop: '10.0.0.1' };
    expect(refusal(() => readRoute(spec, DEFAULT_RULES))).toContain('subnet: "0.0.0.0/0" is the default route');
    const rules = { ...DEFAULT_RULES, allowDefaultRoute: true };
    expect(plain(readRoute(spec, rules)).nextHops).toEqual(['10.0.0.1']);
    expect(`${readRoute('::/0', rules).subnet}`).toBe('::/0');
  });
});

describe('rejects an invalid route with location, value, reason and fix', () => {
  const subnet = '192.168.0.0/24';
  const hop = (text: unknown) => ({ subnet, nextHop: text });
  const v6 = { subnet: 'fd00::/64' };
  const noSeveral = 'needs several next hops; list them in nextHops, or leave out mode';
  const known = 'known are subnet, nextHop, nextHops, mode, interface, table, metric, source, mtu, comment';
  const noInterface =
    'is not a valid interface name; write 1 to 15 ASCII characters without spaces, "/" and ":", e.g. "eth0"';
  const noComment = 'is not a valid comment; write one line of at most 200 printable characters';
  const noText = 'is not a string; write the subnet as a string, e.g. "192.168.1.0/24"';
  const oneTo16 = 'is not an array of 1 to 16 addresses; write ["10.0.0.1", "10.0.0.2"]';
  test.each<[unknown, string]>([
    [null, `null ${noText}`],
    [7, `7 ${noText}`],
    [[['10.0.0.0/8']], `[["10.0.0.0/8"]] ${noText}`],
    [{}, `subnet: undefined ${noText}`],
    [{ subnet: null }, `subnet: null ${noText}`],
    [JSON.parse(`{"subnet":"${subnet}","__proto__":{}}`), `"__proto__" is an unknown key; ${known}`],
    [{ subnet, constructor: 1 }, `"constructor" is an unknown key; ${known}`],
    [{ subnet, 'next\nhop': 1 }, `"next\\nhop" is an unknown key; ${known}`],
    [hop(null), 'nextHop: null is not a string; write the address as a string, e.g. "192.168.1.10"'],
    [hop('10.0.0.1/24'), 'nextHop: "10.0.0.1/24" is not an IP address; write e.g. 192.168.1.10 or fd00::10'],
    [
      { subnet: 'fd40::/48', nextHop: '10.0.0.1' },
      'nextHop: "10.0.0.1" is IPv4, but the subnet is IPv6; use an address of the same family',
    ],
    [
      hop('fe80::1'),
      'nextHop: "fe80::1" is link-local and needs an interface; add the interface, e.g. "interface": "eth0"',
    ],
    [hop('127.0.0.1'), `nextHop: "127.0.0.1" is loopback (RFC 1122); write the router's unicast address`],
    [hop('169.254.1.1'), `nextHop: "169.254.1.1" is link-local (RFC 3927); write the router's unicast address`],
    [
      hop('192.168.0.1'),
      `nextHop: "192.168.0.1" lies in 192.168.0.0/24, the subnet it should lead to; write the address of the router on the node's own network`,
    ],
    [
      { ...v6, nextHop: 'fe80::1' },
      'nextHop: "fe80::1" is link-local and needs an interface; add the interface, e.g. "interface": "eth0"',
    ],
    [
      { ...hop('10.0.0.1'), nextHops: ['10.0.0.2'] },
      'nextHops: ["10.0.0.2"] is set in addition to nextHop; keep one of the two',
    ],
    [{ subnet, nextHops: [] }, `nextHops: [] ${oneTo16}`],
    [
      { subnet, nextHops: ['10.0.0.1', '10.0.0.2'], mode: 'standby' },
      'mode: "standby" is not a valid mode for several next hops; write "balance" or "failover"',
    ],
    [{ subnet, nextHops: ['10.0.0.1'], mode: 'failover' }, `mode: "failover" ${noSeveral}`],
    [{ ...hop('10.0.0.1'), mode: 'balance' }, `mode: "balance" ${noSeveral}`],
    [{ subnet, mode: 'failover' }, `mode: "failover" ${noSeveral}`],
    [{ subnet, nextHops: '10.0.0.1' }, `nextHops: "10.0.0.1" ${oneTo16}`],
    [{ subnet, nextHops: ['10.0.0.1', '10.0.0.1'] }, 'nextHops[1]: "10.0.0.1" is listed twice; remove one'],
    [{ subnet, interface: 'a-name-too-long-' }, `interface: "a-name-too-long-" ${noInterface}`],
    [{ subnet, interface: 'eth0:1' }, `interface: "eth0:1" ${noInterface}`],
    [{ subnet, interface: 'eth0\0' }, `interface: "eth0\\u0000" ${noInterface}`],
    [{ subnet, interface: 'ööööööööö' }, `interface: "ööööööööö" ${noInterface}`],
    [{ subnet, interface: '..' }, `interface: ".." ${noInterface}`],
    [{ subnet, interface: '' }, `interface: "" ${noInterface}`],
    [{ subnet, table: null }, 'table: null is not a valid table; write a whole number from 1 to 4294967295'],
    [{ subnet, table: 0 }, 'table: 0 is not a valid table; write a whole number from 1 to 4294967295'],
    [{ subnet, table: '254' }, 'table: "254" is not a valid table; write a whole number from 1 to 4294967295'],
    [{ subnet, table: 255 }, 'table: 255 is the table of local addresses; use 254 (main) or another table'],
    [{ subnet, metric: -1 }, 'metric: -1 is not a valid metric; write a whole number from 0 to 4294967294'],
    [
      { subnet, metric: 2 ** 32 },
      'metric: 4294967296 is not a valid metric; write a whole number from 0 to 4294967294',
    ],
    [
      { subnet, metric: 4294967295 },
      'metric: 4294967295 is reserved for the unreachable routes that the option otherwise adds; write a whole number from 0 to 4294967294',
    ],
    [{ subnet, metric: 1.5 }, 'metric: 1.5 is not a valid metric; write a whole number from 0 to 4294967294'],
    [
      { subnet, source: '224.0.0.1' },
      'source: "224.0.0.1" is multicast (RFC 5771); write the unicast address of the host',
    ],
    [
      { subnet, source: 'fd00::1' },
      'source: "fd00::1" is IPv6, but the subnet is IPv4; use an address of the same family',
    ],
    [{ subnet, mtu: 575 }, 'mtu: 575 is not a valid mtu; write a whole number from 576 to 65535'],
    [{ ...v6, mtu: 1279 }, 'mtu: 1279 is not a valid mtu; write a whole number from 1280 to 65535'],
    [{ subnet, comment: 'a\nb' }, `comment: "a\\nb" ${noComment}`],
    [{ subnet, comment: 'a\u2028b' }, `comment: "a\u2028b" ${noComment}`],
    [{ subnet, comment: '\u202e' }, `comment: "\u202e" ${noComment}`],
    [{ subnet, comment: '\ud800' }, `comment: "\\ud800" ${noComment}`],
    [{ subnet, comment: 5 }, `comment: 5 ${noComment}`],
  ])('%j', (spec, message) => expect(refusal(() => readRoute(spec, DEFAULT_RULES))).toBe(message));

  test('with more than 16 next hops or 200 characters of comment', () => {
    const hops = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}`);
    expect(readRoute({ subnet, nextHops: hops(16), comment: 'x'.repeat(200) }, DEFAULT_RULES).nextHops).toHaveLength(
      16,
    );
    expect(refusal(() => readRoute({ subnet, nextHops: hops(17) }, DEFAULT_RULES))).toContain(oneTo16);
    expect(refusal(() => readRoute({ subnet, comment: 'x'.repeat(201) }, DEFAULT_RULES))).toContain(noComment);
  });

  test('with all of its errors at once', () => {
    const spec = { subnet: '10.0.0.1/8', gateway: 'x', nextHops: ['10.0.0.1', 'y', null], table: 255, mtu: 1 };
    expect(refusal(() => readRoute(spec, DEFAULT_RULES)).split('\n')).toEqual([
      `"gateway" is an unknown key; ${known}`,
      'subnet: "10.0.0.1/8" has host bits set beyond its 8-bit prefix; did you mean 10.0.0.0/8?',
      'table: 255 is the table of local addresses; use 254 (main) or another table',
      'nextHops[1]: "y" is not an IP address; write e.g. 192.168.1.10 or fd00::10',
      'nextHops[2]: null is not a string; write the address as a string, e.g. "192.168.1.10"',
      'mtu: 1 is not a valid mtu; write a whole number from 576 to 65535',
    ]);
  });
});

test('formats a route as briefly as the defaults allow', () => {
  const write = (spec: RouteSpec, rules = DEFAULT_RULES) => routeText(readRoute(spec, rules), DEFAULT_RULES);
  expect(write({ subnet: '10.0.0.0/24', table: 254, metric: 0 })).toBe('"10.0.0.0/24"');
  expect(write({ subnet: 'fd00::/64', metric: 0 })).toBe('"fd00::/64"');
  expect(write({ subnet: '10.0.0.0/24', nextHops: ['10.1.0.1'] })).toBe(
    '{ "subnet": "10.0.0.0/24", "nextHop": "10.1.0.1" }',
  );
  const both = ['10.1.0.2', '10.1.0.1'];
  expect(write({ subnet: '10.0.0.0/24', nextHops: both, mode: 'failover' })).toBe(
    '{ "subnet": "10.0.0.0/24", "nextHops": ["10.1.0.2","10.1.0.1"], "mode": "failover" }',
  );
  expect(write({ subnet: '10.0.0.0/24', nextHops: both, mode: 'balance' })).toBe(
    '{ "subnet": "10.0.0.0/24", "nextHops": ["10.1.0.2","10.1.0.1"] }',
  );
  expect(write({ subnet: '10.0.0.0/24', comment: 'a "b"', nextHops: ['10.1.0.2', '10.1.0.1'] })).toBe(
    '{ "subnet": "10.0.0.0/24", "nextHops": ["10.1.0.2","10.1.0.1"], "comment": "a \\"b\\"" }',
  );
  expect(write('10.0.0.0/24', { table: 100, metric: 5 })).toBe(
    '{ "subnet": "10.0.0.0/24", "table": 100, "metric": 5 }',
  );
});

describe('the key distinguishes routes as the kernel does', () => {
  const u32s = fc.oneof(fc.constantFrom(0, 1, 254, 255, 0xffff, 0x10000, 0xffffffff), fc.nat({ max: 0xffffffff }));
  const routes = families.chain((family) =>
    fc.record({ subnet: rangesOf(family).map(subnetOf), table: u32s, metric: u32s }),
  );

  test('by subnet, table and metric', () => {
    const text = ({ subnet, table, metric }: Parameters<typeof routeKey>[0]) => `${subnet} ${table} ${metric}`;
    fc.assert(
      fc.property(routes, routes, fc.boolean(), (a, other, sameSubnet) => {
        const b = sameSubnet ? { ...other, subnet: a.subnet } : other;
        expect(routeKey(a) === routeKey(b)).toBe(text(a) === text(b));
        expect(routeKey({ ...a })).toBe(routeKey(a));
      }),
    );
  });

  test('by each bit of the address', () => {
    const one = { table: 254, metric: 0 };
    fc.assert(
      fc.property(families, fc.nat({ max: 127 }), fc.bigInt(0n, 2n ** 128n - 1n), (family, bit, value) => {
        const host = (number: bigint) =>
          subnetOf(rangeAround(family, number % 2n ** BigInt(WIDTH[family]), WIDTH[family]));
        const [subnet, other] = [host(value), host(value ^ (1n << BigInt(bit % WIDTH[family])))];
        expect(routeKey({ subnet, ...one })).not.toBe(routeKey({ subnet: other, ...one }));
      }),
    );
  });

  test.each([
    ['table', { table: 1, metric: 0 }, { table: 0, metric: 1 }],
    ['large table', { table: 0x10001, metric: 0 }, { table: 1, metric: 0 }],
    ['large metric', { table: 254, metric: 0xffffffff }, { table: 254, metric: 0xffff }],
  ])('by a different %s', (_, one, other) => {
    const subnet = subnetOf({ family: 4, first: 0n, last: 255n, prefixLength: 24 });
    expect(routeKey({ subnet, ...one })).not.toBe(routeKey({ subnet, ...other }));
  });

  test('and by nothing else', () => {
    const key = (spec: RouteSpec) => routeKey(readRoute(spec, DEFAULT_RULES));
    expect(key({ subnet: '10.0.0.0/24', nextHop: '10.1.0.1' })).toBe(key('10.0.0.0/24'));
    expect(key({ subnet: 'fd00::/64', metric: 1024 })).toBe(key('fd00::/64'));
  });
});

test('reads tables and other whole numbers', () => {
  expect(readTable(254)).toBe(254);
  expect(refusal(() => readTable(probeTable(142, 3)))).toBe(
    '1869647363 is a table that probes use; use 254 (main) or another table',
  );
  expect(readInteger(142, 5, 255, 'protocol')).toBe(142);
  expect(refusal(() => readInteger(Number.NaN, 5, 255, 'protocol'))).toBe(
    'NaN is not a valid protocol; write a whole number from 5 to 255',
  );
});

test('accepts an IPv6 next hop for an IPv4 route, and a link-local one with its interface', () => {
  for (const fields of [{ nextHop: 'fd00::1' }, { nextHop: 'fe80::1', interface: 'eth0' }]) {
    const route = readRoute({ subnet: '192.168.0.0/24', ...fields }, DEFAULT_RULES);
    expect(route.nextHops.map(String)).toEqual([fields.nextHop]);
    expect(readRoute(JSON.parse(routeText(route, DEFAULT_RULES)), DEFAULT_RULES)).toEqual(route);
  }
});
