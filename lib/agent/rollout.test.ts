import { route as kernelRoute, nexthop, SEEDS, snapshot, subnet } from '../../test/agent/ip';
import { memoryJournal } from '../../test/agent/memory-journal';
import { MemoryKernel } from '../../test/agent/memory-kernel';
import { NO_LIMITS } from '../../test/agent/settings';
import { DEFAULT_RULES, parseRouteList, type Subnet, type Target } from '../network';
import { type Answer, PATIENCE_MS } from '../program/connection';
import { pause } from '../program/pause';
import type { JournalEntry } from './journal';
import type { Kernel } from './kernel/kernel';
import { Passes, type Trigger } from './passes';
import { type Outcome, Reconciler } from './reconciler';
import { Rollout } from './rollout';
import { CONFIRM_MS } from './trial';

const API: Target = { host: '172.21.0.1', port: 443 };
const OTHER: Target = { host: '10.184.0.10', port: 22 };
const OWNERSHIP = { protocol: 142, former: new Set<number>(), adoptLegacy: false };
const [A, B, BAD] = ['["192.168.0.0/24"]', '["192.168.1.0/24"]', '["192.168.0.0/24", "192.168.66.0/24"]'] as const;

interface Options {
  readonly entry?: JournalEntry;
  readonly isRolling?: boolean;
  /** The list that an earlier agent confirmed. */
  readonly kept?: string;
  readonly targets?: readonly Target[];
  /** Milliseconds between requesting a pass and making it. @default 0 */
  readonly delay?: number;
  readonly otherwise?: 'nothing' | 'unreachable';
  /** The time of connections within a check: 0 at its start, 1 at its end. @default 0 */
  readonly random?: number;
  readonly spreadMs?: number;
}

/** Two checks without an answer, in each of which all connections are made at once. */
const TRIAL_MS = 2 * PATIENCE_MS;
const MINUTES = 60_000;

/** A node that loses the targets that `lost` returns for the currently routed subnets. */
function node({
  isRolling = false,
  entry,
  kept,
  targets = [API],
  delay = 0,
  otherwise = 'nothing',
  random = 0,
  spreadMs = 0,
}: Options = {}) {
  const kernel = new MemoryKernel(snapshot(SEEDS), ({ protocol }) => protocol === 142);
  /** Only the changes that a decision requests. */
  const limits = jest.fn(() => NO_LIMITS);
  const reconciler = new Reconciler(kernel as unknown as Kernel, {
    privateNetworks: [subnet('10.0.0.0/8')],
    requirePrivateNetwork: false,
    otherwise,
    dependencies: () => [],
    ownership: OWNERSHIP,
    copyToTables: [],
    podSubnets: [],
    isForwarding: () => true,
    destinations: () => [],
    healthOf: () => undefined,
    healthChanges: () => 0,
    reachOf: () => undefined,
    reachChanges: () => 0,
    probes: [],
    get limits() {
      return limits();
    },
  });
  const routed = () =>
    kernel
      .read()
      .routes.filter(({ protocol }) => protocol === 142)
      .map((route) => `${route.subnet as Subnet}`);
  const behaviour: { answer: (target: Target, subnets: readonly string[]) => Answer } = {
    answer: (_, subnets) => (subnets.includes('192.168.66.0/24') ? 'lost' : 'answered'),
  };
  const journal = memoryJournal(entry, kept);
  const attempts: Target[] = [];
  const events: string[] = [];
  const triggers: string[] = [];
  const passes = new (class extends Passes {
    request(trigger: Trigger) {
      triggers.push(trigger);
      setTimeout(pass, delay);
    }
  })();
  const pass = () => {
    const { inForce } = rollout;
    if (inForce === undefined) return;
    const outcome: Outcome = reconciler.run(inForce, (read) => rollout.beforeChanges(read), {
      isConfirmed: rollout.isConfirmed,
      restored: rollout.restoredWith(inForce),
    });
    passes.made(outcome);
  };
  const rollout = new Rollout({
    ownership: () => OWNERSHIP,
    rules: DEFAULT_RULES,
    isRolling,
    targets,
    attempt: async (target) => {
      attempts.push(target);
      const answer = behaviour.answer(target, routed());
      if (answer === 'lost') await pause(PATIENCE_MS, new AbortController().signal);
      return answer;
    },
    random: () => random,
    spreadMs,
    wouldChange: (list) => reconciler.preview(list).length > 0,
    journal,
    log: (_, event) => events.push(event),
    passes,
    onConfirmed: () => {
      if (otherwise === 'unreachable') pass();
    },
  });
  const accept = (text: string) => rollout.accept(parseRouteList(text, DEFAULT_RULES), text);
  return { limits, attempts, kernel, rollout, routed, behaviour, journal, events, triggers, pass, accept };
}

