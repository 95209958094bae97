import { LINKS, nodeAddress, route, snapshot, subnet } from '../../../test/agent/ip';
import { DEFAULT_RULES, readRouteList } from '../../network';
import type { KernelEvent } from '../kernel/events';
import { asStable } from '../stable';
import { eventFilter, watchedSubnets } from './event-filter';
import type { RouteState, Verdict } from './verdicts';

const LIST = readRouteList(['192.168.0.0/24'], DEFAULT_RULES);
const OWNERSHIP = { protocol: 142, former: new Set([141]), adoptLegacy: false };
const NODE = snapshot({
  nexthops: ['1 via 10.184.0.1 dev priv'],
  routes: ['192.168.0.0/24 nhid 1 proto ours', '0.0.0.0/0 via 198.51.100.1 dev pub', '172.30.0.0/24 dev pods'],
});

function concerns(
  event: KernelEvent,
  state: RouteState = 'effective',
  missingNextHops: string[] = [],
  otherwise: 'nothing' | 'unreachable' = 'nothing',
): boolean {
  const verdicts: Verdict[] = LIST.routes.map((listed) => ({ route: listed, state }));
  const settings = asStable({ privateNetworks: [subnet('10.0.0.0/8')], otherwise });
  return eventFilter({
    subnets: asStable(watchedSubnets({ list: asStable(LIST), settings })),
    ownership: asStable(OWNERSHIP),
    verdicts: asStable(verdicts),
    missingNextHops: asStable(missingNextHops),
    snapshot: asStable(NODE),
  })(event);
}

const routeEvent = (text: string): KernelEvent => ({ kind: 'route', route: route(text), deleted: true });
const linkEvent = (name: string): KernelEvent => ({ kind: 'link', index: LINKS[name] as number });

test.each([
  ['a route of ours', routeEvent('203.0.113.0/24 dev pub proto ours')],
  ['a route of ours with a former number', routeEvent('203.0.113.0/24 dev pub proto former')],
  ["another program's route to a listed subnet", routeEvent('192.168.0.0/24 dev pub metric 50')],
  ["another program's route inside a listed subnet", routeEvent('192.168.0.9/32 dev pods')],
  ['a wider entry in a table that rules use', routeEvent('0.0.0.0/0 dev pub table 77')],
  ['the private network’s entry', routeEvent('10.0.0.0/8 via 10.184.0.3 dev priv')],
  ['the link of our routes', linkEvent('priv')],
  ['an address', { kind: 'address', address: nodeAddress('10.184.0.2/26 dev priv') }],
  ['a nexthop object', { kind: 'nexthop' }],
  ['a rule', { kind: 'rule' }],
  ['lost events', { kind: 'overrun' }],
] satisfies [string, KernelEvent][])('%s is relevant', (_, event) => expect(concerns(event)).toBe(true));

test.each([
  ['a pod’s route', routeEvent('172.30.0.7/32 dev pods')],
  ['a default route', routeEvent('0.0.0.0/0 via 198.51.100.1 dev pub')],
  ['a pod’s link', linkEvent('pods')],
  ['the public link, while no route of ours uses it', linkEvent('pub')],
  [
    'a link-local address, as each pod’s link gets one',
    { kind: 'address', address: nodeAddress('fe80::1/64 dev pods') },
  ],
] satisfies [string, KernelEvent][])('%s is relevant only while a route is in trouble', (_, event) => {
  expect(concerns(event)).toBe(false);
  const any = event.kind !== 'address';
  for (const state of ['waiting', 'failed', 'conflicting', 'shadowed', 'refused'] as const)
    expect(concerns(event, state)).toBe(any);
  for (const state of ['satisfied', 'installed', 'not-applicable'] as const) expect(concerns(event, state)).toBe(false);
});

test('any link may be the link of a missing next hop', () => {
  expect(concerns(linkEvent('pub'), 'effective', ['next hop 198.51.100.9 cannot be reached from this node'])).toBe(
    true,
  );
});

test('a less specific route of others is relevant only for unreachable routes, and the default route never', () => {
  const larger = routeEvent('192.168.0.0/16 dev pub');
  expect(concerns(larger)).toBe(false);
  expect(concerns(larger, 'effective', [], 'unreachable')).toBe(true);
  expect(concerns(routeEvent('0.0.0.0/0 dev pub'), 'effective', [], 'unreachable')).toBe(false);
});
