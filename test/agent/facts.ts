import type { Verdict } from '../../lib/agent/decide/verdicts';
import type { Outcome } from '../../lib/agent/reconciler';
import type { Facts } from '../../lib/agent/report/status';
import { asStable } from '../../lib/agent/stable';
import { DEFAULT_RULES, type RouteSpec, readRoute } from '../../lib/network';
import { SEEDS, snapshot } from './ip';

/** Facts about a node on which everything is as it should be, for tests. */

export function verdict(spec: RouteSpec, state: Verdict['state'] = 'effective', reason?: string): Verdict {
  const route = readRoute(spec, DEFAULT_RULES);
  return { route, state, way: 'via 10.184.0.1 dev priv', ...(reason !== undefined && { reason }) };
}

export function outcome(...verdicts: readonly Verdict[]): Outcome {
  return {
    verdicts: asStable(verdicts),
    companions: new Set(),
    done: [],
    failed: [],
    privateNetworks: new Map(),
    nextHops: [],
    missingNextHops: [],
    snapshot: snapshot(SEEDS),
  };
}

export function facts(changed: Partial<Facts> = {}): Facts {
  return {
    instance: 'node-routes',
    nodeName: 'worker-1',
    configMap: 'onprem-link/static-routes',
    protocol: 142,
    list: { state: 'accepted', version: '7' },
    rollout: { state: 'settled' },
    duplicates: [],
    pinned: undefined,
    watch: { state: 'connected' },
    lockHolder: undefined,
    passError: undefined,
    outcome: outcome(verdict('192.168.0.0/24'), verdict('192.168.1.0/24')),
    pods: { state: 'effective' },
    requirePods: false,
    nextHops: [{ nextHop: '10.184.0.1', interface: 'priv', state: 'up', seconds: 60 }],
    counters: {
      listsAccepted: 1,
      listsRejected: 0,
      rollbacks: 0,
      repairs: 0,
      changes: 3,
      lastChange: '2026-11-22T10:00:00.000Z',
    },
    reversePathFilters: [{ interface: 'priv', mode: 'strict' }],
    reversePathDrops: 7,
    ...changed,
  };
}