/** All four connections before the change are answered, and none after it. */
function onceThen(answer: Answer): () => Answer {
  let asked = 0;
  return () => (asked++ < 4 ? 'answered' : answer);
}

const wait = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('a list', () => {
  test('is confirmed if everything that was reachable before still is; meanwhile, the journal names the state to restore', async () => {
    const { accept, rollout, routed, journal } = node();
    accept(A);
    await wait(5);
    accept(B);
    await wait(5);
    expect([routed(), rollout.state]).toEqual([['192.168.1.0/24'], { state: 'settled' }]);
    expect(journal.entries.map((entry) => entry && [entry.state, entry.found])).toEqual([
      ['trial', '[]'],
      undefined,
      ['trial', undefined],
      undefined,
    ]);
    expect(journal.texts).toEqual([A, B]);
  });

  test('that changes nothing is not tried, and an unchanged one is not checked', async () => {
    const { accept, kernel, journal, triggers, pass } = node();
    accept(A);
    await wait(5);
    pass();
    accept('["192.168.0.0/24" ]');
    await wait(5);
    accept('["192.168.0.0/24" ]');
    await wait(5);
    expect(triggers).toEqual(['list', 'list']);
    expect([kernel.applied.length, journal.entries.filter((entry) => entry !== undefined)]).toEqual([
      2,
      [expect.objectContaining({ state: 'trial' })],
    ]);
  });

  test('is decided once, although the agent first checks whether it changes anything', async () => {
    const { accept, limits } = node();
    accept(A);
    await wait(5);
    limits.mockClear();
    accept('["192.168.0.0/24" ]');
    await wait(5);
    expect(limits).toHaveBeenCalledTimes(1);
  });

  test('is checked with 4 connections before it is applied, and with 8 after that', async () => {
    const { accept, attempts } = node();
    accept(A);
    await wait(5);
    expect(attempts).toHaveLength(12);
  });

  test('that loses the API server is rolled back within 10 s, and condemned if that happens again', async () => {
    const { accept, rollout, routed, events, journal } = node({ random: 1 });
    accept(A);
    await wait(5000);
    accept(BAD);
    await wait(1000);
    await wait(CONFIRM_MS - 500);
    expect([routed().length, rollout.state.state]).toEqual([2, 'trial']);
    await wait(1000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'suspended']);
    await wait(2 * CONFIRM_MS);
    expect([routed(), rollout.rollbacks]).toEqual([['192.168.0.0/24'], 2]);
    expect(rollout.state).toMatchObject({
      state: 'condemned',
      reason: '172.21.0.1:443 could not be reached with the list but could without it, 2 times',
    });
    expect(events).toEqual(['list.rolled-back', 'list.retried', 'list.rolled-back', 'list.condemned']);
    expect(journal.read()).toEqual({ state: 'condemned', list: expect.any(String), companions: [], ended: 0 });
  });

  test('that loses a target once, by chance, is applied nevertheless', async () => {
    const { accept, rollout, routed, behaviour, events } = node({ targets: [API, OTHER] });
    behaviour.answer = (target) =>
      target === OTHER && rollout.rollbacks === 0 && routed().length > 0 ? 'lost' : 'answered';
    accept(A);
    await wait(TRIAL_MS + 500);
    expect(events).toEqual(['list.rolled-back', 'list.retried']);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'settled']);
  });

  test('that loses some of the servers behind one address is rolled back', async () => {
    const { accept, routed, behaviour, rollout } = node();
    let connections = 0;
    behaviour.answer = (_, subnets) => (subnets.length > 0 && connections++ % 3 > 0 ? 'lost' : 'answered');
    accept(A);
    await wait(2 * TRIAL_MS + 500);
    expect([routed(), rollout.state.state]).toEqual([[], 'condemned']);
  });

  test('is not to blame for a server behind one address that was dead before', async () => {
    const { accept, routed, behaviour, rollout } = node();
    let connections = 0;
    behaviour.answer = () => (connections++ % 3 === 0 ? 'lost' : 'answered');
    accept(A);
    await wait(5 * TRIAL_MS);
    expect([routed(), rollout.rollbacks]).toEqual([['192.168.0.0/24'], 0]);
  });

  test('that is condemned is retried after 15 minutes, and after twice as long each time it fails', async () => {
    const { accept, rollout, routed, behaviour } = node();
    accept(BAD);
    await wait(2 * TRIAL_MS + 500);
    for (const [minutes, trials] of [
      [15, 3],
      [30, 4],
      [60, 5],
    ] as const) {
      expect(rollout.state).toMatchObject({ state: 'condemned', due: expect.any(Number) });
      await wait(minutes * MINUTES - 1000);
      expect([routed(), rollout.rollbacks]).toEqual([[], trials - 1]);
      await wait(1000 + TRIAL_MS);
      expect([routed(), rollout.rollbacks]).toEqual([[], trials]);
    }
    behaviour.answer = () => 'answered';
    await wait(121 * MINUTES);
    expect([routed().length, rollout.state.state]).toEqual([2, 'settled']);
  });

  test('that was confirmed before is applied without a check, and stays confirmed', async () => {
    const { accept, rollout, routed, behaviour, attempts } = node({ spreadMs: 30_000, random: 0.5 });
    accept(A);
    await wait(3000);
    accept(B);
    await wait(15_000 + 500);
    await wait(1500);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'settled']);
    attempts.length = 0;
    accept(A);
    await wait(0);
    expect([routed(), rollout.state.state, attempts.length]).toEqual([['192.168.0.0/24'], 'trial', 0]);
    await wait(1500);
    expect([rollout.state.state, attempts.length]).toEqual(['settled', 8]);
    behaviour.answer = (_, subnets) => (subnets.includes('192.168.1.0/24') ? 'lost' : 'answered');
    accept(B);
    await wait(TRIAL_MS + 2 * 1000 + 500);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'suspended']);
  });

  test('that was confirmed before must leave the API server reachable, and nothing else: other targets were not checked before it', async () => {
    const { accept, rollout, routed, behaviour, attempts } = node({ targets: [API, OTHER] });
    accept(A);
    await wait(5);
    accept(B);
    await wait(5);
    attempts.length = 0;
    behaviour.answer = (target, subnets) =>
      target === OTHER && subnets.includes('192.168.0.0/24') ? 'lost' : 'answered';
    accept(A);
    await wait(TRIAL_MS + 500);
    expect([routed(), rollout.state.state, new Set(attempts)]).toEqual([['192.168.0.0/24'], 'settled', new Set([API])]);
    behaviour.answer = (target, subnets) =>
      target === API && subnets.includes('192.168.1.0/24') ? 'lost' : 'answered';
    accept(B);
    await wait(TRIAL_MS + 500);
    expect(rollout.rollbacks).toBe(1);
  });

  test('that was confirmed before is checked in full with rolling changes', async () => {
    const { accept, rollout, routed, behaviour } = node({ targets: [API, OTHER], isRolling: true });
    accept(A);
    await wait(5);
    accept(B);
    await wait(5);
    behaviour.answer = (target, subnets) =>
      target === OTHER && subnets.includes('192.168.0.0/24') ? 'lost' : 'answered';
    accept(A);
    await wait(2 * TRIAL_MS + 500);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'condemned']);
  });

  test('waits for a random time on a large fleet, unless the node has none yet or it changes nothing', async () => {
    const { accept, rollout, routed } = node({ spreadMs: 30_000, random: 0.5 });
    accept(A);
    await wait(3000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'settled']);
    accept('["192.168.0.0/24" ]');
    await wait(1);
    expect(rollout.state.state).toBe('settled');
    accept(B);
    await wait(14_900);
    expect([routed(), rollout.state]).toMatchObject([
      ['192.168.0.0/24'],
      { state: 'pending', due: expect.any(Number) },
    ]);
    await wait(700);
    expect(routed()).toEqual(['192.168.1.0/24']);
  });

  test('that is condemned gives way to another one, and may return after that', async () => {
    const { accept, rollout, routed, behaviour, journal } = node();
    accept(BAD);
    await wait(2 * TRIAL_MS + 1000);
    expect([routed(), rollout.state.state]).toEqual([[], 'condemned']);
    accept(B);
    await wait(5);
    expect([routed(), rollout.state.state, journal.read()]).toEqual([['192.168.1.0/24'], 'settled', undefined]);
    behaviour.answer = () => 'answered';
    accept(BAD);
    await wait(5);
    expect(routed()).toHaveLength(2);
  });

  test('that arrived before the first one was confirmed rolls back to the routes that existed before', async () => {
    const { accept, kernel, routed } = node();
    kernel.add(kernelRoute('192.168.9.0/24 via 10.184.0.1 dev priv proto ours'));
    accept(BAD);
    await wait(5);
    expect(routed()).not.toContain('192.168.9.0/24');
    await wait(2 * TRIAL_MS + 500);
    expect(routed()).toEqual(['192.168.9.0/24']);
  });

  test('that does not reach what could not be reached before is confirmed', async () => {
    const { accept, rollout, behaviour } = node({ targets: [API, OTHER] });
    behaviour.answer = (target) => (target === OTHER ? 'lost' : 'answered');
    accept(A);
    await wait(2 * PATIENCE_MS + 5);
    expect(rollout.state).toEqual({ state: 'settled' });
  });

  test('that the API server has just delivered waits for it to answer, and is rolled back if it never does', async () => {
    const { accept, routed, rollout, behaviour } = node();
    behaviour.answer = () => 'lost';
    accept(A);
    await wait(10_000);
    expect([routed(), rollout.state.state]).toEqual([[], 'pending']);
    await wait(50_000);
    expect([routed(), rollout.state.state]).toEqual([[], 'suspended']);
    behaviour.answer = () => 'answered';
    await wait(MINUTES);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'settled']);
  });

  test('that repairs the path to the API server is applied although it did not answer before', async () => {
    const { accept, routed, rollout, behaviour } = node();
    behaviour.answer = (_, subnets) => (subnets.includes('192.168.1.0/24') ? 'answered' : 'lost');
    accept(B);
    await wait(50_000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'settled']);
  });
});

