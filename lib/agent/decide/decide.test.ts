import { address, hop, route, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { MemoryKernel } from '../../../test/agent/memory-kernel';
import { NO_LIMITS, SETTINGS } from '../../../test/agent/settings';
import { DEFAULT_RULES, type ProbedNetwork, readRouteList } from '../../network';
import type { Kernel } from '../kernel/kernel';
import { Reconciler } from '../reconciler';
import { asStable, Derived } from '../stable';
import { type DecisionInputs, decide } from './decide';
import type { HealthOf } from './next-hop-health';
import { NO_PREFIXES } from './prefix';
import type { ReachOf } from './reach';
import { nextHopsToLookUp } from './resolve';

const LIST = asStable(
  readRouteList(
    ['192.168.0.0/24', { subnet: '192.168.1.0/24', nextHops: ['10.184.0.1', '10.184.0.3'] }],
    DEFAULT_RULES,
  ),
);
const NODE = asStable(snapshot({ ...SEEDS, routes: [...SEEDS.routes, '192.168.9.0/24 dev pub proto static'] }));
const ON_LINK = route('10.184.0.0/26 dev priv proto kernel');
const DATACENTRE: ProbedNetwork = {
  name: 'datacentre',
  subnets: [subnet('192.168.0.0/16')],
  targets: [{ host: '192.168.0.10', port: 443 }],
};
const UP: HealthOf = () => ({ state: 'up', since: 0 });

const BASE: DecisionInputs = {
  list: LIST,
  restored: asStable(NO_PREFIXES),
  snapshot: NODE,
  privateNetworks: asStable(
    new Map([
      [4, { state: 'found', network: subnet('10.0.0.0/8'), hops: [hop('via 10.184.0.1 dev priv')] }],
      [6, { state: 'unconfigured', reason: 'none' }],
    ] as const),
  ),
  questions: asStable(nextHopsToLookUp({ list: LIST, snapshot: NODE })),
  answers: asStable([ON_LINK, ON_LINK]),
  dependencies: asStable([]),
  healthOf: asStable(UP),
  reachOf: asStable<ReachOf>(() => undefined),
  ownership: asStable(SETTINGS.ownership),
  policy: asStable({
    privateNetworks: [subnet('10.0.0.0/8')],
    otherwise: 'unreachable',
    limits: NO_LIMITS,
    probes: [DATACENTRE],
  }),
};

/** A different value for every input. A missing one does not compile. */
const OTHERS: DecisionInputs = {
  list: asStable(readRouteList(['192.168.0.0/24'], DEFAULT_RULES)),
  restored: asStable([{ subnet: subnet('192.168.7.0/24'), table: 254 }]),
  snapshot: asStable(snapshot({ ...SEEDS, routes: [...SEEDS.routes, '192.168.0.0/24 dev pub proto static'] })),
  privateNetworks: asStable(new Map([[4, { state: 'missing', reason: 'no entry' }]])),
  questions: asStable([]),
  answers: asStable(['ENETUNREACH', ON_LINK]),
  dependencies: asStable([{ what: 'the API server 192.168.0.7', address: address('192.168.0.7') }]),
  healthOf: asStable<HealthOf>(({ gateway }) => ({ state: `${gateway}` === '10.184.0.1' ? 'down' : 'up', since: 0 })),
  reachOf: asStable<ReachOf>((_, { gateway }) => ({ state: `${gateway}` === '10.184.0.1' ? 'down' : 'up', since: 0 })),
  ownership: asStable({ ...SETTINGS.ownership, former: new Set([4]) }),
  policy: asStable({ ...BASE.policy, otherwise: 'nothing' }),
};
const NAMES = Object.keys(OTHERS) as (keyof DecisionInputs)[];

/** What a decision says about routes; the snapshot that it is based on is only passed through. */
function decided(inputs: DecisionInputs) {
  const { resolved, refusals, diff, companions, paths } = decide(inputs);
  return { resolved, paths, refusals, changes: diff.changes, cleanup: diff.cleanup, companions };
}

test.each(NAMES)('depends on its input %s, and changes with it', (name) => {
  const other = { ...BASE, [name]: OTHERS[name] };
  expect(decided(other)).not.toEqual(decided(BASE));
  const decision = new Derived(decide);
  const first = decision.of(BASE);
  expect(decision.of({ ...BASE })).toBe(first);
  expect(decision.of(other)).not.toBe(first);
});

test('depends only on its inputs, not on earlier decisions', () => {
  const first = decided(BASE);
  for (const name of NAMES) decided({ ...BASE, [name]: OTHERS[name] });
  expect(decided(BASE)).toEqual(first);
});

test('a pass provides all inputs', () => {
  const of = jest.spyOn(Derived.prototype, 'of');
  const kernel = new MemoryKernel(NODE, ({ protocol }) => protocol === 142);
  const reconciler = new Reconciler(kernel as unknown as Kernel, {
    ...SETTINGS,
    dependencies: () => [],
    isForwarding: () => true,
    destinations: () => [],
    healthOf: UP,
    healthChanges: () => 0,
    reachOf: () => undefined,
    reachChanges: () => 0,
  });
  reconciler.run(LIST);
  const inputs = of.mock.calls.map(([each]) => Object.keys(each).sort().join());
  expect(inputs).toContain([...NAMES].sort().join());
  of.mockRestore();
});
