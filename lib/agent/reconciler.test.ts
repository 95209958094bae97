import { address, route as kernelRoute, LINKS, SEEDS, snapshot, subnet } from '../../test/agent/ip';
import { MemoryKernel } from '../../test/agent/memory-kernel';
import { NO_LIMITS } from '../../test/agent/settings';
import { DEFAULT_RULES, type RouteSpec, readRouteList, type Subnet } from '../network';
import type { Destination } from './decide/destinations';
import type { HealthOf } from './decide/next-hop-health';
import { isOwn, type Ownership } from './decide/ownership';
import type { Kernel } from './kernel/kernel';
import { Reconciler } from './reconciler';

const OWNERSHIP: Ownership = { protocol: 142, former: new Set(), adoptLegacy: false };
const TWO: readonly RouteSpec[] = ['192.168.0.0/24', '192.168.1.0/24'];

const NO_DESTINATIONS: readonly Destination[] = [];

interface Options {
  readonly state?: Parameters<typeof snapshot>[0];
  readonly requirePrivateNetwork?: boolean;
  readonly privateNetworks?: readonly Subnet[];
  readonly healthOf?: HealthOf;
  readonly otherwise?: 'nothing' | 'unreachable';
}

function node({
  state = SEEDS,
  requirePrivateNetwork = false,
  privateNetworks = [subnet('10.0.0.0/8')],
  healthOf = () => undefined,
  otherwise = 'nothing',
}: Options = {}) {
  const kernel = new MemoryKernel(snapshot(state), (object) => isOwn(object, OWNERSHIP));
  const settings = {
    privateNetworks,
    requirePrivateNetwork,
    otherwise,
    ownership: OWNERSHIP,
    healthOf,
    healthChanges: () => 0,
    reachOf: () => undefined,
    reachChanges: () => 0,
    copyToTables: [],
    podSubnets: [],
    isForwarding: () => true,
    destinations: () => NO_DESTINATIONS,
    limits: NO_LIMITS,
    probes: [],
    dependencies: () => [{ what: 'the API server 172.21.0.1', address: address('172.21.0.1') }],
  };
  const reconciler = new Reconciler(kernel as unknown as Kernel, settings);
  const run = (specs: readonly RouteSpec[] = TWO) => reconciler.run(readRouteList(specs, DEFAULT_RULES));
  const told = (specs: readonly RouteSpec[] = TWO) =>
    run(specs).verdicts.map(
      ({ route, state: standing, reason }) => `${route.subnet} ${standing}${reason ? `: ${reason}` : ''}`,
    );
  return { kernel, reconciler, settings, run, told };
}

const owned = (kernel: MemoryKernel) =>
  kernel
    .read()
    .routes.filter(({ protocol }) => protocol === 142)
    .map(({ subnet: own }) => `${own}`);

describe('a pass', () => {
  test('installs the list, verifies it, and has nothing to do the next time', () => {
    const { kernel, run } = node();
    const first = run();
    expect(first.done.map(({ kind }) => kind)).toEqual(['put-nexthop', 'put-route', 'put-route']);
    expect(first.verdicts).toMatchObject([
      { state: 'effective', way: 'via 10.184.0.1 dev priv' },
      { state: 'effective', way: 'via 10.184.0.1 dev priv' },
    ]);
    expect(run()).toMatchObject({ done: [], failed: [] });
    expect(kernel.harm).toEqual([]);
  });

  test('removes a route that is no longer listed, with its nexthop object', () => {
    const { kernel, run } = node();
    run();
    expect(run(['192.168.1.0/24']).done).toMatchObject([{ kind: 'delete-route' }]);
    expect(run([]).done.map(({ kind }) => kind)).toEqual(['delete-route', 'delete-nexthop']);
    expect(kernel.read().nexthops.size).toBe(0);
  });

  test('keeps routes whose next hop is lost, and reports what they wait for', () => {
    const { kernel, run, told } = node();
    run();
    kernel.remove(({ subnet: own }) => `${own}` === '10.0.0.0/8');
    expect(told()).toEqual(
      TWO.map(
        (listed) =>
          `${listed} waiting: this node has the address 10.184.0.2 but no route for 10.0.0.0/8, so its next hop is unknown`,
      ),
    );
    expect(owned(kernel)).toEqual(TWO);
  });

  test("follows the private network's next hop with one change", () => {
    const { kernel, run } = node();
    run();
    kernel.remove(({ subnet: own }) => `${own}` === '10.0.0.0/8');
    kernel.add(kernelRoute('10.0.0.0/8 via 10.184.0.3 dev priv'));
    expect(run().done).toMatchObject([{ kind: 'put-nexthop', replace: true }]);
    expect(run().verdicts[0]).toMatchObject({ state: 'effective', way: 'via 10.184.0.3 dev priv' });
  });

  test('previews exactly what it would do, and changes nothing', () => {
    const { kernel, reconciler, run } = node();
    run();
    const list = readRouteList(['192.168.7.0/24'], DEFAULT_RULES);
    const preview = reconciler.preview(list);
    expect(kernel.applied).toHaveLength(3);
    expect(reconciler.run(list).done).toEqual(preview);
  });
});

