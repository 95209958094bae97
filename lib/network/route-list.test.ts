import fc from 'fast-check';
import {
  cpuSeconds,
  crowdedRanges,
  families,
  fullText,
  numbers,
  rangesOf,
  rangeText,
  refusal,
} from '../../test/oracle';
import { InputError } from './finding';
import { DEFAULT_RULES, type RouteFields, routeKey } from './route';
import { formatRouteList, parseRouteList, readRouteList } from './route-list';

const read = (text: string) => parseRouteList(text, DEFAULT_RULES);
const subnets = (text: string) => read(text).routes.map(({ subnet }) => `${subnet}`);

describe('parses a route list', () => {
  test("from the original's text, with spaces and newlines around it", () =>
    expect(subnets(' \n    [ \n      "192.168.0.0/24",\n      "192.168.1.0/24"\n    ]')).toEqual([
      '192.168.0.0/24',
      '192.168.1.0/24',
    ]));

  test.each(['[]', ' [\n] \r\n\t'])('from %j as an empty list', (text) =>
    expect(read(text)).toEqual({ routes: [], duplicates: [] }),
  );

  test('from subnets and objects side by side, in their order', () =>
    expect(subnets('["fd00::/64", {"subnet": "10.0.0.0/24", "nextHop": "10.1.0.1"}, "9.0.0.0/8"]')).toEqual([
      'fd00::/64',
      '10.0.0.0/24',
      '9.0.0.0/8',
    ]));

  test('from values that are already parsed', () =>
    expect(readRouteList(['10.0.0.0/24', { subnet: '10.0.1.0/24' }], DEFAULT_RULES).routes).toHaveLength(2));

  test('with 40,000 subnets of both families in well under a second', () => {
    const ofBoth = (i: number) => [`10.${i >> 8}.${i & 255}.0/24`, `fd00:${i.toString(16)}::/48`];
    const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ofBoth(i)).flat());
    const seconds = cpuSeconds(() => expect(read(text).routes).toHaveLength(40_000));
    expect(seconds).toBeLessThan(4); // 0.3 s outside jest, whose sandbox slows down every global
  });
});

describe('entries for the same route', () => {
  test('are dropped and reported if they are equal', () => {
    const { routes, duplicates } = read(`[
      "192.168.0.0/24", "10.0.0.0/24", { "subnet": "192.168.0.0/24", "table": 254, "comment": "again" }, "192.168.0.0/24",
      { "subnet": "fd00::/64", "nextHops": ["fd01::1", "fd01::2"] },
      { "subnet": "FD00:0::/64", "nextHops": ["fd01::2", "fd01::1"], "metric": 1024 }
    ]`);
    expect(routes.map(({ subnet }) => `${subnet}`)).toEqual(['192.168.0.0/24', '10.0.0.0/24', 'fd00::/64']);
    expect(duplicates).toEqual([
      'routes[2] 192.168.0.0/24 repeats routes[0]',
      'routes[3] 192.168.0.0/24 repeats routes[0]',
      'routes[5] fd00::/64 repeats routes[4]',
    ]);
  });

  test.each<Partial<RouteFields>>([
    { nextHop: '10.1.0.1' },
    { interface: 'eth1' },
    { source: '10.2.0.1' },
    { mtu: 1400 },
  ])('are rejected if they differ: %j', (fields) => {
    const entry = { subnet: '10.0.0.0/24', ...fields };
    expect(refusal(() => read(JSON.stringify(['10.0.0.0/24', entry])))).toBe(
      `routes[1]: ${JSON.stringify(entry)} contradicts routes[0], which has the same subnet, table and metric; keep one of them, or give them different metrics or tables`,
    );
  });

  test('are different routes if their table or metric differs', () =>
    expect(
      subnets('["10.0.0.0/24", {"subnet": "10.0.0.0/24", "metric": 1}, {"subnet": "10.0.0.0/24", "table": 1}]'),
    ).toHaveLength(3));
});

test('are equal only with the same order of next hops, if the order matters', () => {
  const inOrder = (...nextHops: string[]) => ({ subnet: '192.168.0.0/24', nextHops, mode: 'failover' });
  const [one, other] = [inOrder('10.1.0.1', '10.1.0.2'), inOrder('10.1.0.2', '10.1.0.1')];
  expect(readRouteList([one, one], DEFAULT_RULES).duplicates).toHaveLength(1);
  expect(() => readRouteList([one, other], DEFAULT_RULES)).toThrow(/contradicts routes\[0\]/);
});

