import { type Family, type Route, type RouteList, routeKey, type Subnet } from '../network';
import { findShadowed } from './decide/effect';
import { createGuard, type Dependency } from './decide/guard';
import { hopsText } from './decide/hops';
import { isOwn, type Ownership } from './decide/ownership';
import { type Plan, plan } from './decide/plan';
import { findPrivateNetwork, type PrivateNetwork } from './decide/private-network';
import { nextHopsToLookUp, type Resolved, type ResolvedRoute, resolveRoute } from './decide/resolve';
import type { Verdict } from './decide/verdict';
import type { Kernel } from './kernel/kernel';
import type { Change, Snapshot } from './kernel/types';

export interface ReconcilerSettings {
  readonly privateNetworks: readonly Subnet[];
  readonly requirePrivateNetwork: boolean;
  /** What the node must keep reaching; asked for at each pass. */
  readonly dependencies: () => readonly Dependency[];
  readonly ownership: Ownership;
}

/** A change the kernel refused, in words. */
export interface FailedChange {
  readonly change: Change;
  readonly reason: string;
}

/** What one pass found and did. */
export interface Outcome {
  readonly verdicts: readonly Verdict[];
  readonly done: readonly Change[];
  readonly failed: readonly FailedChange[];
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
  readonly snapshot: Snapshot;
}

interface Decision {
  readonly snapshot: Snapshot;
  readonly resolved: readonly Resolved[];
  readonly refusals: ReadonlyMap<string, string>;
  readonly plan: Plan;
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
}

const FAMILIES: readonly Family[] = [4, 6];

/** Brings the kernel to what the list says: reads, decides, changes, and proves by lookups. */
export class Reconciler {
  /** Families whose private network this node was seen to have: from then on its absence is a fault. */
  private readonly seen = new Set<Family>();

  constructor(
    private readonly kernel: Kernel,
    private readonly settings: ReconcilerSettings,
  ) {}

  /** @throws when the kernel cannot be read; nothing was changed then. */
  run(list: RouteList): Outcome {
    const decision = this.decide(list);
    const results = this.kernel.apply(decision.plan.changes, this.settings.ownership.protocol);
    const done = decision.plan.changes.filter((_, i) => results[i] === undefined);
    const failed = decision.plan.changes.flatMap((change, i) => {
      const error = results[i];
      return error === undefined ? [] : [{ change, reason: error.message }];
    });
    const { snapshot, privateNetworks } = decision;
    return { verdicts: this.judge(decision, failed), done, failed, privateNetworks, snapshot };
  }

  /** What run() would change now; changes nothing. */
  preview(list: RouteList): readonly Change[] {
    return this.decide(list).plan.changes;
  }

  /** Removes all routes and nexthop objects of ours. */
  removeAll(): { done: readonly Change[]; failed: readonly FailedChange[] } {
    return this.run({ routes: [], duplicates: [] });
  }

  private decide(list: RouteList): Decision {
    const snapshot = this.kernel.read();
    const { ownership } = this.settings;
    const isOurs = (route: { protocol: number }) => isOwn(route, ownership);
    const privateNetworks = this.findPrivateNetworks(snapshot);
    const questions = [...nextHopsToLookUp(list.routes, snapshot)];
    const answers = this.kernel.lookup(questions.map(([, question]) => question));
    const toNextHops = new Map(questions.map(([key], i) => [key, answers[i]]));
    const resolved = list.routes.map((route) =>
      resolveRoute(route, snapshot, { private: privateNetworks, toNextHops }),
    );
    const ways = resolved.filter((item) => item.state === 'resolved');
    const guard = createGuard(snapshot, [...this.settings.dependencies(), ...nextHopDependencies(ways)], isOurs);
    const refusals = new Map<string, string>();
    for (const way of ways) {
      const reason = guard.refuse(way);
      if (reason !== undefined) refusals.set(routeKey(way.route), reason);
    }
    const wanted = ways.filter(({ route }) => !refusals.has(routeKey(route)));
    const keep = new Set(resolved.filter(({ state }) => state !== 'resolved').map(({ route }) => routeKey(route)));
    return { snapshot, resolved, refusals, privateNetworks, plan: plan(wanted, keep, snapshot, ownership) };
  }

