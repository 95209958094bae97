import fc from 'fast-check';
import { route as kernelRoute, SEEDS, snapshot } from '../../test/agent/ip';
import { MemoryKernel } from '../../test/agent/memory-kernel';
import { SETTINGS } from '../../test/agent/settings';
import { DEFAULT_RULES, type RouteSpec, readRouteList } from '../network';
import { isOwn, type Ownership } from './decide/ownership';
import { hopKey, hopsOf } from './decide/route-hops';
import type { KernelEvent } from './kernel/events';
import type { Kernel } from './kernel/kernel';
import type { Change, KernelRoute } from './kernel/types';
import { Reconciler } from './reconciler';

const OWNERSHIP: Ownership = SETTINGS.ownership;
const FIRST_OBJECT = OWNERSHIP.protocol * 2 ** 24 + 1;
const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24', '192.168.0.0/16'] as const;

const subnets = fc.constantFrom(...SUBNETS);
const gateways = fc.constantFrom('10.184.0.1', '10.184.0.3', '10.184.0.9');
const lists = fc.uniqueArray(
  fc.record(
    { subnet: subnets, nextHop: gateways, metric: fc.constantFrom(0, 50), mtu: fc.constant(1400) },
    { requiredKeys: ['subnet'] },
  ) as fc.Arbitrary<Exclude<RouteSpec, string>>,
  { selector: ({ subnet }) => subnet, minLength: 1 },
);
const rivals = fc
  .tuple(subnets, fc.constantFrom('via 198.51.100.1 dev pub', 'via 10.184.0.1 dev priv'), fc.constantFrom(0, 20, 77))
  .map(([subnet, way, metric]) => `${subnet} ${way} metric ${metric} proto static`);
const others = fc.array(
  fc.oneof(
    rivals,
    fc.constantFrom(
      '10.0.0.0/8 via 10.184.0.9 dev priv metric 5',
      `192.168.77.0/24 nhid ${FIRST_OBJECT} proto static`,
      `192.168.78.0/24 nhid ${FIRST_OBJECT + 1} proto static`,
    ),
  ),
  { maxLength: 2 },
);

/** What another program does to the node, and whether the agent learns of it before it answers. */
type Incident = { readonly isHeard: boolean } & (
  | { readonly kind: 'delete'; readonly place: number }
  | { readonly kind: 'move'; readonly gateway: string }
  | { readonly kind: 'add'; readonly route: string }
);
const isHeard = fc.boolean();
const incidents: fc.Arbitrary<Incident[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('delete' as const), place: fc.nat(2), isHeard }),
    fc.record({ kind: fc.constant('move' as const), gateway: gateways, isHeard }),
    fc.record({ kind: fc.constant('add' as const), route: rivals, isHeard }),
  ),
  { minLength: 1, maxLength: 3 },
);

/** A node after two passes. */
function settled(specs: readonly RouteSpec[], there: readonly string[]) {
  const kernel = new MemoryKernel(snapshot(SEEDS), (object) => isOwn(object, OWNERSHIP));
  const reconciler = new Reconciler(kernel as unknown as Kernel, {
    ...SETTINGS,
    dependencies: () => [],
    isForwarding: () => true,
    destinations: () => [],
    healthOf: () => undefined,
    healthChanges: () => 0,
    reachOf: () => undefined,
    reachChanges: () => 0,
  });
  const list = readRouteList(specs, DEFAULT_RULES);
  const pass = () => reconciler.run(list);
  pass();
  const { nexthops } = kernel.read();
  kernel.add(...there.map(kernelRoute).filter(({ nexthopId: id }) => id === undefined || nexthops.has(id)));
  pass();
  pass();
  return { kernel, reconciler, pass };
}

/** Applies them. @returns the events that the agent learns of. */
function happen(kernel: MemoryKernel, all: readonly Incident[]): KernelEvent[] {
  const events: KernelEvent[] = [];
  for (const each of all) {
    const event = happenTo(kernel, each);
    if (event !== undefined && each.isHeard) events.push(event);
  }
  return events;
}

function happenTo(kernel: MemoryKernel, incident: Incident): KernelEvent | undefined {
  const { routes } = kernel.read();
  const drop = (route: KernelRoute) => kernel.remove((other) => other === route);
  if (incident.kind === 'delete') {
    const own = routes.filter((route) => isOwn(route, OWNERSHIP))[incident.place];
    if (own === undefined) return undefined;
    drop(own);
    return { kind: 'route', route: own, deleted: true };
  }
  const text = incident.kind === 'add' ? incident.route : `10.0.0.0/8 via ${incident.gateway} dev priv`;
  const route = kernelRoute(text);
  const taken = routes.find((other) => other.subnet.equals(route.subnet) && other.metric === route.metric);
  if (incident.kind === 'add') {
    if (taken !== undefined) return undefined; // the kernel rejects it
    kernel.add(route);
    return { kind: 'route', route, deleted: false };
  }
  if (taken === undefined) return undefined;
  drop(taken);
  kernel.add(route);
  return { kind: 'route', route, deleted: false, replaced: true };
}

/** What the kernel does with packets; the numbers of nexthop objects do not matter. */
function ways(kernel: MemoryKernel): string[] {
  const { routes, nexthops } = kernel.read();
  return routes
    .map((route) => {
      const { subnet, metric, protocol, mtu } = route;
      return `${subnet} ${metric} ${protocol} ${mtu} ${hopsOf(route, nexthops).map(hopKey)}`;
    })
    .sort();
}

/** The subject of a change. */
const objectOf = (change: Change): string =>
  'nexthop' in change ? `object ${change.nexthop.id}` : `${change.route.subnet} ${change.route.metric}`;

test('a quick answer has the same result as the pass alone, and harms no other route, whatever else happened', () => {
  fc.assert(
    fc.property(lists, others, incidents, (specs, there, all) => {
      const [quick, slow] = [settled(specs, there), settled(specs, there)];
      quick.reconciler.answer(happen(quick.kernel, all));
      happen(slow.kernel, all);
      for (const node of [quick, slow]) for (let pass = 0; pass < 2; pass++) node.pass();
      expect(ways(quick.kernel)).toEqual(ways(slow.kernel));
      expect(quick.kernel.harm).toEqual(slow.kernel.harm);
    }),
    { numRuns: 1000 },
  );
});

test('the pass reverts nothing of a quick answer to all events', () => {
  let answers = 0;
  fc.assert(
    fc.property(lists, others, incidents, (specs, there, all) => {
      const { kernel, reconciler, pass } = settled(specs, there);
      const heard = all.map((each) => ({ ...each, isHeard: true }));
      const { done } = reconciler.answer(happen(kernel, heard));
      answers += done.length;
      // An object may have lost its last route meanwhile, and is then removed.
      const undone = pass()
        .done.filter(({ kind }) => kind !== 'delete-nexthop')
        .map(objectOf);
      expect(done.map(objectOf).filter((object) => undone.includes(object))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
  expect(answers).toBeGreaterThan(100);
});