describe('rejects a route list', () => {
  test('with all errors, each with its position', () => {
    const text = `["192.168.0.0/24", "10.94.227.46/24", "10.94.227.46", null, {"subnet": "::/0", "nexthop": "10.1.0.1"},
      {"subnet": "10.0.0.0/24", "nextHops": ["10.1.0.1", "127.0.0.1"]}, "010.0.0.0/8", ["10.0.0.0/8"], ""]`;
    expect(refusal(() => read(text)).split('\n')).toEqual([
      'routes[1]: "10.94.227.46/24" has host bits set beyond its 24-bit prefix; did you mean 10.94.227.0/24?',
      'routes[2]: "10.94.227.46" has no prefix length; write 10.94.227.46/32 for this one host, or the prefix length of its subnet',
      'routes[3]: null is not a string; write the subnet as a string, e.g. "192.168.1.0/24"',
      'routes[4]: "nexthop" is an unknown key; known are subnet, nextHop, nextHops, mode, interface, table, metric, source, mtu, comment',
      'routes[4].subnet: "::/0" is the default route, which would take most of the traffic of the node; list the on-premise subnets, or set allowDefaultRoute in NodeRoutes',
      'routes[5].nextHops[1]: "127.0.0.1" is loopback (RFC 1122); write the router\'s unicast address',
      'routes[6]: "010.0.0.0/8" has an address that has leading zeros, which some programs read as octal; write 10.0.0.0 if you mean that',
      'routes[7]: ["10.0.0.0/8"] is not a string; write the subnet as a string, e.g. "192.168.1.0/24"',
      'routes[8]: "" is not a subnet; write e.g. "192.168.1.0/24" or "fd00:1::/48"',
    ]);
  });

  test.each([
    ['{"routes": []}', 'routes: {"routes":[]} is not a JSON array; write ["192.168.0.0/24", …], or [] for no routes'],
    [
      '"192.168.0.0/24"',
      'routes: "192.168.0.0/24" is not a JSON array; write ["192.168.0.0/24", …], or [] for no routes',
    ],
    ['null', 'routes: null is not a JSON array; write ["192.168.0.0/24", …], or [] for no routes'],
    [
      '["192.168.0.0/24", {"subnet": "10.0.0.0/24", "mtu": 1400, "mtu": 1300}, 7]',
      'routes[1]: "mtu" is written twice; keep one of the two\nroutes[2]: 7 is not a string; write the subnet as a string, e.g. "192.168.1.0/24"',
    ],
    [
      '\uFEFF["192.168.0.0/24"]',
      'routes: "\uFEFF[\\"192.168.0.0/24\\"]" starts with a byte order mark, which JSON does not allow; save it as UTF-8 without one',
    ],
  ])('for %s', (text, message) => expect(refusal(() => read(text))).toBe(message));

  test('as a whole if it is not JSON', () => {
    expect(refusal(() => read(''))).toMatch(/^routes: "" is not JSON \(.+\); write \[\] for no routes$/);
    expect(refusal(() => read('["10.0.0.0/24",]'))).toMatch(
      /^routes: .+; remove the comma before the closing bracket$/,
    );
  });
});

describe('any input', () => {
  const parses = (text: string) => {
    try {
      return read(text).routes.length >= 0;
    } catch (error) {
      if (error instanceof InputError) return error.findings.length > 0 && error.message !== '';
      throw error;
    }
  };
  const words = ['192.168.0.0/24', '10.0.0.1/8', 'fd00::/64', '::/0', 'fe80::1', '10.0.0.1', 'eth0', '', '__proto__'];
  const keys = fc.constantFrom('subnet', 'nextHop', 'nextHops', 'interface', 'table', 'metric', 'source', 'mtu', 'to');
  const value = fc.oneof(
    fc.constantFrom<unknown>(...words),
    fc.jsonValue(),
    fc.array(fc.constantFrom(...words)),
    fc.nat(),
  );
  const almost = fc.array(fc.oneof(value, fc.dictionary(keys, value)));

  test('of JSON throws nothing but an InputError', () => {
    fc.assert(fc.property(fc.json(), (text) => expect(parses(text)).toBe(true)));
    fc.assert(
      fc.property(almost, (list) => expect(parses(JSON.stringify(list))).toBe(true)),
      { numRuns: 500 },
    );
  });

  test('of text throws nothing but an InputError', () => {
    const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString());
    fc.assert(fc.property(bytes, (text) => expect(parses(text)).toBe(true)));
    const pieces = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '"',
      '\\',
      '"subnet":',
      '"10.0.0.0/8"',
      '\n',
      '0',
      'null',
    );
    fc.assert(fc.property(fc.array(pieces), (parts) => expect(parses(parts.join(''))).toBe(true)));
  });

  test.each<[string, () => string]>([
    ['nested deeper than the stack', () => `[${'['.repeat(1e5)}${']'.repeat(1e5)}]`],
    ['nested objects', () => `[${'{"subnet":'.repeat(1e5)}1${'}'.repeat(1e5)}]`],
    ['150,000 unknown keys', () => `[{${Array.from({ length: 1.5e5 }, (_, i) => `"k${i}":0`).join()}}]`],
    ['a string of a million characters', () => `["${'1'.repeat(1e6)}"]`],
    ['a million next hops', () => `[{"subnet":"10.0.0.0/24","nextHops":[${'0,'.repeat(1e6)}0]}]`],
    ['20,000 times the same', () => `["10.0.0.0/24"${',"10.0.0.0/24"'.repeat(2e4)}]`],
    ['20,000 numbers', () => `[0${',0'.repeat(2e4)}]`],
  ])('is rejected or accepted quickly: %s', (_, text) => {
    expect(cpuSeconds(() => expect(parses(text())).toBe(true))).toBeLessThan(4);
  });
});