  private findPrivateNetworks(snapshot: Snapshot): Map<Family, PrivateNetwork> {
    const { privateNetworks, requirePrivateNetwork, ownership } = this.settings;
    const isOurs = (route: { protocol: number }) => isOwn(route, ownership);
    const found = new Map<Family, PrivateNetwork>();
    for (const family of FAMILIES) {
      const hasOurs = snapshot.routes.some((route) => route.subnet.family === family && isOurs(route));
      const expected = requirePrivateNetwork || hasOurs || this.seen.has(family);
      const network = findPrivateNetwork(snapshot, privateNetworks, family, isOurs, expected);
      if (network.state !== 'absent') this.seen.add(family);
      found.set(family, network);
    }
    return found;
  }

  private judge(decision: Decision, failed: readonly FailedChange[]): Verdict[] {
    const failures = failuresByRoute(decision.plan, failed);
    const candidates = decision.resolved.filter(
      (item): item is { state: 'resolved' } & ResolvedRoute =>
        item.state === 'resolved' && this.isExpectedToWin(decision.plan, failures, item.route),
    );
    // The objects were just changed, so lookups are read against what is there now.
    const nexthops = decision.plan.changes.length === 0 ? decision.snapshot.nexthops : this.kernel.readNexthops();
    const shadowed = findShadowed(candidates, { nexthops, links: decision.snapshot.links }, (addresses) =>
      this.kernel.lookup(addresses.map((address) => ({ address }))),
    );
    return decision.resolved.map((item) => verdictOf(item, decision, failures, shadowed));
  }

  private isExpectedToWin({ standings }: Plan, failures: ReadonlyMap<string, string>, route: Route): boolean {
    const state = standings.get(routeKey(route))?.state;
    return (state === 'ours' || state === 'satisfied') && !failures.has(routeKey(route));
  }
}

function nextHopDependencies(ways: readonly ResolvedRoute[]): Dependency[] {
  const gateways = new Map(
    ways.flatMap(({ hops }) => hops.flatMap(({ gateway }) => (gateway ? [[`${gateway}`, gateway] as const] : []))),
  );
  return [...gateways.values()].map((address) => ({ what: `the next hop ${address}`, address }));
}

/** Why routes could not be written, the failure of the nexthop object they refer to included. */
function failuresByRoute({ changes }: Plan, failed: readonly FailedChange[]): Map<string, string> {
  const objects = new Map<number, string>();
  const routes = new Map<string, string>();
  for (const { change, reason } of failed) {
    if (change.kind === 'put-nexthop') objects.set(change.nexthop.id, reason);
    if (change.kind === 'put-route') routes.set(routeKey(change.route), reason);
  }
  for (const change of changes) {
    const reason = change.kind === 'put-route' ? objects.get(change.route.nexthopId) : undefined;
    if (change.kind === 'put-route' && reason !== undefined) routes.set(routeKey(change.route), reason);
  }
  return routes;
}

function verdictOf(
  item: Resolved,
  decision: Decision,
  failures: ReadonlyMap<string, string>,
  shadowed: ReadonlyMap<string, string>,
): Verdict {
  const { route } = item;
  if (item.state !== 'resolved') return { route, state: item.state, reason: item.reason };
  const way = hopsText(item.hops, decision.snapshot.links);
  const refusal = decision.refusals.get(routeKey(route));
  if (refusal !== undefined) return { route, state: 'refused', reason: refusal };
  const standing = decision.plan.standings.get(routeKey(route));
  if (standing?.state === 'conflicting')
    return { route, state: 'conflicting', way, reason: `listed ${way}, but the node has ${standing.conflict}` };
  const failure = failures.get(routeKey(route));
  if (failure !== undefined) return { route, state: 'failed', way, reason: `the kernel says: ${failure}` };
  const winner = route.table === 254 ? shadowed.get(`${route.subnet}`) : undefined;
  if (winner !== undefined) return { route, state: 'shadowed', way, reason: `a lookup finds ${winner}` };
  if (standing?.state === 'satisfied') return { route, state: 'satisfied', way, reason: `the node has ${standing.by}` };
  const conflict =
    standing?.state === 'ours' && standing.conflict !== undefined
      ? { reason: `the node also has ${standing.conflict}` }
      : {};
  return { route, state: route.table === 254 ? 'effective' : 'installed', way, ...conflict };
}