test('waits for the API server with rolling changes, because an unverified list would reach other nodes', async () => {
  const { accept, routed, rollout, events, behaviour } = node({ isRolling: true, targets: [API, OTHER] });
  behaviour.answer = (target) => (target === API ? 'lost' : 'answered');
  accept(A);
  await wait(120_000);
  expect([routed(), rollout.inForce, events]).toEqual([[], undefined, ['list.waiting']]);
  expect(rollout.state).toEqual({
    state: 'pending',
    reason: 'the API server 172.21.0.1:443 does not answer, so the list cannot be confirmed',
  });
  behaviour.answer = () => 'answered';
  await wait(60_000);
  expect([routed(), rollout.state.state, events]).toEqual([['192.168.0.0/24'], 'settled', ['list.waiting']]);
});

test.each([false, true])(
  'that was confirmed is repaired after a restart without a check (rolling: %s)',
  async (isRolling) => {
    const { accept, routed, rollout, events, attempts, behaviour, pass } = node({ isRolling, kept: A });
    behaviour.answer = () => 'lost';
    rollout.resume();
    accept(A);
    await wait(MINUTES);
    pass();
    expect([routed(), rollout.state, events, attempts]).toEqual([['192.168.0.0/24'], { state: 'settled' }, [], []]);
    accept(B);
    await wait(10_000);
    expect(rollout.state.state).toBe('pending');
  },
);