/** Makes lookups of one address find no route. */
function nothingFor(text: string, kernel: MemoryKernel): MemoryKernel['lookup'] {
  const lookup = kernel.lookup.bind(kernel);
  return (questions) =>
    lookup(questions).map((found, i) => (`${questions[i]?.address}` === text ? 'ENETUNREACH' : found));
}

describe('a pass after another one', () => {
  const list = readRouteList(['192.168.0.0/24', { subnet: '192.168.1.0/24', nextHops: ['10.184.0.3'] }], DEFAULT_RULES);
  const far = address('192.168.1.7');

  function settled() {
    const dead = new Set<string>();
    const { kernel, reconciler, settings } = node({
      healthOf: ({ gateway }) => ({ state: dead.has(`${gateway}`) ? 'down' : 'up', since: 0 }),
    });
    reconciler.run(list);
    const { verdicts } = reconciler.run(list);
    return { kernel, reconciler, settings, verdicts, dead };
  }
  const standings = ({ reconciler }: ReturnType<typeof settled>, listed = list) =>
    reconciler.run(listed).verdicts.map(({ state }) => state);

  test('recomputes nothing if nothing has changed', () => {
    const { reconciler, verdicts } = settled();
    const { done, verdicts: again } = reconciler.run(list);
    expect(again).toBe(verdicts);
    expect(done).toEqual([]);
  });

  test('recomputes if the tables change', () => {
    const there = settled();
    there.kernel.remove(({ subnet: own }) => `${own}` === '192.168.0.0/24');
    expect(there.reconciler.run(list).done).toMatchObject([{ kind: 'put-route' }]);
    there.kernel.add(kernelRoute('192.168.0.0/25 via 198.51.100.1 dev pub'));
    there.kernel.add(kernelRoute('192.168.0.128/25 via 198.51.100.1 dev pub'));
    expect(standings(there)).toEqual(['shadowed', 'effective']);
  });

  test('recomputes if lookups find something else', () => {
    const there = settled();
    const rule = kernelRoute('192.168.0.0/24 via 198.51.100.1 dev pub table 77');
    const lookup = there.kernel.lookup.bind(there.kernel);
    there.kernel.lookup = (questions) =>
      lookup(questions).map((found) =>
        typeof found !== 'string' && `${found.subnet}` === '192.168.0.0/24' ? rule : found,
      );
    expect(standings(there)).toEqual(['shadowed', 'effective']);
    there.kernel.lookup = lookup;
    expect(standings(there)).toEqual(['effective', 'effective']);
  });

  test('recomputes if the route to a next hop changes', () => {
    const there = settled();
    there.kernel.lookup = nothingFor('10.184.0.3', there.kernel);
    expect(standings(there)).toEqual(['effective', 'waiting']);
  });

  test('recomputes if the list changes', () => {
    const there = settled();
    const less = readRouteList(['192.168.0.0/24'], DEFAULT_RULES);
    expect(there.reconciler.run(less).done).toMatchObject([{ kind: 'delete-route' }, { kind: 'delete-nexthop' }]);
    expect(standings(there)).toEqual(['effective', 'effective']);
  });

  test('recomputes if what the node depends on changes', () => {
    const there = settled();
    const before = there.settings.dependencies();
    there.settings.dependencies = () => [...before, { what: `the protected ${far}`, address: far }];
    expect(standings(there)).toEqual(['effective', 'refused']);
  });

  test('recomputes if next hops start or stop answering', () => {
    const there = settled();
    const group = readRouteList([{ subnet: '192.168.0.0/24', nextHops: ['10.184.0.1', '10.184.0.3'] }], DEFAULT_RULES);
    for (let pass = 0; pass < 2; pass++) there.reconciler.run(group);
    there.dead.add('10.184.0.1');
    there.settings.healthChanges = () => 1;
    expect(there.reconciler.run(group).verdicts).toMatchObject([{ way: 'via 10.184.0.3 dev priv' }]);
  });

  test('recomputes if the ownership of routes changes', () => {
    const there = settled();
    there.kernel.add(kernelRoute('192.168.9.0/24 via 10.184.0.1 dev priv proto 143'));
    expect(there.reconciler.run(list).done).toEqual([]);
    there.settings.ownership = { ...OWNERSHIP, former: new Set([143]) };
    expect(there.reconciler.run(list).done).toMatchObject([{ kind: 'delete-route' }]);
  });

  test('retries a change that failed', () => {
    const there = settled();
    there.kernel.remove(({ subnet: own }) => `${own}` === '192.168.0.0/24');
    there.kernel.refuse = () => 'not now';
    expect(standings(there)).toEqual(['failed', 'effective']);
    expect(there.reconciler.run(list).failed).toHaveLength(1);
    there.kernel.refuse = () => undefined;
    // A change that succeeds at last must be verified like any other.
    there.kernel.lookup = nothingFor('192.168.0.0', there.kernel);
    expect(standings(there)).toEqual(['shadowed', 'effective']);
  });

  test("looks up a next hop on the link that currently has its interface's name", () => {
    const { kernel, reconciler } = settled();
    const lookup = jest.spyOn(kernel, 'lookup');
    const named = readRouteList(
      [{ subnet: '192.168.0.0/24', nextHop: '10.184.0.3', interface: 'priv' }],
      DEFAULT_RULES,
    );
    reconciler.run(named);
    const [before, after] = [LINKS.priv as number, 77];
    const read = kernel.read.bind(kernel);
    kernel.read = () => ({ ...read(), links: new Map([[after, { index: after, name: 'priv', carrier: true }]]) });
    reconciler.run(named);
    const links = lookup.mock.calls.flatMap(([questions]) => questions.flatMap(({ link }) => link ?? []));
    expect(links).toEqual([before, after]);
  });
});

