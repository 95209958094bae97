import { DEFAULT_RULES, type RouteSpec, readRoute } from '../../network';
import { address, hop, SEEDS, snapshot, subnet } from '../testing/ip';
import { createGuard, type Dependency } from './guard';

const PRIVATE = [hop('via 10.184.0.1 dev priv')];
const API: Dependency = { what: 'the API server 172.21.0.1', address: address('172.21.0.1') };
const isOurs = ({ protocol }: { protocol: number }) => protocol === 142;
const shielded = (text: string): Dependency => ({
  what: `the protected subnet ${text}`,
  address: subnet(text).address,
  subnet: subnet(text),
});

function refuse(
  spec: RouteSpec,
  { dependencies = [API], routes = [] }: { dependencies?: Dependency[]; routes?: string[] } = {},
  hops = PRIVATE,
): string | undefined {
  const node = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...routes] });
  const guard = createGuard(node, [subnet('10.0.0.0/8')], dependencies, isOurs);
  return guard.refuse({ route: readRoute(spec, { ...DEFAULT_RULES, allowDefaultRoute: true }), way: { hops } });
}

test('what a route would take is judged by all of its next hops, so that one which fails changes nothing', () => {
  const members = [hop('via 10.184.0.1 dev priv'), hop('via 10.184.0.3 dev priv')];
  const routes = ['172.20.0.0/14 nexthop via 10.184.0.1 dev priv nexthop via 10.184.0.3 dev priv'];
  const node = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...routes] });
  const guard = createGuard(node, [], [API], isOurs);
  const route = readRoute('172.21.0.0/16', DEFAULT_RULES);
  for (const hops of [members, members.slice(0, 1), members.slice(1)])
    expect(guard.refuse({ route, way: { hops, members } })).toBeUndefined();
  expect(guard.refuse({ route, way: { hops: members.slice(0, 1) } })).toMatch(/would take the way to the API server/);
});

describe('a route is refused', () => {
  test('that equals a connected subnet, or lies in one', () => {
    const reason = "which is connected to this node's priv";
    expect(refuse('10.184.0.0/26')).toBe(`10.184.0.0/26 lies in 10.184.0.0/26, ${reason}`);
    expect(refuse('10.184.0.32/28')).toBe(`10.184.0.32/28 lies in 10.184.0.0/26, ${reason}`);
  });

  test('that would take the way to the API server', () => {
    expect(refuse('172.16.0.0/12')).toBe(
      '172.16.0.0/12 would take the way to the API server 172.21.0.1, which now goes via 198.51.100.1 dev pub',
    );
    expect(refuse('172.21.0.1/32')).toMatch(/would take the way to the API server/);
    expect(refuse('0.0.0.0/0')).toBeUndefined(); // the default route there is wins or goes the same way: see below
  });

  test('that would take the way to a next hop', () => {
    const nextHop = { what: 'the next hop 203.0.113.1', address: address('203.0.113.1') };
    expect(refuse('203.0.113.0/24', { dependencies: [nextHop] })).toMatch(/would take the way to the next hop/);
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
      /would take the way to the protected subnet 172.30.0.0\/16/,
    );
  });

  test('that covers what has no way at all at the moment', () => {
    const node = snapshot({ addresses: SEEDS.addresses });
    const guard = createGuard(node, [], [API], isOurs);
    const route = readRoute('172.16.0.0/12', DEFAULT_RULES);
    expect(guard.refuse({ route, way: { hops: PRIVATE } })).toMatch(/which now goes nowhere/);
    const all = readRoute('0.0.0.0/0', { ...DEFAULT_RULES, allowDefaultRoute: true });
    expect(guard.refuse({ route: all, way: { hops: PRIVATE } })).toMatch(/which now goes nowhere/);
  });

  test('that is a private network itself, or nobody would show the way any more', () => {
    expect(refuse('10.0.0.0/8')).toBe('10.0.0.0/8 is a private network itself, whose entry shows the next hop');
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

  test('in another table, which only leads anywhere by somebody’s rule', () => {
    expect(refuse({ subnet: '172.16.0.0/12', table: 100 })).toBeUndefined();
    expect(refuse({ subnet: '10.184.0.0/26', table: 100 })).toBeUndefined();
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
    /would take the way/,
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
