import { route as kernelRoute, nexthop, SEEDS, snapshot } from '../../test/agent/ip';
import { memoryJournal } from '../../test/agent/memory-journal';
import { MemoryKernel } from '../../test/agent/memory-kernel';
import { SETTINGS } from '../../test/agent/settings';
import type { ConfigMapWatch } from '../program/api/config-map-watch';
import { PATIENCE_MS } from '../program/connection';
import { pause } from '../program/pause';
import { Agent } from './agent';
import { isOwn } from './decide/ownership';
import type { InstanceLock } from './instance-lock';
import type { KernelEvent } from './kernel/events';
import type { Kernel } from './kernel/kernel';
import type { KernelRoute } from './kernel/types';
import type { Attempt } from './reachability';
import { Reconciler } from './reconciler';
import type { Settings } from './settings';

interface Options {
  readonly settings?: Partial<Settings>;
  /** The holder of the lock at the time of asking; undefined if it is this agent. */
  readonly holder?: () => string | undefined | Promise<string | undefined>;
  readonly ownList?: string;
  /** @default every connection is answered */
  readonly attempt?: Attempt;
}

function start({ settings = {}, holder = () => undefined, ownList, attempt = async () => 'answered' }: Options = {}) {
  const kernel = new MemoryKernel(snapshot(SEEDS), (object) => isOwn(object, SETTINGS.ownership));
  const reconciler = new Reconciler(kernel as unknown as Kernel, {
    ...SETTINGS,
    dependencies: () => [],
    isForwarding: () => true,
    destinations: () => agent.destinations,
    healthOf: () => undefined,
    healthChanges: () => 0,
    reachOf: () => undefined,
    reachChanges: () => 0,
    get ownership() {
      return agent.ownership;
    },
  });
  const run = jest.spyOn(reconciler, 'run');
  const lookAtPods = jest.spyOn(reconciler, 'lookAtPods');
  const lock = { acquire: jest.fn(async () => holder()), release: jest.fn() };
  const nextHops = { all: [], follow: jest.fn(), stop: jest.fn() };
  const paths = { all: [], follow: jest.fn(), stop: jest.fn() };
  const logged: { level: string; event: string; message: string; details: unknown }[] = [];
  const journal = memoryJournal();
  const onNews = jest.fn();
  const agent: Agent = new Agent({
    settings: { ...SETTINGS, ...settings },
    reconciler,
    lock: lock as unknown as InstanceLock,
    nextHops,
    paths,
    journal,
    ownObjects: { isNamespaceTerminating: async () => false, isDaemonSetKept: async () => false },
    ownList,
    attempt: async (target) => {
      const answer = await attempt(target);
      if (answer === 'lost') await pause(PATIENCE_MS, new AbortController().signal);
      return answer;
    },
    random: () => 0,
    onNews,
    log: (level, event, message, details) => logged.push({ level, event, message, details }),
  });
  agent.start();
  let version = 0;
  return {
    agent,
    kernel,
    run,
    lookAtPods,
    lock,
    nextHops,
    onNews,
    logged,
    events: () => logged.map(({ event }) => event),
    list: (...subnets: string[]) =>
      agent.onConfigMap({ kind: 'present', data: { routes: JSON.stringify(subnets) }, version: `${++version}` }),
    gone: () => agent.onConfigMap({ kind: 'gone' }),
    owned: () =>
      kernel
        .read()
        .routes.filter(({ protocol }) => protocol === 142)
        .map((route) => `${route.subnet}`),
    deleteByHand: () => {
      const [route] = kernel.read().routes.filter(({ protocol }) => protocol === 142);
      kernel.remove((other) => other === route);
      agent.onKernelEvents([{ kind: 'route', route: route as never, deleted: true }]);
    },
  };
}