describe('several next hops', () => {
  const down = (...gateways: string[]) => {
    const dead = new Set(gateways);
    const healthOf: HealthOf = ({ gateway }) => ({ state: dead.has(`${gateway}`) ? 'down' : 'up', since: 0 });
    return { dead, healthOf };
  };
  const LIST: readonly RouteSpec[] = TWO.map((to) => ({ subnet: `${to}`, nextHops: ['10.184.0.1', '10.184.0.3'] }));

  test('remove one that is down from the group and restore it with one message for all routes', () => {
    const { dead, healthOf } = down();
    const { kernel, run } = node({ healthOf });
    run(LIST);
    const [group] = [...kernel.read().nexthops.values()].filter((nexthop) => nexthop.group !== undefined);
    expect(group?.group).toHaveLength(2);
    dead.add('10.184.0.1');
    expect(run(LIST).done).toMatchObject([
      { kind: 'put-nexthop', replace: true, nexthop: { id: group?.id, group: [{}] } },
      { kind: 'delete-nexthop' },
    ]);
    expect(run(LIST)).toMatchObject({
      done: [],
      verdicts: [{ state: 'effective', way: 'via 10.184.0.3 dev priv' }, {}],
    });
    dead.clear();
    expect(run(LIST).done).toMatchObject([
      { kind: 'put-nexthop', replace: false },
      { kind: 'put-nexthop', replace: true, nexthop: { id: group?.id, group: [{}, {}] } },
    ]);
    expect(kernel.harm).toEqual([]);
  });

  test('with different modes stay separate while they are equal: one message for each set, in both directions', () => {
    const { dead, healthOf } = down();
    const { kernel, run } = node({ healthOf });
    const list: readonly RouteSpec[] = Array.from({ length: 20 }, (_, i) => ({
      subnet: `192.168.${i}.0/24`,
      nextHops: ['10.184.0.1', '10.184.0.3'],
      ...(i % 2 === 0 && { mode: 'failover' as const }),
    }));
    run(list);
    const changed = () => run(list).done.map(({ kind }) => kind);
    dead.add('10.184.0.3');
    expect(changed()).toEqual(['put-nexthop', 'delete-nexthop']);
    expect(changed()).toEqual([]);
    dead.clear();
    expect(changed()).toEqual(['put-nexthop', 'put-nexthop']);
    dead.add('10.184.0.1');
    expect(changed()).toEqual(['put-nexthop', 'put-nexthop', 'delete-nexthop']);
    expect([changed(), kernel.harm]).toEqual([[], []]);
  });

  test('report those that are down, and those that cannot be reached at all', () => {
    const { run } = node();
    const outcome = run(['192.168.0.0/24', { subnet: '192.168.1.0/24', nextHops: ['10.184.0.3', '203.0.113.9'] }]);
    expect(outcome.nextHops).toMatchObject([
      { interface: 'priv', isAlone: true },
      { interface: 'priv', isAlone: false },
    ]);
    expect(outcome.missingNextHops).toEqual([expect.stringMatching(/^next hop 203\.0\.113\.9 is not on a link/)]);
    expect(outcome.verdicts).toMatchObject([{ state: 'effective' }, { state: 'effective' }]);
  });

  test('leave out one whose link has no carrier: the kernel would reject it with its group', () => {
    const { kernel, run } = node();
    const carrierless = new Map(
      [...kernel.read().links].map(([i, link]) => [i, { ...link, carrier: link.name !== 'pub' }]),
    );
    const read = kernel.read.bind(kernel);
    kernel.read = () => ({ ...read(), links: carrierless });
    const outcome = run([{ subnet: '192.168.0.0/24', nextHops: ['10.184.0.3', '198.51.100.1'] }]);
    expect(outcome.verdicts).toMatchObject([{ state: 'effective', way: 'via 10.184.0.3 dev priv' }]);
    expect(outcome.missingNextHops).toEqual(['next hop via 198.51.100.1 dev pub has no carrier on its link']);
  });

  test("accept another program's route through all of them, whichever is down", () => {
    const { healthOf } = down('10.184.0.1');
    const { kernel, run } = node({ healthOf });
    kernel.add(kernelRoute('192.168.0.0/24 nexthop via 10.184.0.1 dev priv nexthop via 10.184.0.3 dev priv'));
    expect(run(LIST).verdicts[0]).toMatchObject({ state: 'satisfied' });
  });
});

