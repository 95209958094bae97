import { hop, route as kernelRoute, nexthop, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { DEFAULT_RULES, type RouteList, type RouteSpec, readRouteList } from '../../network';
import type { KernelEvent } from '../kernel/events';
import { asStable } from '../stable';
import type { PrivateNetwork } from './private-network';
import { type QuickAnswer, type QuickInputs, quickAnswer } from './quick-answer';
import type { RouteState, Verdict } from './verdicts';

const ID = 142 * 2 ** 24 + 1;
const OWNERSHIP = { protocol: 142, former: new Set([141]), adoptLegacy: false };
const OBJECT = nexthop(`${ID} via 10.184.0.1 dev priv`);

interface Options {
  readonly specs?: readonly RouteSpec[];
  readonly state?: RouteState;
  readonly objects?: readonly string[];
  readonly others?: readonly string[];
  readonly network?: PrivateNetwork;
}

const FOUND: PrivateNetwork = {
  state: 'found',
  network: subnet('10.0.0.0/8'),
  hops: [hop('via 10.184.0.1 dev priv')],
};

function answerTo(list: RouteList, decision: object, verdicts: readonly Verdict[]): QuickAnswer {
  return quickAnswer({
    list: asStable(list),
    decision: asStable(decision) as QuickInputs['decision'],
    verdicts: asStable(verdicts),
    ownership: asStable(OWNERSHIP),
  });
}

function changes(
  event: KernelEvent,
  { specs = ['192.168.0.0/24'], state = 'effective', objects = [], others = [], network = FOUND }: Options = {},
) {
  const list = readRouteList(specs, DEFAULT_RULES);
  const decision = {
    privateNetworks: new Map([[4 as const, network]]),
    snapshot: snapshot({ ...SEEDS, routes: [...SEEDS.routes, ...others] }),
  };
  const nexthops = new Map([OBJECT, ...objects.map(nexthop)].map((each) => [each.id, each]));
  const verdicts = list.routes.map((route) => ({ route, state }));
  return answerTo(list, decision, verdicts)([event], () => nexthops);
}

const deleted = (text: string): KernelEvent => ({ kind: 'route', route: kernelRoute(text), deleted: true });
const added = (text: string): KernelEvent => ({
  kind: 'route',
  route: kernelRoute(text),
  deleted: false,
  replaced: true,
});
const OURS = `192.168.0.0/24 nhid ${ID} proto ours`;

describe('a deleted route of ours', () => {
  test('is restored as listed, and never replaces another route', () => {
    const spec = { subnet: '192.168.0.0/24', mtu: 1400, source: '10.184.0.2' };
    expect(changes(deleted(OURS), { specs: ['192.168.9.0/24', spec] })).toMatchObject([
      { kind: 'put-route', replace: false, route: { nexthopId: ID, mtu: 1400, metric: 0, table: 254 } },
    ]);
  });

  test.each<[string, KernelEvent, Options]>([
    ['is not listed', deleted(`192.168.5.0/24 nhid ${ID} proto ours`), {}],
    ['has another metric', deleted(`${OURS} metric 7`), {}],
    ['has another table', deleted(`${OURS} table 7`), {}],
    ['was conflicting', deleted(OURS), { state: 'conflicting' }],
    ['waited', deleted(OURS), { state: 'waiting' }],
    ['failed', deleted(OURS), { state: 'failed' }],
    ['had no nexthop object', deleted('192.168.0.0/24 via 10.184.0.1 dev priv proto ours'), {}],
    ['belongs to another program', deleted(`192.168.0.0/24 nhid ${ID} proto static`), {}],
    ['was added', added(OURS), {}],
    [
      'has a rival that goes the same way',
      deleted(OURS),
      { others: ['192.168.0.0/24 via 10.184.0.1 dev priv metric 77'] },
    ],
    [
      'has a rival that leads elsewhere',
      deleted(OURS),
      { others: ['192.168.0.0/24 via 198.51.100.1 dev pub metric 77'] },
    ],
  ])('is left to the pass if it %s', (_, event, options) => expect(changes(event, options)).toEqual([]));
});

describe("a new next hop in the private network's entry", () => {
  const moved = added('10.0.0.0/8 via 10.184.0.3 dev priv proto static');

  test('changes the object of all routes that follow it', () => {
    expect(changes(moved)).toEqual([
      { kind: 'put-nexthop', replace: true, nexthop: { ...OBJECT, hop: hop('via 10.184.0.3 dev priv') } },
    ]);
  });

  test('changes all objects if routes have different MTUs', () => {
    const objects = [`${ID + 1} via 10.184.0.1 dev priv`, `${ID + 2} via 10.184.0.9 dev priv`];
    expect(changes(moved, { objects })).toMatchObject([{ nexthop: { id: ID } }, { nexthop: { id: ID + 1 } }]);
  });

  test.each<[string, KernelEvent, Options]>([
    ['it is unchanged', added('10.0.0.0/8 via 10.184.0.1 dev priv'), {}],
    ['it is deleted', deleted('10.0.0.0/8 via 10.184.0.1 dev priv'), {}],
    ['a lower metric wins', added('10.0.0.0/8 via 10.184.0.3 dev priv metric 5'), {}],
    ['it is in another table', added('10.0.0.0/8 via 10.184.0.3 dev priv table 7'), {}],
    ['it applies only to some packets', added('10.0.0.0/8 via 10.184.0.3 dev priv qualified'), {}],
    ['it rejects packets', added('blackhole 10.0.0.0/8'), {}],
    ['it has no next hop', added('10.0.0.0/8 dev priv'), {}],
    [
      'it has several next hops',
      added('10.0.0.0/8 nexthop via 10.184.0.3 dev priv nexthop via 10.184.0.1 dev priv'),
      {},
    ],
    ['it refers to an object', added('10.0.0.0/8 nhid 5'), {}],
    ['it is ours', added('10.0.0.0/8 via 10.184.0.3 dev priv proto ours'), {}],
    ['it is the entry of another network', added('172.16.0.0/12 via 10.184.0.3 dev priv'), {}],
    ['it comes after the one in force', { ...moved, replaced: undefined } as unknown as KernelEvent, {}],
    ["another program's route refers to the object", moved, { others: [`192.168.77.0/24 nhid ${ID} proto static`] }],
    ['there was no entry before', moved, { network: { state: 'missing', reason: 'none' } }],
    [
      'there were several entries before',
      moved,
      { network: { ...FOUND, hops: [...FOUND.hops, hop('via 10.184.0.9 dev priv')] } as PrivateNetwork },
    ],
    [
      'routes have their own next hops',
      moved,
      { specs: ['192.168.0.0/24', { subnet: '192.168.1.0/24', nextHop: '10.184.0.1' }] },
    ],
    ['the object is in a group', moved, { objects: [`${ID + 1} group ${ID}`] }],
  ])('is left to the pass if %s', (_, event, options) => expect(changes(event, options)).toEqual([]));
});

test('more than one event for the same prefix is left to the pass', () => {
  const list = readRouteList(['192.168.0.0/24'], DEFAULT_RULES);
  const verdicts = list.routes.map((route) => ({ route, state: 'effective' as const }));
  const decision = {
    privateNetworks: new Map([[4 as const, FOUND]]),
    snapshot: snapshot(SEEDS),
  };
  const there = added('10.0.0.0/8 via 10.184.0.3 dev priv');
  const foreign = added('192.168.0.0/24 via 198.51.100.1 dev pub metric 77');
  const ready = answerTo(list, decision, verdicts);
  expect(ready([foreign, deleted(OURS)], () => new Map([[ID, OBJECT]]))).toEqual([]);
  for (const second of [added('10.0.0.0/8 via 10.184.0.1 dev priv'), deleted('10.0.0.0/8 via 10.184.0.3 dev priv')])
    expect(ready([there, second], () => new Map([[ID, OBJECT]]))).toEqual([]);
});

test('other events prove nothing', () => {
  for (const event of [{ kind: 'rule' }, { kind: 'overrun' }, { kind: 'link', index: 2 }] as const)
    expect(changes(event)).toEqual([]);
});