const IRRELEVANT: KernelEvent = { kind: 'route', route: kernelRoute('172.30.0.7/32 dev pods'), deleted: false };
const RULE: KernelEvent = { kind: 'rule' };
const WATCH = { nudge: jest.fn() } as unknown as ConfigMapWatch;
const settle = (milliseconds = 5) => jest.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('passes', () => {
  test('begin once the agent has the lock and a valid list, in either order', async () => {
    const early = start();
    early.list('192.168.0.0/24');
    expect(early.run).not.toHaveBeenCalled();
    await settle();
    expect(early.owned()).toEqual(['192.168.0.0/24']);

    const late = start();
    await settle();
    expect(late.run).not.toHaveBeenCalled();
    late.list('192.168.0.0/24');
    await settle();
    expect(late.owned()).toEqual(['192.168.0.0/24']);
    expect(late.agent.counters).toMatchObject({ repairs: 0, changes: 2, listsAccepted: 1 });
  });

  test('repair what an event reports within milliseconds', async () => {
    const { list, owned, deleteByHand, agent, logged } = start();
    list('192.168.0.0/24');
    await settle(500);
    deleteByHand();
    expect(owned()).toEqual(['192.168.0.0/24']);
    await settle(5);
    expect(agent.counters).toMatchObject({ repairs: 1 });
    expect(logged.at(-1)).toMatchObject({ event: 'routes.changed', details: { trigger: 'kernel event' } });
  });

  test("check the path of pods' packets, but not while an event waits for its repair", async () => {
    const { list, deleteByHand, owned, lookAtPods } = start();
    list('192.168.0.0/24');
    await settle(500);
    const before = lookAtPods.mock.calls.length;
    expect(before).toBeGreaterThan(0);
    deleteByHand();
    await settle(5);
    expect(owned()).toEqual(['192.168.0.0/24']);
    expect(lookAtPods).toHaveBeenCalledTimes(before);
    await settle(60_000);
    expect(lookAtPods.mock.calls.length).toBeGreaterThan(before);
  });

  test('do not delay the repair of a deleted route, but a fight over it is limited to ten repairs a second', async () => {
    const { list, kernel, agent } = start();
    list('192.168.0.0/24');
    await settle(500);
    const [route] = kernel.read().routes.filter(({ protocol }) => protocol === 142);
    kernel.read = () => {
      throw new Error('passes cannot be made');
    };
    const before = kernel.applied.length;
    for (let i = 0; i < 100; i++) {
      kernel.remove(({ protocol }) => protocol === 142);
      agent.onKernelEvents([{ kind: 'route', route: route as KernelRoute, deleted: true }]);
      await settle(10);
    }
    expect(kernel.applied.length - before).toBe(10);
  });

  test('do not delay the repair of a route that is deleted among other changes', async () => {
    const { agent, kernel, list, owned } = start();
    list('192.168.0.0/24');
    await settle(500);
    const [route] = kernel.read().routes.filter(({ protocol }) => protocol === 142);
    kernel.remove((other) => other === route);
    const others = Array.from({ length: 100 }, () => IRRELEVANT);
    agent.onKernelEvents([...others, { kind: 'route', route: route as KernelRoute, deleted: true }, ...others]);
    expect(owned()).toEqual(['192.168.0.0/24']); // before any timer fires
  });

  test('that find no change log nothing', async () => {
    const { kernel, list, onNews } = start();
    list('192.168.0.0/24');
    await settle(40_000);
    onNews.mockClear();
    await settle(300_000);
    expect(onNews).not.toHaveBeenCalled();
    kernel.remove(({ protocol }) => protocol === 142);
    await settle(40_000);
    expect(onNews).toHaveBeenCalled();
  });

  test('repair at once all routes that were deleted together', async () => {
    const { list, owned, kernel, agent, run } = start();
    const subnets = Array.from({ length: 20 }, (_, i) => `192.168.${i}.0/24`);
    list(...subnets);
    await settle(500);
    const before = run.mock.calls.length;
    const deleted = kernel.read().routes.filter(({ protocol }) => protocol === 142);
    kernel.remove(({ protocol }) => protocol === 142);
    agent.onKernelEvents(deleted.map((route) => ({ kind: 'route', route, deleted: true })));
    expect(owned()).toEqual([]);
    await settle(5);
    expect(owned().sort()).toEqual([...subnets].sort());
    expect(run).toHaveBeenCalledTimes(before + 1);
  });

  test('repair what no event reported after at most 30 s', async () => {
    const { kernel, list, owned } = start();
    list('192.168.0.0/24');
    await settle();
    kernel.remove(({ protocol }) => protocol === 142);
    await settle(29_000);
    expect(owned()).toEqual([]);
    await settle(1_000);
    expect(owned()).toEqual(['192.168.0.0/24']);
  });

  test('do not run for irrelevant events, and run once for many relevant ones', async () => {
    const { agent, list, run } = start();
    list('192.168.0.0/24');
    await settle(500);
    const before = run.mock.calls.length;
    agent.onKernelEvents([IRRELEVANT]);
    await settle(500);
    expect(run).toHaveBeenCalledTimes(before);
    for (let i = 0; i < 100; i++) agent.onKernelEvents([IRRELEVANT, RULE]);
    await settle(500);
    expect(run).toHaveBeenCalledTimes(before + 1);
  });

  test('pause for twice as long as they took, however many events arrive', async () => {
    const { agent, list, run, kernel } = start();
    list('192.168.0.0/24');
    await settle(500);
    const before = run.mock.calls.length;
    const read = kernel.read.bind(kernel);
    kernel.read = () => {
      jest.advanceTimersByTime(10); // reading the kernel takes 10 ms
      return read();
    };
    for (let i = 0; i < 1000; i++) {
      agent.onKernelEvents([RULE]);
      await settle(1);
    }
    const made = run.mock.calls.length - before;
    expect(made).toBeGreaterThan(30);
    expect(made).toBeLessThan(55);
  });

  test('log nothing if there is nothing to do', async () => {
    const { agent, list, logged } = start();
    list('192.168.0.0/24');
    await settle();
    const before = logged.length;
    for (let i = 0; i < 10; i++) {
      agent.onKernelEvents([RULE]);
      await settle(30_000);
    }
    expect(logged.slice(before)).toEqual([]);
  });

  test('attribute a change to the list if both a list and an event requested the pass', async () => {
    const { agent, list, logged } = start();
    list('192.168.0.0/24');
    await settle(500);
    agent.onKernelEvents([RULE]);
    list('192.168.0.0/24', '192.168.1.0/24');
    agent.onKernelEvents([RULE]);
    await settle(500);
    expect(logged.at(-1)).toMatchObject({ event: 'routes.changed', details: { trigger: 'list' } });
    expect(agent.counters.repairs).toBe(0);
  });
});