test('a failed change does not prevent other clean-up', () => {
  const { kernel, run } = node();
  run([
    { subnet: '192.168.0.0/24', metric: 5 },
    { subnet: '192.168.1.0/24', metric: 5 },
  ]);
  kernel.refuse = (change) =>
    change.kind === 'put-route' && `${change.route.subnet}` === '192.168.0.0/24' ? 'no' : undefined;
  run(TWO);
  // The route without its successor stays; the other one has its successor.
  const metrics = kernel
    .read()
    .routes.flatMap(({ subnet: to, metric, protocol }) => (protocol === 142 ? [`${to} ${metric}`] : []));
  expect(metrics.sort()).toEqual(['192.168.0.0/24 5', '192.168.1.0/24 0']);
});

describe('reports a route', () => {
  test('as rejected with the reason, with the rest of the list applied and the route removed', () => {
    const { kernel, run, told } = node();
    run(['172.16.0.0/12']);
    expect(told(['172.16.0.0/12', '192.168.0.0/24', '10.184.0.32/28', '10.0.0.0/8'])).toEqual([
      '172.16.0.0/12 refused: 172.16.0.0/12 would take the route to the API server 172.21.0.1, which now goes via 198.51.100.1 dev pub',
      '192.168.0.0/24 effective',
      "10.184.0.32/28 refused: 10.184.0.32/28 lies in 10.184.0.0/26, which is connected to this node's priv",
      '10.0.0.0/8 refused: 10.0.0.0/8 is a private network itself, and its entry gives the next hop',
    ]);
    expect(owned(kernel)).toEqual(['192.168.0.0/24']);
  });

  test('as rejected if it would take the route to a next hop', () => {
    const { kernel, told } = node();
    kernel.add(kernelRoute('203.0.113.0/24 via 10.184.0.9 dev priv onlink'));
    const far = { subnet: '192.168.0.0/24', nextHop: '203.0.113.1', interface: 'priv' };
    expect(told([far, '203.0.113.0/28'])).toEqual([
      '192.168.0.0/24 effective',
      '203.0.113.0/28 refused: 203.0.113.0/28 would take the route to the next hop 203.0.113.1, which now goes via 10.184.0.9 dev priv',
    ]);
  });

  test('as conflicting with both routes named, and as satisfied by the existing one', () => {
    const { kernel, told } = node();
    kernel.add(kernelRoute('192.168.0.0/24 via 198.51.100.1 dev pub'));
    kernel.add(kernelRoute('192.168.1.0/24 via 10.184.0.1 dev priv'));
    expect(told()).toEqual([
      '192.168.0.0/24 conflicting: listed via 10.184.0.1 dev priv, but the node has 192.168.0.0/24 via 198.51.100.1 dev pub, protocol 3, metric 0',
      '192.168.1.0/24 satisfied: the node has 192.168.1.0/24 via 10.184.0.1 dev priv, protocol 3, metric 0',
    ]);
    expect(kernel.applied).toEqual([]);
  });

  test("as effective if another program's route beside it loses, and as conflicting if that wins", () => {
    const { kernel, run, told } = node();
    const spec = { subnet: '192.168.0.0/24', metric: 50 };
    run([spec]);
    const other = '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 3, metric';
    kernel.add(kernelRoute('192.168.0.0/24 via 198.51.100.1 dev pub metric 90'));
    expect(told([spec])).toEqual([`192.168.0.0/24 effective: the node also has ${other} 90`]);
    kernel.add(kernelRoute('192.168.0.0/24 via 198.51.100.1 dev pub metric 10'));
    expect(told([spec])).toEqual([
      `192.168.0.0/24 conflicting: listed via 10.184.0.1 dev priv, but the node has ${other} 10`,
    ]);
  });

  test('as installed in a table that only a rule leads to', () => {
    expect(node().told([{ subnet: '192.168.0.0/24', table: 100 }])).toEqual(['192.168.0.0/24 installed']);
  });

  test("as failed with the kernel's error text", () => {
    const { kernel, told } = node();
    kernel.refuse = (change) => (change.kind === 'put-route' ? 'Invalid source' : undefined);
    expect(told(['192.168.0.0/24'])).toEqual(['192.168.0.0/24 failed: the kernel reports: Invalid source (EINVAL)']);
  });

  test('as satisfied even if only the object of equivalent routes is rejected', () => {
    const { kernel, told } = node();
    kernel.add(kernelRoute('192.168.1.0/24 via 10.184.0.1 dev priv'));
    kernel.refuse = (change) => (change.kind === 'put-nexthop' ? 'refused' : undefined);
    expect(told().map((line) => line.split(' ')[1])).toEqual(['failed:', 'satisfied:']);
  });

  test('as failed if its nexthop object is rejected, whether new or changed in place', () => {
    const { kernel, run, told } = node();
    run();
    kernel.remove(({ subnet: own }) => `${own}` === '10.0.0.0/8');
    kernel.add(kernelRoute('10.0.0.0/8 via 10.184.0.3 dev priv'));
    kernel.refuse = (change) => (change.kind === 'put-nexthop' ? 'Nexthop has invalid gateway' : undefined);
    const reason = 'failed: the kernel reports: Nexthop has invalid gateway (EINVAL)';
    expect(told()).toEqual(TWO.map((listed) => `${listed} ${reason}`));
    expect(owned(kernel)).toEqual(TWO);
  });
});

