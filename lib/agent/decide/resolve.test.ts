import { hop, route as kernelRoute, LINKS, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { SETTINGS } from '../../../test/agent/settings';
import { DEFAULT_RULES, type Family, type RouteSpec, readRoute } from '../../network';
import { asStable } from '../stable';
import type { HealthOf } from './next-hop-health';
import type { PrivateNetwork } from './private-network';
import { Reach } from './reach';
import { followsPrivateNetwork, nextHopsToLookUp, Resolver } from './resolve';

const NODE = snapshot({ ...SEEDS, nexthops: ['5 proto 4 via 10.184.0.9 dev priv'] });
const NO_REACH = new Reach([], () => undefined, NODE, SETTINGS.ownership);
const FOUND: PrivateNetwork = {
  state: 'found',
  network: subnet('10.0.0.0/8'),
  hops: [hop('via 10.184.0.1 dev priv')],
};
const spec = (fields: RouteSpec) => readRoute(fields, DEFAULT_RULES);

interface Options {
  readonly network?: PrivateNetwork;
  readonly found?: Readonly<Record<string, string>>;
  readonly healthOf?: HealthOf;
}

function resolve(fields: RouteSpec, { network = FOUND, found = {}, healthOf = () => undefined }: Options = {}) {
  const toNextHops = new Map(Object.entries(found).map(([key, text]) => [key, kernelRoute(text)]));
  const networks = new Map<Family, PrivateNetwork>([
    [4, network],
    [6, network],
  ]);
  const { route, ...rest } = new Resolver(NODE, { private: networks, toNextHops, healthOf, reach: NO_REACH }).resolve(
    spec(fields),
  );
  const { way, ...others } = { way: {}, ...rest };
  return { ...others, ...way };
}

describe('a route without a next hop', () => {
  test("uses the private network's next hop, with all its hops", () => {
    expect(resolve('192.168.0.0/24')).toEqual({ state: 'resolved', hops: FOUND.hops });
  });

  test('uses that of its own family', () => {
    const six: PrivateNetwork = { ...FOUND, network: subnet('fd00::/8'), hops: [hop('via fe80::9 dev priv')] };
    const networks = new Map<Family, PrivateNetwork>([
      [4, FOUND],
      [6, six],
    ]);
    const resolver = new Resolver(NODE, {
      private: networks,
      toNextHops: new Map(),
      healthOf: () => undefined,
      reach: NO_REACH,
    });
    const ways = ['192.168.0.0/24', '2001:db8::/48', '192.168.1.0/24'].map((text) => resolver.resolve(spec(text)));
    expect(ways).toMatchObject([FOUND, six, FOUND].map(({ hops }) => ({ way: { hops } })));
  });

  test('waits while it is missing, and does not apply if it is absent', () => {
    expect(resolve('192.168.0.0/24', { network: { state: 'missing', reason: 'why' } })).toEqual({
      state: 'waiting',
      reason: 'why',
    });
    expect(resolve('192.168.0.0/24', { network: { state: 'absent', reason: 'why' } })).toEqual({
      state: 'not-applicable',
      reason: 'why',
    });
  });

  test('but with an interface leads to that link', () => {
    const fields = { subnet: '192.168.0.0/24', interface: 'pub' };
    expect(resolve(fields, { network: { state: 'missing', reason: 'why' } })).toEqual({
      state: 'resolved',
      hops: [hop('dev pub')],
    });
  });

  test('is the only kind that follows the private network', () => {
    expect(followsPrivateNetwork(spec('192.168.0.0/24'))).toBe(true);
    expect(followsPrivateNetwork(spec({ subnet: '192.168.0.0/24', interface: 'pub' }))).toBe(false);
    expect(followsPrivateNetwork(spec({ subnet: '192.168.0.0/24', nextHop: '10.184.0.9' }))).toBe(false);
  });
});

test('a route to an interface that the node lacks waits for it', () => {
  for (const nextHop of [{}, { nextHop: '10.184.0.9' }])
    expect(resolve({ subnet: '192.168.0.0/24', interface: 'wg0', ...nextHop })).toEqual({
      state: 'waiting',
      reason: 'this node has no interface wg0',
    });
});

describe('a given next hop', () => {
  const fields = { subnet: '192.168.0.0/24', nextHop: '10.184.0.9' };

  test('is reached on the link to which its address is connected', () => {
    expect(resolve(fields, { found: { '10.184.0.9%': '10.184.0.0/26 dev priv proto kernel' } })).toEqual({
      state: 'resolved',
      hops: [hop('via 10.184.0.9 dev priv')],
    });
  });

  test('is on the link if its entry names itself as gateway, and keeps onlink', () => {
    expect(resolve(fields, { found: { '10.184.0.9%': '0.0.0.0/0 via 10.184.0.9 dev priv onlink' } })).toEqual({
      state: 'resolved',
      hops: [hop('via 10.184.0.9 dev priv onlink')],
    });
    expect(resolve(fields, { found: { '10.184.0.9%': '0.0.0.0/0 nhid 5' } })).toMatchObject({ state: 'resolved' });
  });

  test('is rejected if it is behind another router', () => {
    expect(resolve(fields, { found: { '10.184.0.9%': '0.0.0.0/0 via 198.51.100.1 dev pub' } })).toEqual({
      state: 'waiting',
      reason:
        'next hop 10.184.0.9 is not on a link of this node (it is reached via 198.51.100.1 dev pub); if it is, set its interface',
    });
  });

  test('is rejected if it is behind several links', () => {
    const entry = '0.0.0.0/0 nexthop dev priv nexthop dev pub';
    expect(resolve(fields, { found: { '10.184.0.9%': entry } })).toMatchObject({ state: 'waiting' });
  });

  test('makes the route wait if it cannot be reached', () => {
    const reason = 'next hop 10.184.0.9 cannot be reached from this node';
    expect(resolve(fields)).toEqual({ state: 'waiting', reason });
    expect(resolve(fields, { found: { '10.184.0.9%': 'blackhole 10.184.0.9/32' } })).toEqual({
      state: 'waiting',
      reason,
    });
  });

  test('with an interface is assumed to exist, and is onlink unless the link connects it', () => {
    const named = { ...fields, interface: 'pub' };
    expect(resolve(named)).toEqual({ state: 'resolved', hops: [hop('via 10.184.0.9 dev pub onlink')] });
    expect(resolve(named, { found: { '10.184.0.9%pub': '10.184.0.0/26 dev priv' } })).toEqual({
      state: 'resolved',
      hops: [hop('via 10.184.0.9 dev pub onlink')],
    });
    expect(resolve(named, { found: { '10.184.0.9%pub': '10.184.0.0/26 dev pub' } })).toEqual({
      state: 'resolved',
      hops: [hop('via 10.184.0.9 dev pub')],
    });
  });

  test.each([
    ['fe80::1', ''],
    ['febf::1', ''],
    ['fd00::1', ' onlink'],
    ['2001:db8:1::1', ' onlink'],
  ])('%s with its link needs onlink unless it is link-local', (nextHop, onlink) => {
    expect(resolve({ subnet: '2001:db8::/48', nextHop, interface: 'priv' })).toEqual({
      state: 'resolved',
      hops: [hop(`via ${nextHop} dev priv${onlink}`)],
    });
  });

  describe('as one of several', () => {
    const several = { subnet: '192.168.0.0/24', nextHops: ['10.184.0.9', '10.184.0.11'] };
    const [first, second] = [hop('via 10.184.0.9 dev priv'), hop('via 10.184.0.11 dev priv')];
    const found = { '10.184.0.9%': '10.184.0.0/26 dev priv', '10.184.0.11%': '10.184.0.0/26 dev priv' };
    const firstIsDown: HealthOf = (each) => ({ state: `${each.gateway}` === '10.184.0.9' ? 'down' : 'up', since: 0 });

    test('shares the traffic', () => {
      const members = [first, second];
      expect(resolve(several, { found })).toEqual({ state: 'resolved', hops: members, members });
    });

    test('is left out while it does not answer', () => {
      expect(resolve(several, { found, healthOf: firstIsDown })).toMatchObject({ hops: [second] });
    });

    test('is used alone in failover mode while it is the first that answers', () => {
      const inTurn = { ...several, mode: 'failover' as const };
      expect(resolve(inTurn, { found })).toMatchObject({ hops: [first], members: [first, second] });
      expect(resolve(inTurn, { found, healthOf: firstIsDown })).toMatchObject({ hops: [second] });
    });

    test('is left out with the reason if it cannot be resolved', () => {
      expect(resolve(several, { found: { '10.184.0.9%': '10.184.0.0/26 dev priv' } })).toEqual({
        state: 'resolved',
        hops: [first],
        members: [first],
        missing: ['next hop 10.184.0.11 cannot be reached from this node'],
      });
    });

    test('makes the route wait if none can be resolved', () => {
      expect(resolve(several)).toEqual({
        state: 'waiting',
        reason:
          'next hop 10.184.0.9 cannot be reached from this node; next hop 10.184.0.11 cannot be reached from this node',
      });
    });
  });

  test('of the private network is also left out while it does not answer and others do', () => {
    const hops = [hop('via 10.184.0.9 dev priv'), hop('via 10.184.0.11 dev priv')];
    const healthOf: HealthOf = ({ gateway }) => ({ state: `${gateway}` === '10.184.0.9' ? 'down' : 'up', since: 0 });
    expect(resolve('192.168.0.0/24', { network: { ...FOUND, hops } as PrivateNetwork, healthOf })).toEqual({
      state: 'resolved',
      hops: hops.slice(1),
      members: hops,
    });
  });
});

test('looks up each next hop once, with its link if one is given and exists', () => {
  const routes = [
    spec('192.168.0.0/24'),
    spec({ subnet: '192.168.1.0/24', nextHop: '10.184.0.9' }),
    spec({ subnet: '192.168.2.0/24', nextHop: '10.184.0.9' }),
    spec({ subnet: '192.168.3.0/24', nextHop: '10.184.0.9', interface: 'priv' }),
    spec({ subnet: '192.168.4.0/24', nextHop: '10.184.0.9', interface: 'wg0' }),
  ];
  const asked = nextHopsToLookUp({ list: asStable({ routes, duplicates: [] }), snapshot: asStable(NODE) }).map(
    ({ key, address, link }) => [key, `${address}`, link],
  );
  expect(asked).toEqual([
    ['10.184.0.9%', '10.184.0.9', undefined],
    ['10.184.0.9%priv', '10.184.0.9', LINKS.priv],
    ['10.184.0.9%wg0', '10.184.0.9', undefined],
  ]);
});