describe('a change that the kernel rejects', () => {
  test('is retried with growing delays, reported once, and retried at once after an event', async () => {
    const { agent, kernel, list, run, logged, owned } = start();
    kernel.refuse = ({ kind }) => (kind === 'put-route' ? 'Network is down' : undefined);
    list('192.168.0.0/24');
    await settle(10_000);
    const inTenSeconds = run.mock.calls.length;
    expect(inTenSeconds).toBeGreaterThan(4);
    expect(inTenSeconds).toBeLessThan(12);
    await settle(300_000);
    expect(run.mock.calls.length - inTenSeconds).toBeLessThan(40);
    expect(logged.filter(({ level }) => level === 'warn')).toMatchObject([{ event: 'route.state' }]);

    kernel.refuse = () => undefined;
    agent.onKernelEvents([{ kind: 'link', index: 2 }]);
    await settle(10);
    expect(owned()).toEqual(['192.168.0.0/24']);
  });
});

describe('a kernel that cannot be read', () => {
  test('is reported once, queried again, and reported when it answers', async () => {
    const { agent, kernel, list, events, owned } = start();
    const read = kernel.read.bind(kernel);
    kernel.read = () => {
      throw new Error('ENOBUFS');
    };
    list('192.168.0.0/24');
    await settle(5_000);
    expect(agent.passError).toBe("this node's routes could not be read: ENOBUFS");
    kernel.read = read;
    await settle(30_000);
    expect(agent.passError).toBeUndefined();
    expect(owned()).toEqual(['192.168.0.0/24']);
    expect(events()).toEqual(['list.accepted', 'pass.failed', 'pass.recovered', 'routes.changed']);
  });

  test('is read in full after lost events, which are reported at most once a second', async () => {
    const { agent, kernel, list, owned, events } = start();
    list('192.168.0.0/24');
    await settle(500);
    const lines = () => events().filter((event) => event === 'kernel.overrun').length;
    for (let round = 0; round < 20; round++) {
      kernel.remove(({ protocol }) => protocol === 142); // the event of this change was lost
      agent.onKernelEvents([{ kind: 'overrun' }]);
      await settle(100);
      expect(owned()).toEqual(['192.168.0.0/24']);
    }
    expect(lines()).toBe(2);
  });
});

