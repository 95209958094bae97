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

test('what a route would take is judged by all of its next hops, so that one which fails changes nothing', () => {
  const members = [hop('via 10.184.0.1 dev priv'), hop('via 10.184.0.3 dev priv')];
  const routes = ['172.20.0.0/14 nexthop via 10.184.0.1 dev priv nexthop via 10.184.0.3 dev priv'];
  const node = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...routes] });
  const guard = createGuard(node, [], [API], isOurs, NO_LIMITS);
  const route = readRoute('172.21.0.0/16', DEFAULT_RULES);
  for (const hops of [members, members.slice(0, 1), members.slice(1)])
    expect(guard.refuse({ route, way: { hops, members } })).toBeUndefined();
  expect(guard.refuse({ route, way: { hops: members.slice(0, 1) } })).toMatch(/would take the route to the API server/);
});

describe('a route is rejected', () => {
  test('that equals a connected subnet, or lies in one', () => {
    const reason = "which is connected to this node's priv";
    expect(refuse('10.184.0.0/26')).toBe(`10.184.0.0/26 lies in 10.184.0.0/26, ${reason}`);
    expect(refuse('10.184.0.32/28')).toBe(`10.184.0.32/28 lies in 10.184.0.0/26, ${reason}`);
  });

  test('that would take the route to the API server', () => {
    expect(refuse('172.16.0.0/12')).toBe(
      '172.16.0.0/12 would take the route to the API server 172.21.0.1, which now goes via 198.51.100.1 dev pub',
    );
    expect(refuse('172.21.0.1/32')).toMatch(/would take the route to the API server/);
    expect(refuse('0.0.0.0/0')).toBeUndefined(); // the default route there is wins or goes the same way: see below
  });

  test('that would take the route to a next hop', () => {
    const nextHop = { what: 'the next hop 203.0.113.1', address: address('203.0.113.1') };
    expect(refuse('203.0.113.0/24', { dependencies: [nextHop] })).toMatch(/would take the route to the next hop/);
  });

  test('that lies in a protected subnet, wherever that goes', () => {
    const dependencies = [shielded('172.30.0.0/16')];
    expect(refuse('172.30.4.0/24', { dependencies })).toBe('172.30.4.0/24 lies in the protected subnet 172.30.0.0/16');
    expect(refuse('172.30.0.0/16', { dependencies, routes: ['172.30.0.0/16 via 10.184.0.1 dev priv'] })).toMatch(
      /lies in the protected subnet/,
    );
  });

  test('that covers a protected subnet which has no entry of its own', () => {
    expect(refuse('172.16.0.0/12', { dependencies: [shielded('172.30.0.0/16')] })).toMatch(
      /would take the route to the protected subnet 172.30.0.0\/16/,
    );
  });

  test('that covers what has no way at all at the moment', () => {
    const node = snapshot({ addresses: SEEDS.addresses });
    const guard = createGuard(node, [], [API], isOurs, NO_LIMITS);
    const route = readRoute('172.16.0.0/12', DEFAULT_RULES);
    expect(guard.refuse({ route, way: { hops: PRIVATE } })).toMatch(/which now goes nowhere/);
    const all = readRoute('0.0.0.0/0', { ...DEFAULT_RULES, allowDefaultRoute: true });
    expect(guard.refuse({ route: all, way: { hops: PRIVATE } })).toMatch(/which now goes nowhere/);
  });

  test('that is a private network itself, or nobody would show the way any more', () => {
    expect(refuse('10.0.0.0/8')).toBe('10.0.0.0/8 is a private network itself, and its entry gives the next hop');
  });
});