describe('formats a route list', () => {
  const comment = fc.string({ unit: 'grapheme', maxLength: 50 }).filter((text) => text.length <= 200);
  const routes = families.chain((family) => {
    const host = numbers(family).map((value) => fullText(family, value));
    return fc.record(
      {
        subnet: fc.oneof(rangesOf(family), crowdedRanges(family)).map(rangeText),
        nextHops: fc.uniqueArray(host, { minLength: 1, maxLength: 3 }),
        interface: fc.constantFrom('eth0', 'wg-0', 'bond0.7'),
        table: fc.integer({ min: 1, max: 0xffffffff }),
        metric: fc.integer({ min: 0, max: 0xfffffffe }),
        source: host,
        mtu: fc.integer({ min: 1280, max: 65535 }),
        comment,
      },
      { requiredKeys: ['subnet'] },
    );
  });
  const accepted = (list: readonly object[]) =>
    list.flatMap((entry) => {
      try {
        return readRouteList([entry], DEFAULT_RULES).routes;
      } catch {
        return [];
      }
    });

  test('so that parsing it returns the same routes, whatever the defaults', () => {
    const rules = fc.record({ table: fc.constantFrom(254, 100), metric: fc.constantFrom(0, 1024, 7) });
    let written = 0;
    fc.assert(
      fc.property(fc.array(routes, { minLength: 1, maxLength: 20 }), rules, (list, { table, metric }) => {
        const byKey = new Map(accepted(list).map((route) => [routeKey(route), route]));
        const expected = [...byKey.values()];
        const readAgain = parseRouteList(formatRouteList(expected, { table, metric }), { table, metric });
        written += expected.length;
        expect(readAgain).toEqual({ routes: expected, duplicates: [] });
      }),
    );
    expect(written).toBeGreaterThan(100);
  });

  test('with one route per line, so that diffs are readable', () => {
    const { routes } = read('[{"subnet":"10.0.0.0/24","mtu":1400},"192.168.0.0/24"]');
    expect(formatRouteList(routes, DEFAULT_RULES)).toBe(
      '[\n  { "subnet": "10.0.0.0/24", "mtu": 1400 },\n  "192.168.0.0/24"\n]\n',
    );
    expect(formatRouteList([], DEFAULT_RULES)).toBe('[]\n');
  });
});

describe('a malicious list', () => {
  const refused = (text: string): InputError => {
    try {
      parseRouteList(text, DEFAULT_RULES);
    } catch (error) {
      return error as InputError;
    }
    throw new Error('it was accepted');
  };

  test('of 500,000 entries below 1 MiB causes one finding', () => {
    const { message, findings } = refused(`[${Array(500_000).fill(1)}]`);
    expect(findings).toHaveLength(1);
    expect(message).toBe('routes: a list of 500000 entries is too long; write at most 65536, e.g. by larger subnets');
  });

  test.each([
    ['wrong entries', `[${Array(60_000).fill('"10.0.0.1/8"')}]`],
    ['keys written twice', `[${Array(60_000).fill('{"a":1,"a":1}')}]`],
    ['an object with many wrong keys', `[{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`)}}]`],
  ])('of %s causes at most 1,000 findings, and a last one that says so', (_, text) => {
    const { length } = refused(text).findings;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(1001);
  });
});
