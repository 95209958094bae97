import { hop, route as kernelRoute, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { SETTINGS } from '../../../test/agent/settings';
import { DEFAULT_RULES, type ProbedNetwork, type RouteSpec, readRoute } from '../../network';
import type { HealthState } from './next-hop-health';
import { type Path, pathsTo } from './paths';
import { leadsBy, placePaths, probeObjects, ruleKey } from './probe-ways';
import { Reach } from './reach';
import { Resolver } from './resolve';

const [A, B] = ['10.184.0.1', '10.184.0.3'];
const ON_LINK = kernelRoute('10.184.0.0/26 dev priv proto kernel');
const DATACENTRE: ProbedNetwork = {
  name: 'datacentre',
  subnets: [subnet('192.168.0.0/23')],
  targets: [{ host: '192.168.1.10', port: 443 }],
};
const PLANT: ProbedNetwork = {
  name: 'plant',
  subnets: [subnet('192.168.9.0/24')],
  targets: [{ host: '192.168.9.1', port: 22 }],
};
const route = (spec: Partial<Exclude<RouteSpec, string>> = {}) =>
  readRoute({ subnet: '192.168.1.0/24', nextHops: [A, B], ...spec } as RouteSpec, DEFAULT_RULES);

/** @param states states of next hops that the probes found, by network and address */
function node(
  states: Readonly<Record<string, HealthState>> = {},
  neighbours: typeof states = {},
  there: readonly string[] = [],
) {
  const state = snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...there] });
  const known = (all: typeof states, key: string) => {
    const found = all[key];
    return found && { state: found, since: 0 };
  };
  const reach = new Reach(
    [DATACENTRE, PLANT],
    (network, { gateway }) => known(states, `${network} ${gateway}`),
    state,
    SETTINGS.ownership,
  );
  const toNextHops = new Map([A, B].map((key) => [`${key}%`, ON_LINK]));
  const healthOf = ({ gateway }: { gateway?: unknown }) => known(neighbours, `${gateway}`);
  const resolver = new Resolver(state, { private: new Map(), toNextHops, healthOf, reach });
  return { state, reach, resolver };
}

function used(spec: Partial<Exclude<RouteSpec, string>>, ...given: Parameters<typeof node>): string {
  const found = node(...given).resolver.resolve(route(spec));
  return found.state === 'resolved' ? found.way.hops.map(({ gateway }) => `${gateway}`).join(' ') : found.state;
}

describe.each(['balance', 'failover'] as const)('in %s mode', (mode) => {
  test('removes a next hop through which no target answers from the routes to the network', () => {
    expect(used({ mode }, { [`datacentre ${A}`]: 'down' })).toBe(B);
    expect(used({ mode }, { [`datacentre ${A}`]: 'returning', [`datacentre ${B}`]: 'up' })).toBe(B);
  });

  test('does not change another network, or a subnet outside all networks', () => {
    const all = mode === 'balance' ? `${A} ${B}` : A;
    expect(used({ mode, subnet: '192.168.9.0/24' }, { [`datacentre ${A}`]: 'down' })).toBe(all);
    expect(used({ mode, subnet: '192.168.77.0/24' }, { [`datacentre ${A}`]: 'down' })).toBe(all);
  });

  test('keeps the last next hop', () => {
    expect(used({ mode }, { [`datacentre ${A}`]: 'down', [`datacentre ${B}`]: 'up' }, { [B]: 'down' })).not.toBe('');
  });

  test('does not use a silent router only because the probes have not noticed yet', () => {
    expect(used({ mode }, { [`datacentre ${A}`]: 'up' }, { [A]: 'down' })).toBe(B);
  });

  test('continues to avoid what the routes avoided when the agent started', () => {
    expect(used({ mode }, {}, {}, [`192.168.1.0/24 via ${B} dev priv proto ours`])).toBe(B);
  });
});

test('in failover mode, next hops after the one in use keep their state', () => {
  const { reach } = node({}, {}, [`192.168.1.0/24 via ${A} dev priv proto ours`]);
  const hops = [hop(`via ${A} dev priv`), hop(`via ${B} dev priv`)];
  expect(hops.map((each) => reach.before(route({ mode: 'failover' }), hops, each).state)).toEqual(['up', 'up']);
  expect(hops.map((each) => reach.before(route(), hops, each).state)).toEqual(['up', 'down']);
});

describe('probe paths', () => {
  function paths(specs = [route({ subnet: '192.168.0.0/16', nextHops: [A] }), route()]): Path[] {
    const { resolver, reach, state } = node();
    return pathsTo(
      [DATACENTRE, PLANT],
      specs.map((each) => resolver.resolve(each)),
      reach,
      state,
    );
  }

  test("lead to each target through each next hop of its most specific route, from the node's address on that link", () => {
    expect(
      paths().map(({ network, target, hop: { gateway }, source }) => `${network} ${target.host} ${gateway} ${source}`),
    ).toEqual([
      `datacentre 192.168.1.10 ${A} 10.184.0.2`,
      `datacentre 192.168.1.10 ${B} 10.184.0.2`,
      `plant 192.168.9.1 ${A} 10.184.0.2`,
    ]);
  });

  test('have a table and ports for each next hop, and a rule for each target', () => {
    const ways = placePaths(paths(), 142);
    const { rules, routes } = probeObjects(ways);
    expect(rules.map(ruleKey)).toEqual([
      'from 10.184.0.2 to 192.168.1.10 sport 61128 dport 443 lookup 1869647360',
      'from 10.184.0.2 to 192.168.1.10 sport 61132 dport 443 lookup 1869647361',
      'from 10.184.0.2 to 192.168.9.1 sport 61128 dport 22 lookup 1869647360',
    ]);
    expect(routes.map(({ table, hop: { gateway } }) => `${table} ${gateway}`)).toEqual([
      `1869647360 ${A}`,
      `1869647361 ${B}`,
    ]);
  });

  test.each([5, 142, 255])('stay below the last port and table with protocol %i', (protocol) => {
    const many = Array.from(
      { length: 20 },
      (_, i): Path => ({ ...(paths()[0] as Path), hop: hop(`via 10.184.0.${i + 1} dev priv`) }),
    );
    const ways = placePaths(many, protocol);
    expect(ways).toHaveLength(16);
    for (const { rule } of ways) {
      expect(rule.firstSourcePort).toBeGreaterThanOrEqual(61_000);
      expect(rule.firstSourcePort + 3).toBeLessThanOrEqual(65_535);
      expect((rule.table & 0xffff) >>> 8).toBe(protocol);
    }
  });

  test('count only while the FIB contains their next hop', () => {
    const [path] = paths() as [Path];
    expect(leadsBy(kernelRoute(`0.0.0.0/0 via ${A} dev priv`), path.hop)).toBe(true);
    expect(leadsBy(kernelRoute(`192.168.1.0/24 via ${B} dev priv`), path.hop)).toBe(false);
    expect(leadsBy(kernelRoute(`192.168.1.0/24 nhid 5`), path.hop)).toBe(false);
    expect(leadsBy('ENETUNREACH', path.hop)).toBe(false);
  });
});