describe('an API server restart blocks no list', () => {
  test('down for longer than the trial: the list waits, and is applied when the server is back', async () => {
    const { accept, rollout, routed, behaviour, events } = node();
    accept(A);
    await wait(5);
    behaviour.answer = onceThen('refused');
    accept(B);
    await wait(5000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'suspended']);
    behaviour.answer = () => 'answered';
    await wait(60_000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'settled']);
    expect(events).toEqual(['list.rolled-back', 'list.retried']);
  });

  test('back just after the rollback: it had refused connections, so the list is retried', async () => {
    const { accept, rollout, routed, behaviour } = node();
    accept(A);
    await wait(5);
    behaviour.answer = onceThen('refused');
    accept(B);
    await wait(100);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'suspended']);
    behaviour.answer = () => 'answered';
    await wait(5000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'settled']);
  });

  test('silent: only what returns at once was lost because of the list', async () => {
    const { accept, rollout, routed, behaviour } = node();
    accept(A);
    await wait(5);
    behaviour.answer = onceThen('lost');
    accept(B);
    await wait(TRIAL_MS + 4000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'suspended']);
    behaviour.answer = () => 'answered';
    await wait(60_000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'settled']);
  });

  test('a list that loses it every time is not retried indefinitely', async () => {
    const { accept, rollout, behaviour } = node();
    behaviour.answer = (_, subnets) => (subnets.includes('192.168.66.0/24') ? 'refused' : 'answered');
    accept(BAD);
    await wait(120_000);
    expect([rollout.rollbacks, rollout.state.state]).toEqual([3, 'condemned']);
  });

  test('one of several behind an address that refuses connections is not a loss, because the path exists', async () => {
    const { accept, rollout, routed, behaviour } = node();
    let connections = 0;
    behaviour.answer = (_, subnets) => (subnets.length > 0 && connections++ % 3 > 0 ? 'refused' : 'answered');
    accept(A);
    await wait(5);
    expect([routed(), rollout.state.state, rollout.rollbacks]).toEqual([['192.168.0.0/24'], 'settled', 0]);
  });
});