describe('the ConfigMap', () => {
  test('changes nothing if it is invalid, and all findings are reported', async () => {
    const { agent, list, logged, owned } = start();
    list('192.168.0.0/24');
    await settle();
    list('192.168.0.0/24', '10.94.227.46/24');
    await settle(100);
    expect(owned()).toEqual(['192.168.0.0/24']);
    expect(logged.at(-1)).toMatchObject({
      level: 'error',
      event: 'list.rejected',
      details: { findings: [expect.stringContaining('routes[1]: "10.94.227.46/24" has host bits')] },
    });
    expect(agent.counters).toMatchObject({ listsAccepted: 1, listsRejected: 1 });
  });

  test('keeps the routes if it is gone, through any number of passes', async () => {
    const { list, gone, owned, events } = start();
    list('192.168.0.0/24');
    await settle();
    gone();
    await settle(300_000);
    expect(owned()).toEqual(['192.168.0.0/24']);
    expect(events()).toEqual(['list.accepted', 'routes.changed', 'list.gone']);
  });

  test('removes nothing of an earlier agent before the first valid list', async () => {
    const { agent, kernel, gone } = start();
    kernel.add(kernelRoute('192.168.9.0/24 via 10.184.0.1 dev priv proto ours'));
    gone();
    agent.onConfigMap({ kind: 'present', data: { routes: 'garbage' }, version: '1' });
    agent.onConfigMap({ kind: 'present', data: {}, version: '2' });
    agent.onKernelEvents([{ kind: 'overrun' }]);
    await settle(120_000);
    expect(kernel.applied).toEqual([]);
  });

  test('removes the routes with an empty list', async () => {
    const { list, owned } = start();
    list('192.168.0.0/24');
    await settle();
    list();
    await settle(100);
    expect(owned()).toEqual([]);
  });

  test('is reported with its repetitions', async () => {
    const { list, logged } = start();
    list('192.168.0.0/24', '192.168.0.0/24');
    expect(logged.at(-1)).toMatchObject({
      event: 'list.duplicates',
      details: { duplicates: ['routes[1] 192.168.0.0/24 repeats routes[0]'] },
    });
  });
});

test('reports the watch only when its state or its reason changes', () => {
  const { agent, logged } = start();
  agent.onState({ state: 'failing', reason: 'HTTP 503' });
  agent.onState({ state: 'failing', reason: 'HTTP 503' });
  agent.onState({ state: 'failing', reason: 'no answer' });
  agent.onState({ state: 'connected' });
  agent.onState({ state: 'connected' });
  expect(logged.map(({ event, message }) => `${event}: ${message}`)).toEqual([
    'watch.failing: HTTP 503; the routes stay; retrying',
    'watch.failing: no answer; the routes stay; retrying',
    'watch.connected: the API server answers',
  ]);
  expect(agent.watchState).toEqual({ state: 'connected' });
});

describe('a protocol number that another agent has locked', () => {
  test('prevents all changes, is reported once, and is taken when the other agent ends', async () => {
    let holder: string | undefined = 'default/other';
    const { agent, list, run, owned, events } = start({ holder: () => holder });
    list('192.168.0.0/24');
    await settle(10_000);
    expect(run).not.toHaveBeenCalled();
    expect(agent.lockHolder).toBe('default/other');
    holder = undefined;
    await settle(1_100);
    expect(owned()).toEqual(['192.168.0.0/24']);
    expect(agent.lockHolder).toBeUndefined();
    expect(events()).toEqual(['list.accepted', 'lock.held', 'lock.taken', 'routes.changed']);
  });

  test('is requested again, and reported once, if the lock is unavailable', async () => {
    const holder = jest.fn((): string | undefined => {
      throw new Error('EACCES');
    });
    const { events } = start({ holder });
    await settle(5_000);
    expect(holder.mock.calls.length).toBeGreaterThan(3);
    expect(events()).toEqual(['lock.failed']);
  });

  test('is not taken by an agent that is leaving', async () => {
    let answer: () => void = () => undefined;
    const { agent, lock, run, list } = start({
      holder: () =>
        new Promise((resolve) => {
          answer = () => resolve(undefined);
        }),
    });
    list('192.168.0.0/24');
    await agent.leave(WATCH);
    answer();
    await settle(5_000);
    expect(lock.acquire).toHaveBeenCalledTimes(1);
    expect(lock.release).toHaveBeenCalledTimes(2);
    expect(run).not.toHaveBeenCalled();
  });
});

