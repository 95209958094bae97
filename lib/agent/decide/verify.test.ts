import fc from 'fast-check';
import { address, hop, route as kernelRoute, nexthop, snapshot } from '../../../test/agent/ip';
import { winner } from '../../../test/agent/memory-kernel';
import { type Address, DEFAULT_RULES, type RouteSpec, readRoute } from '../../network';
import type { KernelRoute } from '../kernel/types';
import { readLookups, verificationOf } from './verify';

const HOPS = [hop('via 10.184.0.1 dev priv')];
const OURS = '1 via 10.184.0.1 dev priv';
const isOurs = ({ protocol }: { protocol: number }) => protocol === 142;
const listed = (specs: readonly RouteSpec[], hops = HOPS) =>
  specs.map((spec) => ({ route: readRoute(spec, DEFAULT_RULES), way: { hops } }));

/** @param first tables that rules consult before main. */
function shadowedAmong(specs: readonly RouteSpec[], routes: readonly string[], first: readonly string[] = []) {
  const state = snapshot({ nexthops: [OURS], routes });
  const rules = first.map(kernelRoute);
  const lookup = jest.fn((addresses: readonly Address[]) =>
    addresses.map((address) => rules.find(({ subnet }) => subnet.contains(address)) ?? winner(state.routes, address)),
  );
  const verification = verificationOf(listed(specs), state, isOurs);
  const answers = lookup(verification.questions.map(({ address }) => address));
  return { shadowed: Object.fromEntries(readLookups(verification, answers, state).shadowed), lookup };
}

const ours = (text: string) => `${text} proto ours nhid 1`;

describe('a route is effective', () => {
  test('if a lookup finds it', () => {
    expect(shadowedAmong(['192.168.0.0/24'], [ours('192.168.0.0/24')]).shadowed).toEqual({});
  });

  test("if a lookup finds another program's route that goes the same way", () => {
    const { shadowed } = shadowedAmong(['192.168.0.0/24'], ['192.168.0.0/24 via 10.184.0.1 dev priv']);
    expect(shadowed).toEqual({});
  });

  test('if it is a fallback for another listed route to its subnet', () => {
    const specs = ['192.168.0.0/24', { subnet: '192.168.0.0/24', metric: 50 }];
    const routes = [ours('192.168.0.0/24'), ours('192.168.0.0/24 metric 50')];
    expect(shadowedAmong(specs, routes).shadowed).toEqual({});
  });

  test('outside longer prefixes, whoever owns them', () => {
    const { shadowed, lookup } = shadowedAmong(
      ['192.168.0.0/16', '192.168.0.0/24'],
      [ours('192.168.0.0/16'), ours('192.168.0.0/24'), '192.168.1.0/24 dev pods', '192.168.2.0/24 dev pods'],
    );
    expect(shadowed).toEqual({});
    expect(lookup.mock.calls[0]?.[0].map(String).sort()).toEqual(['192.168.0.0', '192.168.3.0']);
  });

  test('without a lookup if longer listed prefixes cover all of it', () => {
    const specs = ['192.168.0.0/23', '192.168.0.0/24', '192.168.1.0/24'];
    const { shadowed, lookup } = shadowedAmong(specs, specs.map(ours));
    expect(shadowed).toEqual({});
    expect(lookup.mock.calls[0]?.[0]).toHaveLength(2);
  });

  test('without a lookup in a table that lookups do not consult', () => {
    const { shadowed, lookup } = shadowedAmong([{ subnet: '192.168.0.0/24', table: 100 }], []);
    expect(shadowed).toEqual({});
    expect(lookup.mock.calls[0]?.[0]).toEqual([]);
  });
});