test('applies one of continuously changing lists each second, and on large fleets within the configured time', async () => {
  for (const [spreadMs, seconds] of [
    [0, 4],
    [10_000, 12],
  ] as const) {
    const { accept, routed } = node({ random: 0.5, spreadMs });
    accept(A);
    await wait(3000);
    for (let i = 0; i < seconds * 10; i++) {
      accept(JSON.stringify([`192.168.${i}.0/24`]));
      await wait(100);
    }
    expect(routed()).not.toEqual(['192.168.0.0/24']);
  }
});

describe('a list that replaces one on trial', () => {
  test('is compared with what was reachable before the first of the two', async () => {
    const { accept, rollout, routed } = node();
    accept(A);
    await wait(5);
    accept(BAD);
    await wait(3000);
    accept('["192.168.66.0/24"]');
    await wait(5);
    expect(routed()).toEqual(['192.168.66.0/24']);
    await wait(2 * TRIAL_MS + 1000);
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'condemned']);
  });

  test('and repairs it is confirmed', async () => {
    const { accept, rollout, routed, journal } = node();
    accept(A);
    await wait(5);
    accept(BAD);
    await wait(3000);
    accept(B);
    await wait(500);
    expect([routed(), rollout.state.state, rollout.rollbacks, journal.read()]).toEqual([
      ['192.168.1.0/24'],
      'settled',
      0,
      undefined,
    ]);
  });
});