describe('routes of a pool that never shares a node with this one', () => {
  const LEFT = [
    kernelRoute('192.168.0.0/24 via 10.184.0.1 dev priv proto 143'),
    kernelRoute('192.168.1.0/24 via 198.51.100.1 dev pub proto 143 metric 50'),
    kernelRoute('192.168.9.0/24 via 10.184.0.1 dev priv proto 143'),
  ];

  async function moved() {
    const node = start();
    node.kernel.add(...LEFT);
    node.list('192.168.0.0/24', '192.168.1.0/24', '192.168.2.0/24');
    await settle(500);
    return node;
  }
  const routesOf = (node: Awaited<ReturnType<typeof moved>>, protocol: number) =>
    node.kernel
      .read()
      .routes.filter((route) => route.protocol === protocol)
      .map((route) => `${route.subnet}`)
      .sort();

  test('belong to the other pool until they are taken over', async () => {
    const node = await moved();
    expect(node.owned()).toEqual(['192.168.1.0/24', '192.168.2.0/24']); // the other pool's route has the worse metric
    expect(routesOf(node, 143)).toHaveLength(3);
    expect(node.agent.isReadyFor(143)).toBe(true);
  });

  test('are taken over or removed in one pass, which is logged but is not a repair', async () => {
    const node = await moved();
    node.agent.takeOver(143);
    await settle(500);
    expect([routesOf(node, 142), routesOf(node, 143)]).toEqual([
      ['192.168.0.0/24', '192.168.1.0/24', '192.168.2.0/24'],
      [],
    ]);
    expect(node.logged.find(({ event }) => event === 'routes.taken-over')).toMatchObject({
      message: 'the agent of protocol 143 has been silent on this node for 60 s: 3 routes taken over',
      details: { protocol: 143, routes: 3 },
    });
    expect(node.logged).toContainEqual(
      expect.objectContaining({
        event: 'routes.changed',
        details: expect.objectContaining({ trigger: 'takeover', removed: ['192.168.9.0/24', '192.168.1.0/24'] }),
      }),
    );
    expect(node.agent.counters.repairs).toBe(0);
  });

  test('are repaired like any other route after that', async () => {
    const node = await moved();
    node.agent.takeOver(143);
    await settle(500);
    const straggler = kernelRoute('192.168.77.0/24 dev pods proto 143');
    node.kernel.add(straggler);
    node.agent.onKernelEvents([{ kind: 'route', route: straggler, deleted: false }]);
    await settle(500);
    expect(routesOf(node, 143)).toEqual([]);
  });

  test.each<[string, (node: Awaited<ReturnType<typeof moved>>) => unknown]>([
    ['the list is gone', ({ gone }) => gone()],
    ['the list was rejected', ({ list }) => list('192.168.0.1/24')],
    ['the agent leaves', ({ agent }) => void agent.leave(WATCH)],
  ])('are not taken over if %s', async (_, happen) => {
    const node = await moved();
    happen(node);
    expect(node.agent.isReadyFor(143)).toBe(false);
  });

  test('are not requested if there are none, before the first pass, or while another agent holds our number', async () => {
    expect((await moved()).agent.isReadyFor(144)).toBe(false);
    const early = start();
    early.kernel.add(...LEFT);
    expect(early.agent.isReadyFor(143)).toBe(false);
    const second = start({ holder: () => 'default/other' });
    second.kernel.add(...LEFT);
    second.list('192.168.0.0/24');
    await settle(500);
    expect(second.agent.isReadyFor(143)).toBe(false);
  });

  test('are taken over even if only their nexthop objects are left', async () => {
    const node = start();
    const object = nexthop('2399141889 proto 143 via 10.184.0.1 dev priv');
    node.kernel.apply([{ kind: 'put-nexthop', nexthop: object, replace: false }], 143);
    node.list('192.168.0.0/24');
    await settle(500);
    expect(node.agent.isReadyFor(143)).toBe(true);
  });
});

