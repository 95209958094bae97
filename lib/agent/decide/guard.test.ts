import fc from 'fast-check';
import { address, hop, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { NO_LIMITS } from '../../../test/agent/settings';
import { DEFAULT_RULES, type RouteSpec, readRoute } from '../../network';
import { createGuard, type Dependency } from './guard';
import type { Limits } from './limits';

const PRIVATE = [hop('via 10.184.0.1 dev priv')];
const API: Dependency = { what: 'the API server 172.21.0.1', address: address('172.21.0.1') };
const isOurs = ({ protocol }: { protocol: number }) => protocol === 142;
const shielded = (text: string): Dependency => ({
  what: `the protected subnet ${text}`,
  address: subnet(text).address,
  subnet: subnet(text),
});

interface Options {
  readonly dependencies?: Dependency[];
  readonly routes?: string[];
  readonly limits?: Limits;
}

function refuse(
  spec: RouteSpec,
  { dependencies = [API], routes = [], limits = NO_LIMITS }: Options = {},
  hops = PRIVATE,
): string | undefined {
  const node = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...routes] });
  const guard = createGuard(node, [subnet('10.0.0.0/8')], dependencies, isOurs, limits);
  return guard.refuse({ route: readRoute(spec, { ...DEFAULT_RULES, allowDefaultRoute: true }), way: { hops } });
}

test('judges all next hops of a route, so that the failure of one changes nothing', () => {
  const members = [hop('via 10.184.0.1 dev priv'), hop('via 10.184.0.3 dev priv')];
  const routes = ['172.20.0.0/14 nexthop via 10.184.0.1 dev priv nexthop via 10.184.0.3 dev priv'];
  const node = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...routes] });
  const guard = createGuard(node, [], [API], isOurs, NO_LIMITS);
  const route = readRoute('172.21.0.0/16', DEFAULT_RULES);
  for (const hops of [members, members.slice(0, 1), members.slice(1)])
    expect(guard.refuse({ route, way: { hops, members } })).toBeUndefined();
  expect(guard.refuse({ route, way: { hops: members.slice(0, 1) } })).toMatch(/would take the route to the API server/);
});

describe('rejects a route', () => {
  test('that equals a connected subnet or is part of one', () => {
    const reason = "which is connected to this node's priv";
    expect(refuse('10.184.0.0/26')).toBe(`10.184.0.0/26 lies in 10.184.0.0/26, ${reason}`);
    expect(refuse('10.184.0.32/28')).toBe(`10.184.0.32/28 lies in 10.184.0.0/26, ${reason}`);
  });

  test('that would take the route to the API server', () => {
    expect(refuse('172.16.0.0/12')).toBe(
      '172.16.0.0/12 would take the route to the API server 172.21.0.1, which now goes via 198.51.100.1 dev pub',
    );
    expect(refuse('172.21.0.1/32')).toMatch(/would take the route to the API server/);
    expect(refuse('0.0.0.0/0')).toBeUndefined(); // the existing default route wins or goes the same way: see below
  });

  test('that would take the route to a next hop', () => {
    const nextHop = { what: 'the next hop 203.0.113.1', address: address('203.0.113.1') };
    expect(refuse('203.0.113.0/24', { dependencies: [nextHop] })).toMatch(/would take the route to the next hop/);
  });

  test('that is part of a protected subnet, wherever that subnet is routed', () => {
    const dependencies = [shielded('172.30.0.0/16')];
    expect(refuse('172.30.4.0/24', { dependencies })).toBe('172.30.4.0/24 lies in the protected subnet 172.30.0.0/16');
    expect(refuse('172.30.0.0/16', { dependencies, routes: ['172.30.0.0/16 via 10.184.0.1 dev priv'] })).toMatch(
      /lies in the protected subnet/,
    );
  });

  test('that covers a protected subnet without a separate entry', () => {
    expect(refuse('172.16.0.0/12', { dependencies: [shielded('172.30.0.0/16')] })).toMatch(
      /would take the route to the protected subnet 172.30.0.0\/16/,
    );
  });

  test('that covers an address with no route at the moment', () => {
    const node = snapshot({ addresses: SEEDS.addresses });
    const guard = createGuard(node, [], [API], isOurs, NO_LIMITS);
    const route = readRoute('172.16.0.0/12', DEFAULT_RULES);
    expect(guard.refuse({ route, way: { hops: PRIVATE } })).toMatch(/which now goes nowhere/);
    const all = readRoute('0.0.0.0/0', { ...DEFAULT_RULES, allowDefaultRoute: true });
    expect(guard.refuse({ route: all, way: { hops: PRIVATE } })).toMatch(/which now goes nowhere/);
  });

  test('to the private network itself, because its entry would then no longer show the next hop', () => {
    expect(refuse('10.0.0.0/8')).toBe('10.0.0.0/8 is a private network itself, and its entry gives the next hop');
  });
});