test('a repair during a trial is not written to the journal again', async () => {
  const { accept, kernel, journal, pass } = node();
  accept(BAD);
  await wait(100);
  kernel.remove((route) => `${route.subnet}` === '192.168.0.0/24');
  pass();
  expect(journal.entries).toHaveLength(1);
});

test('a condemned list that returns while another one is on trial rolls that back', async () => {
  const { accept, rollout, routed, journal } = node();
  accept(A);
  await wait(5);
  accept(BAD);
  await wait(2 * TRIAL_MS + 1000);
  accept('["192.168.66.0/24"]');
  await wait(3000);
  expect(routed()).toEqual(['192.168.66.0/24']);
  accept(BAD);
  await wait(60_000);
  expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'condemned']);
  expect([journal.read()?.state, journal.texts]).toEqual(['condemned', [A]]);
});

describe('a list with some routes that wait', () => {
  const PARTLY = '["192.168.0.0/24", { "subnet": "192.168.5.0/24", "interface": "eth9" }]';
  const standing = () => {
    const one = node();
    const object = nexthop(`${142 * 2 ** 24 + 1} via 10.184.0.1 dev priv`);
    one.kernel.apply([{ kind: 'put-nexthop', replace: false, nexthop: object }], 142);
    one.kernel.add(kernelRoute(`192.168.0.0/24 nhid ${object.id} proto ours`));
    return one;
  };

  test('is settled when the others are installed, and later repairs need no check', async () => {
    const { accept, rollout, routed, behaviour, kernel, pass, events } = standing();
    accept(PARTLY);
    await wait(600_000);
    expect(rollout.state.state).toBe('settled');
    behaviour.answer = () => 'lost';
    kernel.remove((route) => `${route.subnet}` === '192.168.0.0/24');
    pass();
    await wait(CONFIRM_MS + 3000);
    expect([routed(), events]).toEqual([['192.168.0.0/24'], []]);
  });
});

test('a target that goes down while a list waits for its next hop no longer has to be reachable', async () => {
  const { accept, rollout, routed, behaviour, kernel, pass } = node({ targets: [API, OTHER] });
  behaviour.answer = () => 'answered';
  kernel.remove((route) => `${route.subnet}` === '10.0.0.0/8');
  accept(A);
  await wait(1000);
  pass();
  await wait(6000);
  behaviour.answer = (target) => (target === OTHER ? 'lost' : 'answered');
  pass();
  await wait(3 * PATIENCE_MS + 100);
  kernel.add(kernelRoute('10.0.0.0/8 via 10.184.0.1 dev priv'));
  pass();
  await wait(1000);
  expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'settled']);
});

test('changes that the kernel refuses to undo are still pending when the agent ends', async () => {
  const { accept, rollout, kernel } = node();
  accept(A);
  await wait(5);
  accept(BAD);
  await wait(3000);
  kernel.refuse = ({ kind }) => (kind === 'delete-route' ? 'busy' : undefined);
  await wait(CONFIRM_MS);
  expect(rollout.unconfirmedBase?.routes).toHaveLength(1);
});

describe('a list whose routes all wait', () => {
  test('is tried once they have a next hop', async () => {
    const { accept, kernel, rollout, routed, pass } = node();
    kernel.remove((route) => `${route.subnet}` === '10.0.0.0/8');
    accept(BAD);
    await wait(60_000);
    expect([routed(), rollout.state.state]).toEqual([[], 'trial']);
    kernel.add(kernelRoute('10.0.0.0/8 via 10.184.0.1 dev priv'));
    pass();
    expect(routed()).toHaveLength(2);
    await wait(2 * TRIAL_MS + 1000);
    expect([routed(), rollout.state.state]).toEqual([[], 'condemned']);
  });
});