describe('a route is shadowed', () => {
  const elsewhere = 'via 198.51.100.1 dev pub';

  test('by an entry with our number that leads elsewhere', () => {
    const elsewhereOfOurs = '192.168.0.0/24 via 198.51.100.1 dev pub proto ours';
    expect(shadowedAmong(['192.168.0.0/24'], [elsewhereOfOurs]).shadowed).toEqual({
      '192.168.0.0/24': '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 142, metric 0',
    });
  });

  test("by another program's route with a lower metric", () => {
    const routes = [ours('192.168.0.0/24 metric 100'), `192.168.0.0/24 ${elsewhere}`];
    expect(shadowedAmong([{ subnet: '192.168.0.0/24', metric: 100 }], routes).shadowed).toEqual({
      '192.168.0.0/24': '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 3, metric 0',
    });
  });

  test("by another program's route with the same prefix and metric that comes first", () => {
    const routes = [`192.168.0.0/24 ${elsewhere}`, ours('192.168.0.0/24')];
    expect(shadowedAmong(['192.168.0.0/24'], routes).shadowed).toEqual({
      '192.168.0.0/24': '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 3, metric 0',
    });
  });

  test('by a table that a rule consults first, unless that goes the same way', () => {
    const same = ours('192.168.0.0/24 table 77');
    expect(shadowedAmong(['192.168.0.0/24'], [ours('192.168.0.0/24')], [same]).shadowed).toEqual({});
    const mine = `192.168.0.0/24 ${elsewhere} proto ours table 77`;
    expect(shadowedAmong(['192.168.0.0/24'], [ours('192.168.0.0/24')], [mine]).shadowed).toEqual({
      '192.168.0.0/24': '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 142, metric 0, table 77',
    });
    const rule = `192.168.0.0/24 ${elsewhere} table 77`;
    expect(shadowedAmong(['192.168.0.0/24'], [ours('192.168.0.0/24')], [rule]).shadowed).toEqual({
      '192.168.0.0/24': '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 3, metric 0, table 77',
    });
  });

  test('by routes of others that cover all of it, such as those of VPN clients', () => {
    const halves = [`192.168.0.0/25 ${elsewhere}`, `192.168.0.128/25 ${elsewhere}`];
    expect(shadowedAmong(['192.168.0.0/24'], [ours('192.168.0.0/24'), ...halves]).shadowed).toEqual({
      '192.168.0.0/24': 'more specific routes of other programs, which take all of it',
    });
  });

  test('if it is missing, by the route that covers it or by none', () => {
    expect(shadowedAmong(['192.168.0.0/24'], []).shadowed).toEqual({ '192.168.0.0/24': 'no route' });
    expect(shadowedAmong(['192.168.0.0/24'], [`0.0.0.0/0 ${elsewhere}`]).shadowed).toEqual({
      '192.168.0.0/24': '0.0.0.0/0 via 198.51.100.1 dev pub, protocol 3, metric 0',
    });
  });
});

describe('entries more specific than a listed subnet', () => {
  const SERVER = { address: address('192.168.1.10'), what: 'a server of this site' };

  /** @param first tables that are consulted before main. */
  function effects(
    routes: readonly string[],
    { first = [], specs = ['192.168.0.0/16'] }: { first?: readonly string[]; specs?: readonly string[] } = {},
  ) {
    const state = snapshot({ nexthops: [OURS], routes: [...specs.map(ours), ...routes, ...first] });
    const verification = verificationOf(listed(specs), state, isOurs, [SERVER]);
    const tables = first.map(kernelRoute);
    const answers = verification.questions.map(({ address: at }) => {
      const found = tables.find(({ subnet }) => subnet.contains(at)) ?? winner(state.routes, at);
      if (found === undefined) return 'ENETUNREACH';
      return { 6: 'EINVAL', 7: 'EHOSTUNREACH', 8: 'EACCES', 9: 'ENETUNREACH' }[found.type] ?? found;
    });
    const { shadowed, parts, destinations } = readLookups(verification, answers, state);
    return [shadowed, parts, destinations].map((each) => Object.fromEntries(each)['192.168.0.0/16']);
  }

  test.each<[string, string[], string]>([
    ['a connected subnet', ['192.168.4.0/24 dev pods proto kernel'], '192.168.4.0/24 dev pods takes a part'],
    [
      'a host route of DHCP',
      ['192.168.9.9/32 via 198.51.100.1 dev pub'],
      '192.168.9.9/32 via 198.51.100.1 dev pub takes a part',
    ],
    ['a blackhole route', ['blackhole 192.168.4.0/24'], 'blackhole 192.168.4.0/24 takes a part'],
    ['a prohibit route', ['prohibit 192.168.4.0/24'], 'prohibit 192.168.4.0/24 takes a part'],
    ['a throw route', ['throw 192.168.4.0/24'], 'throw 192.168.4.0/24 takes a part'],
    [
      'several, of which the outermost are named,',
      ['192.168.4.0/24 dev pods', '192.168.4.7/32 dev pods', 'unreachable 192.168.8.0/24'],
      '192.168.4.0/24 dev pods and unreachable 192.168.8.0/24 take parts',
    ],
    [
      'many',
      [2, 3, 4, 5, 6].map((i) => `192.168.${i}.0/24 dev pods`),
      '192.168.2.0/24 dev pods, 192.168.3.0/24 dev pods, 192.168.4.0/24 dev pods and 2 more take parts',
    ],
  ])('%s takes a part of it', (_, routes, text) => expect(effects(routes)).toEqual([undefined, text, undefined]));

  test.each<[string, string[]]>([
    ['that goes the same way', ['192.168.4.0/24 via 10.184.0.1 dev priv']],
    ['in a table that no rule leads to', ['192.168.4.0/24 dev pods table 77']],
    ['for some packets only', ['192.168.4.0/24 dev pods qualified']],
  ])('ignores an entry %s', (_, routes) => expect(effects(routes)).toEqual([undefined, undefined, undefined]));

  test('an entry in a table that a rule consults first takes a part, and the table is named', () => {
    const first = ['192.168.4.0/24 via 198.51.100.1 dev pub table 77'];
    expect(effects([], { first })[1]).toBe('192.168.4.0/24 via 198.51.100.1 dev pub in table 77 takes a part');
    expect(effects([], { first: ['local 192.168.4.1/32 dev lo table 255'] })[1]).toBe(
      'local 192.168.4.1/32 takes a part',
    );
    expect(effects([], { first: ['blackhole 192.168.4.0/24 table 77'] })[1]).toBe(
      'blackhole 192.168.4.0/24 in table 77 takes a part',
    );
  });

  test('a server in that part makes the route ineffective, and is named', () => {
    expect(effects(['192.168.1.0/24 dev pods'])[2]).toBe(
      'a lookup of 192.168.1.10, a server of this site, finds 192.168.1.0/24 dev pods',
    );
    expect(effects(['blackhole 192.168.1.10/32'])[2]).toBe(
      'a lookup of 192.168.1.10, a server of this site, finds blackhole 192.168.1.10/32, protocol 3, metric 0',
    );
  });

  test('looks up a server as part of the smallest listed subnet around it', () => {
    const specs = ['192.168.0.0/16', '192.168.1.0/24'];
    expect(effects(['192.168.1.10/32 dev pods'], { specs })).toEqual([undefined, undefined, undefined]);
  });
});