describe('a change that fails', () => {
  test('keeps the object that the route still refers to, and everything else is done', () => {
    const { kernel, run } = node();
    run(['192.168.0.0/24', '192.168.9.0/24']);
    kernel.refuse = (change) => (change.kind === 'put-route' && change.replace ? 'refused' : undefined);
    const far = { subnet: '192.168.0.0/24', nextHop: '10.184.0.9', mtu: 1400 };
    const { done, failed } = run([far, '192.168.7.0/24']);
    expect(failed).toMatchObject([{ change: { kind: 'put-route' }, reason: 'refused (EINVAL)' }]);
    expect(done.filter(({ kind }) => kind === 'delete-nexthop')).toEqual([]);
    expect(owned(kernel).sort()).toEqual(['192.168.0.0/24', '192.168.7.0/24']);
    expect(kernel.harm).toEqual([]);
  });

  test('during the removal of everything is retried, so that no object is left behind', () => {
    const { kernel, reconciler, run } = node();
    run();
    let first = true;
    kernel.refuse = ({ kind }) => {
      if (kind !== 'delete-route' || !first) return undefined;
      first = false;
      return 'not now';
    };
    const { done, failed } = reconciler.removeAll();
    expect(failed).toEqual([]);
    expect(done.map(({ kind }) => kind)).toEqual(['delete-route', 'delete-route', 'delete-nexthop']);
    expect([owned(kernel), kernel.read().nexthops.size]).toEqual([[], 0]);
  });
});