describe('accepts a route', () => {
  test('that does not affect what the node needs', () => expect(refuse('192.168.0.0/24')).toBeUndefined());

  test('that covers a connected subnet', () => expect(refuse('10.184.0.0/16')).toBeUndefined());

  test('that covers the API server if that has a route with a longer or equal prefix', () => {
    for (const entry of ['172.21.0.0/24 via 198.51.100.1 dev pub', '172.16.0.0/12 via 198.51.100.1 dev pub'])
      expect(refuse('172.16.0.0/12', { routes: [entry] })).toBeUndefined();
  });

  test("that goes the same way as the API server's route", () => {
    expect(refuse('172.16.0.0/12', {}, [hop('via 198.51.100.1 dev pub')])).toBeUndefined();
  });

  test('in another table, where it takes nothing that the node needs', () => {
    expect(refuse({ subnet: '192.168.0.0/16', table: 100 })).toBeUndefined();
    expect(
      refuse({ subnet: '172.16.0.0/12', table: 100 }, { routes: ['172.21.0.0/16 via 198.51.100.1 dev pub table 100'] }),
    ).toBeUndefined();
    expect(refuse({ subnet: '172.16.0.0/12', table: 100 }, {}, [hop('via 198.51.100.1 dev pub')])).toBeUndefined();
  });

  test('that covers a protected subnet with a separate entry', () => {
    const routes = ['172.30.0.0/16 dev pods'];
    expect(refuse('172.16.0.0/12', { dependencies: [shielded('172.30.0.0/16')], routes })).toBeUndefined();
  });

  test('of the other family', () => {
    expect(refuse('2001:db8::/32', {}, [hop('via fd00::1 dev priv')])).toBeUndefined();
  });
});

test('ignores our own routes, because otherwise its result would change once they exist', () => {
  expect(refuse('172.16.0.0/12', { routes: ['172.21.0.0/16 via 10.184.0.1 dev priv proto ours'] })).toMatch(
    /would take the route/,
  );
});

test('uses the longest prefix, then the lowest metric, of several entries for a dependency', () => {
  const routes = [
    '172.0.0.0/8 via 198.51.100.1 dev pub metric 10',
    '172.0.0.0/8 via 10.184.0.1 dev priv metric 5',
    '160.0.0.0/4 via 198.51.100.1 dev pub',
    '172.0.0.0/8 via 198.51.100.1 dev pub metric 20',
  ];
  expect(refuse('172.16.0.0/12', { routes })).toBeUndefined();
});

describe('checks every table, because rules can change', () => {
  test('protects a connected subnet from routes inside it and routes that cover it', () => {
    expect(refuse({ subnet: '10.184.0.16/28', table: 100 })).toMatch(/lies in 10\.184\.0\.0\/26, which is connected/);
    expect(refuse({ subnet: '10.184.0.0/16', table: 100 })).toBe(
      '10.184.0.0/16 would take the route to the connected subnet 10.184.0.0/26, which now goes dev priv',
    );
  });

  test('uses the main table for the path to the API server, even though it is consulted later', () => {
    const routes = ['172.21.0.0/16 via 198.51.100.1 dev pub'];
    expect(refuse({ subnet: '172.16.0.0/12', table: 100 }, { routes })).toBe(
      '172.16.0.0/12 would take the route to the API server 172.21.0.1, which now goes via 198.51.100.1 dev pub',
    );
  });
});