test('describes a rule that leads nowhere as such', () => {
  const state = { ...snapshot({ nexthops: [OURS], routes: [ours('192.168.0.0/24')] }), rules: [] };
  const verification = verificationOf(listed(['192.168.0.0/24']), state, isOurs);
  expect([...readLookups(verification, ['ENETUNREACH'], state).shadowed.values()]).toEqual(['no rule leads to main']);
});

describe('in IPv6, where answers contain only hops', () => {
  const hops6 = [hop('via fd00::1 dev priv'), hop('via fd00::2 dev priv')];
  const shadowed = (answer: string | undefined, routes: readonly string[] = [], metric = 1024) => {
    const state = { ...snapshot({ routes }), nexthops: new Map([[1, nexthop('1 via fd00::1 dev priv')]]) };
    const verification = verificationOf(listed([{ subnet: '2001:db8::/48', metric }], hops6), state, isOurs);
    return (
      readLookups(verification, [answer === undefined ? 'ENETUNREACH' : kernelRoute(answer)], state).shadowed.size > 0
    );
  };

  test('one of its hops makes a route effective, and any other hop shadows it', () => {
    expect(shadowed('2001:db8::/128 via fd00::2 dev priv')).toBe(false);
    expect(shadowed('2001:db8::/128 nhid 1')).toBe(false);
    expect(shadowed('2001:db8::/128 via fd00::3 dev priv')).toBe(true);
    expect(shadowed('2001:db8::/128 via fd00::1 dev pub')).toBe(true);
    expect(shadowed('blackhole 2001:db8::/128')).toBe(true);
  });

  test('without an answer, a route of others with a lower metric shadows it, and one with an equal metric does not', () => {
    expect(shadowed(undefined)).toBe(false);
    expect(shadowed(undefined, ['2001:db8::/48 via fd00::9 dev pub metric 512'])).toBe(true);
    expect(shadowed(undefined, ['2001:db8::/48 via fd00::9 dev pub metric 1024'])).toBe(false);
  });
});

test('agrees with what a packet would find, whatever other routes exist', () => {
  const moreSpecific = fc
    .tuple(fc.nat({ max: 15 }), fc.integer({ min: 26, max: 30 }))
    .map(([block, length]) => `192.168.0.${(block * 16) & (256 - 2 ** (32 - length))}/${length}`);
  fc.assert(
    fc.property(
      fc.uniqueArray(moreSpecific, { maxLength: 6 }),
      fc.uniqueArray(moreSpecific, { maxLength: 6 }),
      (own, others) => {
        const specs = ['192.168.0.0/24', ...own];
        const foreign = others
          .filter((text) => !specs.includes(text))
          .map((text) => `${text} via 198.51.100.1 dev pub`);
        const { shadowed } = shadowedAmong(specs, [...specs.map(ours), ...foreign]);
        const state = snapshot({ routes: [...specs.map(ours), ...foreign] }).routes;
        for (const spec of specs)
          expect(spec in shadowed).toBe(!reachesAny(spec, state) && !isCoveredByOwn(spec, specs));
      },
    ),
  );
});

/** Whether any address of a /24 or longer uses the route of exactly that subnet. */
function reachesAny(text: string, routes: readonly KernelRoute[]): boolean {
  return addressesOf(text).some((address) => `${winner(routes, address)?.subnet}` === text);
}

function isCoveredByOwn(text: string, specs: readonly string[]): boolean {
  return !reachesAny(text, specs.map(ours).map(kernelRoute));
}

function addressesOf(text: string): Address[] {
  const all: Address[] = [];
  const { subnet } = kernelRoute(text);
  for (let at: Address | undefined = subnet.address; at && subnet.contains(at); at = at.next()) all.push(at);
  return all;
}