describe('a node outside the private network', () => {
  const outside = {
    addresses: ['198.51.100.2/28 dev pub'],
    routes: ['0.0.0.0/0 via 198.51.100.1 dev pub', '198.51.100.0/28 dev pub proto kernel'],
  };
  const reason = 'this node has no route for 10.0.0.0/8 and no address in it';

  test('has nothing to do, even with routes of ours that do not follow the private network', () => {
    const { told } = node({ state: outside });
    const named = { subnet: '192.168.9.0/24', nextHop: '198.51.100.5' };
    for (let pass = 0; pass < 2; pass++)
      expect(told(['192.168.0.0/24', named])).toEqual([
        `192.168.0.0/24 not-applicable: ${reason}`,
        '192.168.9.0/24 effective',
      ]);
  });

  test('waits if the private network is required', () => {
    expect(node({ state: outside, requirePrivateNetwork: true }).told(['192.168.0.0/24'])).toEqual([
      `192.168.0.0/24 waiting: ${reason}`,
    ]);
  });

  test('waits if this agent has seen it inside before', () => {
    const entry = '10.0.0.0/8 via 10.184.0.1 dev priv onlink';
    const { kernel, run, told } = node({ state: { ...outside, routes: [...outside.routes, entry] } });
    run([]);
    kernel.remove(({ subnet: own }) => `${own}` === '10.0.0.0/8');
    expect(told(['192.168.0.0/24'])).toEqual([`192.168.0.0/24 waiting: ${reason}`]);
  });

  test('waits if a route of ours shows that it was inside before', () => {
    const left = { ...outside, routes: [...outside.routes, '192.168.0.0/24 via 10.184.0.1 dev priv proto ours'] };
    expect(node({ state: left }).told()).toEqual(TWO.map((listed) => `${listed} waiting: ${reason}`));
  });
});

test('throws an error and changes nothing if the kernel cannot be read', () => {
  const { kernel, run } = node();
  kernel.read = () => {
    throw new Error('ENOBUFS');
  };
  expect(() => run()).toThrow('ENOBUFS');
  expect(kernel.applied).toEqual([]);
});