describe('a route is harmless', () => {
  test('that has nothing to do with what the node needs', () => expect(refuse('192.168.0.0/24')).toBeUndefined());

  test('that covers a connected subnet', () => expect(refuse('10.184.0.0/16')).toBeUndefined());

  test('that covers the API server which has a longer or equal prefix of its own', () => {
    for (const entry of ['172.21.0.0/24 via 198.51.100.1 dev pub', '172.16.0.0/12 via 198.51.100.1 dev pub'])
      expect(refuse('172.16.0.0/12', { routes: [entry] })).toBeUndefined();
  });

  test('that goes the way the API server goes already', () => {
    expect(refuse('172.16.0.0/12', {}, [hop('via 198.51.100.1 dev pub')])).toBeUndefined();
  });

  test('in another table, where it takes nothing that the node needs', () => {
    expect(refuse({ subnet: '192.168.0.0/16', table: 100 })).toBeUndefined();
    expect(
      refuse({ subnet: '172.16.0.0/12', table: 100 }, { routes: ['172.21.0.0/16 via 198.51.100.1 dev pub table 100'] }),
    ).toBeUndefined();
    expect(refuse({ subnet: '172.16.0.0/12', table: 100 }, {}, [hop('via 198.51.100.1 dev pub')])).toBeUndefined();
  });

  test('that covers a protected subnet with an entry of its own', () => {
    const routes = ['172.30.0.0/16 dev pods'];
    expect(refuse('172.16.0.0/12', { dependencies: [shielded('172.30.0.0/16')], routes })).toBeUndefined();
  });

  test('of the other family', () => {
    expect(refuse('2001:db8::/32', {}, [hop('via fd00::1 dev priv')])).toBeUndefined();
  });
});

test('routes of ours are left out of the judgement, or it would change once they are there', () => {
  expect(refuse('172.16.0.0/12', { routes: ['172.21.0.0/16 via 10.184.0.1 dev priv proto ours'] })).toMatch(
    /would take the route/,
  );
});

test('of several entries for a dependency the longest prefix counts, then the lowest metric', () => {
  const routes = [
    '172.0.0.0/8 via 198.51.100.1 dev pub metric 10',
    '172.0.0.0/8 via 10.184.0.1 dev priv metric 5',
    '160.0.0.0/4 via 198.51.100.1 dev pub',
    '172.0.0.0/8 via 198.51.100.1 dev pub metric 20',
  ];
  expect(refuse('172.16.0.0/12', { routes })).toBeUndefined();
});

describe('every table counts, because rules can change', () => {
  test('a connected subnet is taken by a route that lies in it and by one that covers it', () => {
    expect(refuse({ subnet: '10.184.0.16/28', table: 100 })).toMatch(/lies in 10\.184\.0\.0\/26, which is connected/);
    expect(refuse({ subnet: '10.184.0.0/16', table: 100 })).toBe(
      '10.184.0.0/16 would take the route to the connected subnet 10.184.0.0/26, which now goes dev priv',
    );
  });

  test('the way to the API server is that of the main table, which is asked later', () => {
    const routes = ['172.21.0.0/16 via 198.51.100.1 dev pub'];
    expect(refuse({ subnet: '172.16.0.0/12', table: 100 }, { routes })).toBe(
      '172.16.0.0/12 would take the route to the API server 172.21.0.1, which now goes via 198.51.100.1 dev pub',
    );
  });
});

describe('a protected range is judged as a whole', () => {
  const dependencies = [shielded('172.30.0.0/16')];

  test('a route that takes its second half is refused, though its first address has an entry of its own', () => {
    const routes = ['172.30.0.0/17 dev pods'];
    expect(refuse('172.16.0.0/12', { dependencies, routes })).toBe(
      '172.16.0.0/12 would take the route to the protected subnet 172.30.0.0/16, which now goes via 198.51.100.1 dev pub',
    );
    const both = [...routes, '172.30.128.0/18 dev pods', '172.30.192.0/18 dev pods'];
    expect(refuse('172.16.0.0/12', { dependencies, routes: both })).toBeUndefined();
  });

  test('an entry of the same prefix keeps it only where its metric wins', () => {
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

  test('exactly when some address of it would go another way than now: a lookup for every address says the same', () => {
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
        // By brute force: longest prefix first, for each of the sixteen addresses.
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

describe('what a list may use comes with the DaemonSet', () => {
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

test('a metadata address matters only where the node has a way to it', () => {
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
