import { DEFAULT_RULES, parseRouteList } from '../network';
import type { ListState } from './route-source';
import { Uninstall, type UninstallParts } from './uninstall';

const BASE = parseRouteList('["192.168.0.0/24"]', DEFAULT_RULES);
const WATCH = { nudge: () => undefined };

interface Situation {
  readonly onUninstall?: 'remove' | 'keep';
  /** Called when the uninstall checks. */
  readonly list?: () => ListState;
  readonly terminating?: () => boolean;
  readonly kept?: boolean;
}

function uninstall({ onUninstall = 'remove', list, terminating = () => false, kept = false }: Situation) {
  const ran: unknown[] = [];
  const logged: string[] = [];
  const looks = { namespace: 0, daemonSet: 0 };
  const parts: UninstallParts = {
    onUninstall,
    ownObjects: {
      isNamespaceTerminating: async () => {
        looks.namespace++;
        return terminating();
      },
      isDaemonSetKept: async () => {
        looks.daemonSet++;
        return kept;
      },
    },
    source: {
      get state(): ListState {
        return list?.() ?? { state: 'accepted', version: '5' };
      },
    },
    rollout: { unconfirmedBase: BASE, restoredWith: () => [] },
    reconciler: {
      run: (back) => ran.push(back) as never,
      removeAll: () => {
        ran.push('all');
        return { done: [], failed: [] } as never;
      },
    },
    log: (_, event) => logged.push(event),
  };
  return { ran, logged, looks, uninstall: new Uninstall(parts) };
}

const gone = (): ListState => ({ state: 'gone', since: performance.now() });

/** Lets an agent leave. @returns what was done to the kernel, and how many milliseconds that took. */
async function leave(situation: Situation) {
  const node = uninstall(situation);
  const started = performance.now();
  let took: number | undefined;
  const leaving = node.uninstall.leave(WATCH, true).then(() => {
    took = performance.now() - started;
  });
  await jest.advanceTimersByTimeAsync(10_000);
  await leaving;
  return { ...node, took };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('removes routes at once', () => {
  test('if the namespace is terminating, whatever else exists', async () => {
    const { ran, took, logged } = await leave({ terminating: () => true, kept: true });
    expect([ran, took, logged]).toEqual([['all'], 0, ['leave.remove']]);
  });

  test('if the ConfigMap was deleted and the DaemonSet is deleted as well', async () => {
    const { ran, took } = await leave({ list: gone });
    expect([ran, took]).toEqual([['all'], 0]);
  });

  test('if the namespace turns out to be terminating 3 s later', async () => {
    const late = performance.now() + 2_000;
    const { ran, took } = await leave({ terminating: () => performance.now() > late });
    expect([ran, took]).toEqual([['all'], 3_000]);
  });

  test('if the deletion of the ConfigMap is reported within 3 s', async () => {
    let list: ListState = { state: 'unknown' };
    const node = uninstall({ list: () => list });
    const leaving = node.uninstall.leave(WATCH, true);
    await jest.advanceTimersByTimeAsync(2_500);
    expect(node.ran).toEqual([]);
    list = gone();
    node.uninstall.onGone();
    await leaving;
    expect(node.ran).toEqual(['all']);
  });
});

describe('keeps routes and rolls back an unconfirmed change', () => {
  test('if nothing proves an uninstall within 3 s, after two requests to the API server', async () => {
    const { ran, took, looks } = await leave({});
    expect([ran, took, looks]).toEqual([[BASE], 3_000, { namespace: 2, daemonSet: 0 }]);
  });

  test('if the ConfigMap was deleted but the DaemonSet stays', async () => {
    const { ran, logged } = await leave({ list: gone, kept: true });
    expect(ran).toEqual([BASE]);
    expect(logged).toContain('leave.vetoed');
  });

  test('if the ConfigMap was deleted more than a minute ago', async () => {
    const since = performance.now() - 60_001;
    expect((await leave({ list: () => ({ state: 'gone', since }) })).ran).toEqual([BASE]);
  });

  test('if the user wants to keep them, without any request', async () => {
    const { ran, looks, took } = await leave({ onUninstall: 'keep', list: gone, terminating: () => true });
    expect([ran, looks, took]).toEqual([[BASE], { namespace: 0, daemonSet: 0 }, 0]);
  });
});

test('an agent that does not hold the lock changes nothing, whatever its journal contains', async () => {
  const node = uninstall({ terminating: () => true });
  await node.uninstall.leave(WATCH, false);
  expect(node.ran).toEqual([]);
});