describe('a list from the pod template', () => {
  const rolling = (ownList?: string) =>
    start({ settings: { isRolling: true }, ...(ownList !== undefined && { ownList }) });

  test('is applied without an answer from the API server, and no other list is', async () => {
    const node = rolling('["192.168.0.0/24"]');
    await settle(1000);
    expect(node.owned()).toEqual(['192.168.0.0/24']);
    node.list('192.168.0.0/24');
    node.list('192.168.9.0/24');
    node.list('192.168.9.0/24');
    node.gone();
    node.list('192.168.0.0/24');
    await settle(1000);
    expect(node.owned()).toEqual(['192.168.0.0/24']);
    expect(node.events().filter((event) => event.startsWith('list.'))).toEqual([
      'list.accepted',
      'list.differs',
      'list.gone',
      'list.same',
    ]);
  });

  test('changes nothing if it is invalid', async () => {
    const node = rolling('[');
    node.list('192.168.0.0/24');
    await settle(1000);
    expect([node.owned(), node.agent.source.state.state]).toEqual([[], 'rejected']);
  });

  test('is removed when the agent leaves after its ConfigMap was deleted', async () => {
    const node = rolling('["192.168.0.0/24"]');
    await settle(1000);
    node.gone();
    await node.agent.leave(WATCH);
    expect(node.owned()).toEqual([]);
  });
});

