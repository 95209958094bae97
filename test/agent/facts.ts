import { firstPathHealth, type PathHealth } from '../../lib/agent/decide/path-health';
import type { Verdict } from '../../lib/agent/decide/verdicts';
import type { NetworkState, WatchedNetwork, WatchedPath } from '../../lib/agent/path-monitor';
import type { Outcome } from '../../lib/agent/reconciler';
import type { Facts } from '../../lib/agent/report/facts';
import { roundTrips } from '../../lib/agent/round-trips';
import { asStable } from '../../lib/agent/stable';
import { DEFAULT_RULES, type RouteSpec, readRoute } from '../../lib/network';
import { address, hop, SEEDS, snapshot } from './ip';

/** Facts about a healthy node, for tests. */

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
    paths: [],
    missingNextHops: [],
    snapshot: snapshot(SEEDS),
  };
}

/** A private network with one next hop. */
export function watchedNetwork(state: NetworkState = 'reachable', health: Partial<PathHealth> = {}): WatchedNetwork {
  const since = performance.now() - 60_000;
  const trips = roundTrips();
  for (const milliseconds of [12, 8.04, 30]) trips.add(milliseconds);
  const path: WatchedPath = {
    network: 'datacentre',
    target: { host: '192.168.1.10', port: 443 },
    hop: hop('via 10.184.0.1 dev priv'),
    interface: 'priv',
    source: address('10.184.0.2'),
    isAlone: true,
    start: 'up',
    health: { ...firstPathHealth('up', since), ...health },
    trouble: undefined,
    roundTrips: trips,
  };
  return { name: 'datacentre', state, since, paths: [path] };
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
    networks: [watchedNetwork()],
    requireReachable: false,
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
