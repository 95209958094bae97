import type { Family, ProbedNetwork, Route, RouteList, Subnet } from '../../network';
import type { Answer, Snapshot } from '../kernel/types';
import type { Stable } from '../stable';
import { routeOf } from './answer';
import { type Companions, decideCompanions, withoutCompanions } from './companions';
import { diffRoutes, type RouteDiff } from './diff';
import { createGuard, type Dependency, type Guard } from './guard';
import type { Limits } from './limits';
import { type HealthOf, type NextHop, nextHopsOf } from './next-hop-health';
import { isOwn, type Ownership } from './ownership';
import { type Path, pathsTo } from './paths';
import type { Prefix } from './prefix';
import type { PrivateNetwork } from './private-network';
import { Reach, type ReachOf } from './reach';
import { type NextHopQuestion, type Resolved, Resolver, type Way } from './resolve';

/** The settings that apply to every list. */
export interface Policy {
  readonly privateNetworks: readonly Subnet[];
  /** Whether routes have companions (companions.ts). */
  readonly otherwise: 'nothing' | 'unreachable';
  /** What a list may use. */
  readonly limits: Limits;
  /** The networks whose targets this node probes. */
  readonly probes: readonly ProbedNetwork[];
}

/** Everything that a decision depends on. */
export type DecisionInputs = {
  /** Copies included. */
  readonly list: Stable<RouteList>;
  /** Prefixes that had a companion before the change that is rolled back. */
  readonly restored: Stable<readonly Prefix[]>;
  readonly snapshot: Stable<Snapshot>;
  readonly privateNetworks: Stable<ReadonlyMap<Family, PrivateNetwork>>;
  readonly questions: Stable<readonly NextHopQuestion[]>;
  /** The FIB's answers to the questions. */
  readonly answers: Stable<readonly Answer[]>;
  readonly dependencies: Stable<readonly Dependency[]>;
  /** A new function whenever what is known about a next hop changes. */
  readonly healthOf: Stable<HealthOf>;
  /** A new function whenever what is known about a path changes. */
  readonly reachOf: Stable<ReachOf>;
  readonly ownership: Stable<Ownership>;
  readonly policy: Stable<Policy>;
};

/** What a pass found out about a list before it made changes. */
export interface Decision {
  readonly snapshot: Snapshot;
  readonly resolved: readonly Resolved[];
  readonly refusals: ReadonlyMap<Route, string>;
  readonly nextHops: readonly NextHop[];
  /** Paths to the targets that are probed. */
  readonly paths: readonly Path[];
  /** Why next hops cannot be reached at all, for routes with several next hops. */
  readonly missingNextHops: readonly string[];
  readonly diff: RouteDiff;
  readonly companions: Companions;
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
}

/** Decides what has to change, from everything that was read. */
export function decide(inputs: DecisionInputs): Decision {
  const { list, restored, snapshot, privateNetworks, questions, answers, dependencies, healthOf, ownership } = inputs;
  const { privateNetworks: networks, otherwise, limits, probes } = inputs.policy;
  const reach = new Reach(probes, inputs.reachOf, snapshot, ownership);
  const toNextHops = new Map(questions.map(({ key }, i) => [key, routeOf(answers[i])]));
  const resolver = new Resolver(snapshot, { private: privateNetworks, toNextHops, healthOf, reach });
  const resolved = list.routes.map((route) => resolver.resolve(route));
  const ways = waysOf(resolved);
  const guarded = [...dependencies, ...nextHopDependencies(ways)];
  const guard = createGuard(snapshot, networks, guarded, (route) => isOwn(route, ownership), limits);
  const refusals = refusalsOf(resolved, guard);
  const isResolved = (item: Resolved) => item.state === 'resolved';
  const wanted = resolved.filter(isResolved).filter(({ route }) => !refusals.has(route));
  const keep = resolved.filter((item) => !isResolved(item)).map(({ route }) => route);
  const diff = diffRoutes(wanted, keep, snapshot, ownership);
  const { standings } = diff;
  return {
    snapshot,
    resolved,
    refusals,
    privateNetworks,
    nextHops: nextHopsOf(ways, snapshot.links),
    paths: pathsTo(probes, resolved, reach, snapshot),
    missingNextHops: [...new Set(ways.flatMap(({ missing = [] }) => missing))],
    diff,
    companions:
      otherwise === 'nothing'
        ? withoutCompanions(snapshot, ownership)
        : decideCompanions({ resolved, refusals, standings, guard, snapshot, ownership, restored }),
  };
}

function refusalsOf(resolved: readonly Resolved[], guard: Guard): Map<Route, string> {
  const refusals = new Map<Route, string>();
  for (const item of resolved) {
    const reason = item.state === 'resolved' ? guard.refuse(item) : undefined;
    if (reason !== undefined) refusals.set(item.route, reason);
  }
  return refusals;
}

/** Without repetition; most routes share one. */
function waysOf(resolved: readonly Resolved[]): Way[] {
  return [...new Set(resolved.flatMap((item) => (item.state === 'resolved' ? item.way : [])))];
}

function nextHopDependencies(ways: readonly Way[]): Dependency[] {
  const hops = ways.flatMap(({ hops, members }) => members ?? hops);
  const gateways = new Map(hops.flatMap(({ gateway }) => (gateway ? [[`${gateway}`, gateway] as const] : [])));
  return [...gateways.values()].map((address) => ({ what: `the next hop ${address}`, address }));
}