describe('unreachable routes', () => {
  const unreachable = (kernel: MemoryKernel) =>
    kernel
      .read()
      .routes.filter(({ type }) => type === 7)
      .map((route) => `${route.subnet}`);

  test('are written once the list is confirmed, and never those of a list that is rolled back', async () => {
    const { kernel, accept } = node({ otherwise: 'unreachable' });
    accept(A);
    await wait(5);
    expect(unreachable(kernel)).toEqual(['192.168.0.0/24']);
    accept(BAD);
    await wait(TRIAL_MS - 500);
    expect(unreachable(kernel)).toEqual(['192.168.0.0/24']);
    await wait(600);
    expect(unreachable(kernel)).toEqual(['192.168.0.0/24']);
  });

  test('that a list on trial removed are restored with the previous list, although its routes wait', async () => {
    const { kernel, accept, pass } = node({ otherwise: 'unreachable' });
    accept('["192.168.0.0/24", "192.168.1.0/24"]');
    await wait(5);
    kernel.remove(
      ({ subnet: each, type }) => `${each}` === '10.0.0.0/8' || (`${each}` === '192.168.1.0/24' && type === 1),
    );
    pass();
    expect(unreachable(kernel)).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
    accept('["192.168.0.0/24", { "subnet": "192.168.66.0/24", "nextHop": "10.184.0.1" }]');
    await wait(TRIAL_MS - 500);
    expect(unreachable(kernel)).toEqual(['192.168.0.0/24']);
    await wait(TRIAL_MS + 600);
    expect(unreachable(kernel).sort()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
  });

  test('are restored from the journal by the next agent', async () => {
    const entry: JournalEntry = {
      ...{ state: 'trial', list: 'hash', found: '[]' },
      ...{ companions: ['192.168.1.0/24 254'], ended: 0 },
    };
    const { kernel, rollout } = node({ entry, otherwise: 'unreachable' });
    rollout.resume();
    await wait(5);
    expect(unreachable(kernel)).toEqual(['192.168.1.0/24']);
  });
});

describe('an agent that was killed', () => {
  const entry: JournalEntry = { state: 'trial', list: 'hash', companions: [], ended: 0 };

  const leftBy = ({ journal }: ReturnType<typeof node>): Options => ({
    entry: journal.read() as JournalEntry,
    kept: journal.texts.at(-1) as string,
  });

  test('during a trial: the next agent first rolls the list back, with or without a list', async () => {
    const { kernel, rollout, routed, events, triggers } = node({ entry, kept: A });
    kernel.add(kernelRoute('192.168.66.0/24 via 10.184.0.1 dev priv proto ours'));
    rollout.resume();
    await wait(5);
    expect([routed(), events, triggers, rollout.rollbacks]).toEqual([
      ['192.168.0.0/24'],
      ['list.resumed'],
      ['rollback'],
      1,
    ]);
  });

  test('and the list is retried after that', async () => {
    const { accept, rollout, triggers, routed } = node({ entry, kept: A });
    rollout.resume();
    accept(BAD);
    await wait(2 * TRIAL_MS + 1000);
    expect([triggers, routed(), rollout.state.state]).toEqual([
      ['rollback', 'list', 'rollback', 'list', 'rollback'],
      ['192.168.0.0/24'],
      'condemned',
    ]);
  });

  test('three times with one list: the fourth agent keeps the previous one until the list changes', async () => {
    let left: JournalEntry | undefined;
    for (let agent = 1; agent <= 3; agent++) {
      const { accept, rollout, routed, journal } = node({ targets: [OTHER], ...(left && { entry: left }) });
      rollout.resume();
      accept(BAD);
      await wait(1000); // on trial, and killed
      expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24', '192.168.66.0/24'], 'trial']);
      left = journal.read();
    }
    const { accept, rollout, routed, journal } = node({ entry: left as JournalEntry });
    rollout.resume();
    accept(BAD);
    await wait(60_000);
    expect([routed(), rollout.state]).toMatchObject([
      [],
      { state: 'condemned', reason: 'the agent ended 3 times before the list was confirmed' },
    ]);
    expect(journal.read()).toMatchObject({ state: 'condemned' });
    accept(B);
    await wait(5);
    expect([routed(), rollout.state.state]).toEqual([['192.168.1.0/24'], 'settled']);
    accept(BAD);
    await wait(1000);
    expect(journal.read()).toMatchObject({ state: 'trial', ended: 0 });
  });

  test('while its list was suspended does not condemn it; the previous list is in force at once', async () => {
    const first = node();
    first.accept(A);
    await wait(5);
    first.accept(BAD);
    first.behaviour.answer = onceThen('refused');
    await wait(5000);
    expect([first.rollout.state.state, first.journal.read()]).toMatchObject([
      'suspended',
      { state: 'suspended', ended: 0 },
    ]);
    const { rollout, routed, events, journal, pass } = node(leftBy(first));
    rollout.resume();
    pass();
    expect([routed(), events, rollout.rollbacks]).toEqual([['192.168.0.0/24'], [], 0]);
    expect(journal.read()).toMatchObject({ state: 'suspended', ended: 0 });
  });

  test('and that did not retry the list is not counted twice', async () => {
    const { rollout, journal } = node({ entry: { ...entry, ended: 1 }, kept: A });
    rollout.resume();
    await wait(60_000);
    expect(journal.read()).toMatchObject({ state: 'trial', ended: 1 });
  });

  test('after a list was condemned: the next agent does not retry it, but keeps the previous one', async () => {
    const first = node();
    first.accept(A);
    await wait(5);
    first.accept(BAD);
    await wait(2 * TRIAL_MS + 1000);
    const { accept, rollout, routed, pass } = node(leftBy(first));
    rollout.resume();
    accept(BAD);
    await wait(60_000);
    pass();
    expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'condemned']);
    accept(B);
    await wait(5);
    expect(routed()).toEqual(['192.168.1.0/24']);
  });

  test('is rolled back however long it takes until a pass can be made, before any other list is tried', async () => {
    const { accept, routed, rollout } = node({ entry, kept: A, delay: 5000 });
    rollout.resume();
    accept(B);
    await wait(4000);
    expect(rollout.inForce?.routes.map((route) => `${route.subnet}`)).toEqual(['192.168.0.0/24']);
    await wait(1500);
    expect(routed()).toEqual(['192.168.0.0/24']);
    await wait(5000);
    expect(routed()).toEqual(['192.168.1.0/24']);
  });

  test('with an invalid journal starts from the beginning', async () => {
    const { rollout, events, triggers } = node({ entry: { ...entry, found: 'nonsense' } });
    rollout.resume();
    expect([rollout.inForce, events, triggers]).toEqual([undefined, ['journal.failed'], []]);
  });
});

test('restores the confirmed list after a restart, and repairs it before any list is read', async () => {
  const { rollout, routed, pass, accept, attempts, journal } = node({ kept: A });
  rollout.resume();
  pass();
  expect([routed(), rollout.state.state]).toEqual([['192.168.0.0/24'], 'settled']);
  accept(A);
  await wait(5);
  expect([attempts, journal.entries, journal.texts]).toEqual([[], [], [A]]);
  accept(B);
  await wait(5);
  expect([routed(), journal.texts]).toEqual([['192.168.1.0/24'], [A, B]]);
});

test('an agent that ends during a trial knows what to restore', async () => {
  const { accept, rollout } = node();
  accept(A);
  await wait(5);
  expect(rollout.unconfirmedBase).toBeUndefined();
  accept(BAD);
  await wait(3000);
  expect(rollout.unconfirmedBase?.routes.map((route) => `${route.subnet}`)).toEqual(['192.168.0.0/24']);
  rollout.stop();
  await wait(60_000);
  expect(jest.getTimerCount()).toBe(0);
});