describe('a list that is not in force', () => {
  test.each<[string, (node: ReturnType<typeof start>) => void]>([
    [
      'rejected',
      ({ agent }) => agent.onConfigMap({ kind: 'present', data: { routes: '["192.168.0.0/24", oops' }, version: 'x' }),
    ],
    ['gone', ({ gone }) => gone()],
  ])('because it was rolled back is not retried if the ConfigMap is %s by then', async (_, happen) => {
    let isAway = false;
    const attempt: Attempt = async () => {
      isAway ||= node.owned().length === 1;
      return isAway ? 'lost' : 'answered';
    };
    const node = start({ attempt });
    node.list('192.168.0.0/24', '192.168.1.0/24');
    await settle(1000);
    node.list('192.168.1.0/24');
    await settle(20_000);
    expect(node.agent.rollout.state.state).toBe('suspended');
    happen(node);
    isAway = false;
    await settle(700_000);
    expect(node.owned().sort()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
  });

  test('takes over no routes of another pool, because a rollback would not restore them', async () => {
    let isAway = false;
    const node = start({ attempt: async () => (isAway && node.owned().length > 1 ? 'lost' : 'answered') });
    node.kernel.add(kernelRoute('192.168.9.0/24 via 10.184.0.1 dev priv proto 143'));
    node.list('192.168.0.0/24');
    await settle(1000);
    expect(node.agent.isReadyFor(143)).toBe(true);
    isAway = true;
    node.list('192.168.0.0/24', '192.168.66.0/24');
    await settle(5000);
    expect(node.agent.isReadyFor(143)).toBe(false);
    await settle(10_000);
    expect([node.agent.rollout.state.state, node.agent.isReadyFor(143)]).toEqual(['condemned', false]);
  });
});

test('each API server that the settings name must stay reachable: a list that takes one of two is rolled back', async () => {
  const apiServers = ['203.0.113.21', '203.0.113.37'].map((host) => ({ host, port: 6443 }));
  const attempt: Attempt = async ({ host }) =>
    host === '203.0.113.37' && node.owned().length > 1 ? 'lost' : 'answered';
  const node = start({ settings: { apiServers }, attempt });
  node.list('192.168.0.0/24');
  await settle(1000);
  node.list('192.168.0.0/24', '203.0.113.32/28');
  await settle(20_000);
  expect(node.owned()).toEqual(['192.168.0.0/24']);
  expect(node.agent.rollout.state).toMatchObject({
    state: 'condemned',
    reason: expect.stringMatching(/^203\.0\.113\.37:6443 could not be reached/),
  });
});

describe('an agent that leaves', () => {
  async function installed(options: Options = {}) {
    const node = start(options);
    node.list('192.168.0.0/24');
    await settle(500);
    return node;
  }

  test('removes everything if the ConfigMap is known to be gone', async () => {
    const { agent, gone, kernel, owned, logged, lock } = await installed();
    gone();
    await settle(59_000);
    await agent.leave(WATCH);
    expect([owned(), kernel.read().nexthops.size]).toEqual([[], 0]);
    expect(logged.at(-1)).toMatchObject({ event: 'leave.remove', details: { removed: 1, failed: [] } });
    expect(lock.release).toHaveBeenCalled();
  });

  test('removes everything at once if the ConfigMap is deleted while it waits', async () => {
    const { agent, gone, owned } = await installed();
    const leaving = agent.leave(WATCH);
    expect(WATCH.nudge).toHaveBeenCalled();
    await settle(2_900);
    expect(owned()).toEqual(['192.168.0.0/24']);
    gone();
    await leaving;
    expect(owned()).toEqual([]);
  });

  test.each([
    ['no proof arrives', () => undefined],
    [
      'the API server rejects requests',
      ({ agent }: Awaited<ReturnType<typeof installed>>) => agent.onState({ state: 'failing', reason: 'HTTP 403' }),
    ],
    [
      'the list is invalid',
      ({ agent }: Awaited<ReturnType<typeof installed>>) =>
        agent.onConfigMap({ kind: 'present', data: {}, version: '99' }),
    ],
  ])('keeps the routes if %s, after 3 s', async (_, happen) => {
    const node = await installed();
    const leaving = node.agent.leave(WATCH);
    happen(node);
    await settle(2_990);
    expect(node.events()).not.toContain('leave.keep');
    await settle(20);
    await leaving;
    expect(node.owned()).toEqual(['192.168.0.0/24']);
    expect(node.logged.at(-1)).toMatchObject({ event: 'leave.keep' });
  });

  test('keeps the routes if the ConfigMap has been gone for longer than 60 s', async () => {
    const { agent, gone, owned } = await installed();
    gone();
    await settle(60_100);
    const leaving = agent.leave(WATCH);
    await settle(3_000);
    await leaving;
    expect(owned()).toEqual(['192.168.0.0/24']);
  });

  test('keeps the routes if the ConfigMap came back', async () => {
    const { agent, gone, list, owned } = await installed();
    gone();
    list('192.168.0.0/24');
    const leaving = agent.leave(WATCH);
    await settle(3_000);
    await leaving;
    expect(owned()).toEqual(['192.168.0.0/24']);
  });

  test('keeps the routes at once if it is configured to', async () => {
    const { agent, gone, owned } = await installed({ settings: { onUninstall: 'keep' } });
    gone();
    await agent.leave(WATCH);
    expect(owned()).toEqual(['192.168.0.0/24']);
  });

  test('removes nothing that another agent owns', async () => {
    const { agent, gone, kernel } = start({ holder: () => 'default/other' });
    kernel.add(kernelRoute('192.168.9.0/24 via 10.184.0.1 dev priv proto ours'));
    gone();
    await settle(100);
    await agent.leave(WATCH);
    expect(kernel.applied).toEqual([]);
  });

  test('during a trial restores the previous list, even if the ConfigMap is gone but routes must be kept', async () => {
    for (const isGone of [false, true]) {
      let isLost = false;
      const node = start({
        settings: { onUninstall: 'keep' },
        attempt: async () => (isLost && node.owned().length === 2 ? 'lost' : 'answered'),
      });
      node.list('192.168.0.0/24');
      await settle(500);
      isLost = true;
      node.list('192.168.0.0/24', '192.168.7.0/24');
      await settle(5000);
      expect(node.owned()).toHaveLength(2);
      if (isGone) node.gone();
      await node.agent.leave(WATCH);
      expect(node.owned()).toEqual(['192.168.0.0/24']);
      expect(node.events()).toContain('leave.rolled-back');
    }
  });

  test('makes no further pass, whatever happens', async () => {
    const { agent, list, run } = await installed();
    const leaving = agent.leave(WATCH);
    const before = run.mock.calls.length;
    list('192.168.7.0/24');
    agent.onKernelEvents([RULE, { kind: 'overrun' }]);
    await settle(60_000);
    await leaving;
    expect(run).toHaveBeenCalledTimes(before);
  });

  test('ends even if the kernel cannot be read', async () => {
    const { agent, gone, kernel, logged } = await installed();
    gone();
    kernel.read = () => {
      throw new Error('ENOBUFS');
    };
    await agent.leave(WATCH);
    expect(logged.at(-1)).toMatchObject({ event: 'leave.failed', message: 'the routes could not be removed: ENOBUFS' });
  });
});