describe('judges a protected range as a whole', () => {
  const dependencies = [shielded('172.30.0.0/16')];

  test('and rejects a route to its second half, although its first address has a separate entry', () => {
    const routes = ['172.30.0.0/17 dev pods'];
    expect(refuse('172.16.0.0/12', { dependencies, routes })).toBe(
      '172.16.0.0/12 would take the route to the protected subnet 172.30.0.0/16, which now goes via 198.51.100.1 dev pub',
    );
    const both = [...routes, '172.30.128.0/18 dev pods', '172.30.192.0/18 dev pods'];
    expect(refuse('172.16.0.0/12', { dependencies, routes: both })).toBeUndefined();
  });

  test('and an entry with the same prefix protects it only if its metric wins', () => {
    const kept = [shielded('172.30.0.0/16')];
    const entry = (metric: number) => ({
      dependencies: kept,
      routes: [`172.16.0.0/12 via 198.51.100.1 dev pub metric ${metric}`],
    });
    expect(refuse({ subnet: '172.16.0.0/12', metric: 50 }, entry(50))).toBeUndefined();
    expect(refuse({ subnet: '172.16.0.0/12', metric: 50 }, entry(51))).toMatch(
      /would take the route to the protected subnet/,
    );
  });

  test('if and only if some address of it would change its path, as a lookup for every address confirms', () => {
    const inside = fc.record({ at: fc.nat({ max: 15 }), bits: fc.integer({ min: 0, max: 4 }) });
    const prefix = ({ at, bits }: { at: number; bits: number }) =>
      `192.168.0.${(at >> (4 - bits)) << (4 - bits)}/${28 + bits}`;
    const hops = ['via 10.184.0.1 dev priv', 'via 198.51.100.1 dev pub'];
    const entries = fc.array(fc.tuple(inside, fc.constantFrom(...hops)), { maxLength: 5 });
    fc.assert(
      fc.property(inside, inside, entries, (route, kept, there) => {
        const range = subnet(prefix(kept));
        const routes = [...new Map(there.map(([each, way]) => [prefix(each), `${prefix(each)} ${way}`])).values()];
        const [reason, listed] = [
          refuse(prefix(route), { dependencies: [shielded(`${range}`)], routes }),
          subnet(prefix(route)),
        ];
        if (range.contains(listed)) return expect(reason).toMatch(/lies in the protected subnet/);
        // By brute force: the longest prefix for each of the sixteen addresses.
        const node = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...routes] });
        const winner = (host: number) =>
          node.routes
            .filter((each) => each.subnet.contains(address(`192.168.0.${host}`)))
            .sort((one, other) => other.subnet.prefixLength - one.subnet.prefixLength)[0];
        const isTaken = Array.from({ length: 16 }, (_, host) => host).some((host) => {
          const at = address(`192.168.0.${host}`);
          const now = winner(host);
          if (!range.contains(at) || !listed.contains(at) || now === undefined) return false;
          return now.subnet.prefixLength < listed.prefixLength && `${now.hops[0]?.gateway}` !== '10.184.0.1';
        });
        return expect(reason !== undefined).toBe(isTaken);
      }),
    );
  });
});

describe('the limits of a list come from the DaemonSet', () => {
  const limits: Limits = {
    tables: new Set([254]),
    nextHops: [subnet('10.184.0.3/32')],
    interfaces: new Set(['priv']),
    destinations: [subnet('192.168.0.0/16')],
  };

  test.each<[RouteSpec, string | undefined]>([
    ['192.168.0.0/24', undefined],
    [{ subnet: '192.168.0.0/24', nextHop: '10.184.0.3', interface: 'priv' }, undefined],
    [{ subnet: '192.168.0.0/24', table: 100 }, 'table 100 is not allowed for this list; add it to allow.tables'],
    [
      { subnet: '192.168.0.0/24', nextHop: '10.184.0.4' },
      'next hop 10.184.0.4 is not allowed for this list; add it to allow.nextHops',
    ],
    [
      { subnet: '192.168.0.0/24', interface: 'pub' },
      'interface pub is not allowed for this list; add it to allow.interfaces',
    ],
    ['172.16.0.0/24', '172.16.0.0/24 is not allowed for this list; add it to allow.destinations'],
  ])('%j: %s', (spec, reason) => expect(refuse(spec, { limits })).toBe(reason));
});

test('protects a metadata address only if the node has a route to it', () => {
  const metadata: Dependency = {
    what: 'the metadata address fd00:ec2::254',
    address: address('fd00:ec2::254'),
    ifReached: true,
  };
  const viaPrivate = [hop('via fd00::1 dev priv')];
  expect(refuse('fd00:ec2::/32', { dependencies: [metadata] }, viaPrivate)).toBeUndefined();
  expect(
    refuse('fd00:ec2::/32', { dependencies: [metadata], routes: ['::/0 via fe80::1 dev pub'] }, viaPrivate),
  ).toMatch(/would take the route to the metadata address/);
});
