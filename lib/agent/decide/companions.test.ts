import { hop, route as kernelRoute, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { DEFAULT_RULES, type Route, type RouteSpec, readRoute } from '../../network';
import { asStable } from '../stable';
import { decideCompanions, missingCompanions, withoutCompanions } from './companions';
import type { Standing } from './diff';
import type { Guard } from './guard';
import type { Ownership } from './ownership';
import { prefixKey, readPrefix } from './prefix';
import type { Resolved } from './resolve';
import type { RouteState } from './verdicts';

const OWNERSHIP: Ownership = { protocol: 142, former: new Set([141]), adoptLegacy: false };
const WAY = { hops: [hop('via 10.184.0.1 dev priv')] };
const A = '192.168.0.0/24';
const OURS = `unreachable ${A} proto ours metric 4294967295`;

interface Case {
  readonly listed?: readonly RouteSpec[];
  readonly kernel?: readonly string[];
  readonly state?: RouteState;
  readonly standing?: Standing;
  readonly isRefused?: boolean;
  readonly before?: readonly string[];
  readonly restored?: readonly string[];
  readonly guard?: Guard['refuse'];
}

/** The changes of companions: `+` written, `=` stays, `-` withdrawn. */
function companions(given: Case): string[] {
  const { listed = [A], kernel = [], state = 'effective', before = [], restored = [] } = given;
  const routes = listed.map((spec) => readRoute(spec, DEFAULT_RULES));
  const node = snapshot({ ...SEEDS, routes: [...(SEEDS.routes ?? []), ...kernel] });
  const waits = state === 'waiting';
  const each = <T>(value: T | undefined): Map<Route, T> =>
    new Map(value === undefined ? [] : routes.map((route) => [route, value]));
  const found = decideCompanions({
    resolved: routes.map(
      (route): Resolved => (waits ? { state, route, reason: '' } : { state: 'resolved', route, way: WAY }),
    ),
    refusals: each(given.isRefused ? 'protected' : undefined),
    standings: each(given.standing),
    guard: { refuse: given.guard ?? (() => undefined) },
    snapshot: node,
    ownership: OWNERSHIP,
    restored: restored.map(readPrefix),
  });
  const verdicts = routes.map((route) => ({ route, state }));
  const { puts } = missingCompanions({
    companions: asStable(found),
    verdicts: asStable(verdicts),
    before: asStable(new Set(before)),
    ownership: asStable(OWNERSHIP),
  });
  return [
    ...found.withdrawn.map((route) => `-${route.subnet}`),
    ...[...found.present.keys()].map((key) => `=${key}`),
    ...puts.map(
      ({ route, replace }) => `${replace ? '~' : '+'}${route.subnet} table ${route.table} metric ${route.metric}`,
    ),
  ];
}

const ADDED = `+${A} table 254 metric 4294967295`;
const STAYS = `=${A} 254`;
const WITHDRAWN = `-${A}`;

test.each<[string, Case, string[]]>([
  ['an effective route gets one', {}, [ADDED]],
  ['in IPv6 as well', { listed: ['fd40::/48'] }, ['+fd40::/48 table 254 metric 4294967295']],
  [
    'so does one in another table',
    { listed: [{ subnet: A, table: 77 }], state: 'installed' },
    [`+${A} table 77 metric 4294967295`],
  ],
  ['routes with one prefix share one', { listed: [A, { subnet: A, metric: 5 }] }, [ADDED]],
  ['keeps an existing one', { kernel: [OURS] }, [STAYS]],
  [
    'takes over one of a former protocol number',
    { kernel: [OURS.replace('ours', 'former')] },
    [STAYS, `~${A} table 254 metric 4294967295`],
  ],
  ['withdraws one that is not listed', { listed: [], kernel: [OURS] }, [WITHDRAWN]],
  ['restores one that another program deleted', { state: 'waiting', before: [`${A} 254`] }, [ADDED]],
  ['a rollback restores one that the list does not contain', { listed: [], restored: [`${A} 254`] }, [ADDED]],
  ['a rollback restores one while its route waits', { state: 'waiting', restored: [`${A} 254`] }, [ADDED]],
])('%s', (_, given, expected) => expect(companions(given)).toEqual(expected));

test.each<RouteState>(['waiting', 'failed', 'shadowed', 'not-applicable'])(
  'a route that is %s gets none, but keeps an existing one',
  (state) => {
    expect(companions({ state })).toEqual([]);
    expect(companions({ state, kernel: [OURS] })).toEqual([STAYS]);
  },
);

test.each<[string, Case]>([
  ['refused', { isRefused: true, state: 'refused' }],
  ['conflicting', { standing: { state: 'conflicting', conflict: '' }, state: 'conflicting' }],
  ['satisfied', { standing: { state: 'satisfied', by: '' }, state: 'satisfied' }],
])('a route that is %s has none, whatever its previous state', (_, given) => {
  expect(companions({ ...given, before: [`${A} 254`], restored: [`${A} 254`] })).toEqual([]);
  expect(companions({ ...given, kernel: [OURS] })).toEqual([WITHDRAWN]);
});

test.each([
  ['a less specific route of others', '192.168.0.0/16 via 198.51.100.1 dev pub'],
  ['a less specific route of others that rejects', 'blackhole 192.0.0.0/8'],
  ['a route of others in its place', `unreachable ${A} proto 143 metric 4294967295`],
])('%s prevents a companion', (_, foreign) => {
  expect(companions({ kernel: [foreign], restored: [`${A} 254`] })).toEqual([]);
  expect(companions({ kernel: [foreign, OURS] })).toEqual([WITHDRAWN]);
});

test.each([
  ['in another table', '192.168.0.0/16 via 198.51.100.1 dev pub table 77'],
  ['of ours', '192.168.0.0/16 via 10.184.0.1 dev priv proto ours'],
  ['of the same prefix', `${A} via 198.51.100.1 dev pub metric 5`],
  ['inside it', '192.168.0.0/25 via 198.51.100.1 dev pub'],
  ['elsewhere', '192.169.0.0/16 via 198.51.100.1 dev pub'],
  ['that is the default route', '0.0.0.0/0 via 198.51.100.1 dev pub metric 100'],
])('a route %s does not prevent it', (_, other) => expect(companions({ kernel: [other] })).toEqual([ADDED]));

test('the guard judges a companion as a route without hops', () => {
  const ways: unknown[] = [];
  const guard: Guard['refuse'] = ({ way }) => {
    ways.push(way);
    return 'it would take the route to the API server';
  };
  expect(companions({ guard, kernel: [OURS] })).toEqual([WITHDRAWN]);
  expect(ways).toEqual([{ hops: [] }]);
});

test('without the option, withdraws ours and keeps those of others', () => {
  const node = snapshot({ routes: [OURS, OURS.replace('ours', 'former'), OURS.replace('ours', '143')] });
  expect(withoutCompanions(node, OWNERSHIP).withdrawn).toEqual([OURS, OURS.replace('ours', 'former')].map(kernelRoute));
});

test('reads a prefix from its key', () => {
  const prefix = { subnet: subnet('fd40::/48'), table: 77 };
  expect(readPrefix(prefixKey(prefix))).toEqual(prefix);
});
