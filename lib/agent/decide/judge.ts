import { type Family, type Route, routeKey } from '../../network';
import type { FailedChange, Hop, KernelRoute, Nexthop, Snapshot } from '../kernel/types';
import { findShadowed, type Proof, proofOf } from './effect';
import { hopsText } from './hops';
import type { NextHop } from './next-hops';
import type { Plan } from './plan';
import type { PrivateNetwork } from './private-network';
import type { Resolved, ResolvedRoute } from './resolve';
import type { Verdict } from './verdict';

/** What a pass found out about a list before it changed anything. */
export interface Decision {
  readonly snapshot: Snapshot;
  readonly resolved: readonly Resolved[];
  readonly refusals: ReadonlyMap<Route, string>;
  readonly nextHops: readonly NextHop[];
  /** Why next hops cannot be reached at all whose routes have others beside them. */
  readonly missingNextHops: readonly string[];
  readonly plan: Plan;
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
}

/**
 * What is to be proved once the changes are made.
 * @param isOurs tells our routes from other people's.
 */
export function toProve(
  { resolved, refusals, plan, snapshot }: Decision,
  failed: readonly FailedChange[],
  isOurs: (route: KernelRoute) => boolean,
): Proof {
  const failures = new Failures(failed, plan);
  const isExpectedToWin = (item: ResolvedRoute) => {
    const state = plan.standings.get(item.route)?.state;
    return state === 'satisfied' || (state !== 'conflicting' && failures.of(item) === undefined);
  };
  const candidates = resolved.filter((item) => item.state === 'resolved');
  return proofOf(
    candidates.filter((item) => !refusals.has(item.route) && isExpectedToWin(item)),
    snapshot.routes,
    isOurs,
  );
}

/**
 * How each route of the list stands after the pass.
 * @param nexthops the nexthop objects that are there now.
 * @param answers the FIB's for each question of the proof; undefined for none.
 */
export function judge(
  decision: Decision,
  failed: readonly FailedChange[],
  nexthops: ReadonlyMap<number, Nexthop>,
  proof: Proof,
  answers: readonly (KernelRoute | undefined)[],
): Verdict[] {
  const failures = new Failures(failed, decision.plan);
  const shadowed = findShadowed(proof, answers, { nexthops, links: decision.snapshot.links });
  const ways = new WayTexts(decision.snapshot);
  return decision.resolved.map((item) => verdictOf(item, decision, ways, failures, shadowed));
}

/** Ways in words. Most routes share one, so it is written once. */
class WayTexts {
  private readonly written = new Map<readonly Hop[], string>();

  constructor(private readonly snapshot: Snapshot) {}

  of(hops: readonly Hop[]): string {
    const text = this.written.get(hops) ?? hopsText(hops, this.snapshot.links);
    this.written.set(hops, text);
    return text;
  }
}

/** Why routes of ours could not be written, or could not get the next hop they are to have. */
class Failures {
  private readonly objects = new Map<number, string>();
  private readonly routes = new Map<string, string>();

  constructor(
    failed: readonly FailedChange[],
    private readonly plan: Plan,
  ) {
    for (const { change, reason } of failed) {
      if (change.kind === 'put-nexthop') this.objects.set(change.nexthop.id, reason);
      if (change.kind === 'put-route') this.routes.set(routeKey(change.route), reason);
    }
  }

  of(item: ResolvedRoute): string | undefined {
    const { route } = item;
    if (this.objects.size === 0 && this.routes.size === 0) return undefined;
    if ((this.plan.standings.get(route)?.state ?? 'ours') !== 'ours') return undefined;
    const ofObject = this.objects.get(this.plan.nexthops.idOf(item));
    return ofObject ?? this.routes.get(routeKey(route));
  }
}

function verdictOf(
  item: Resolved,
  decision: Decision,
  ways: WayTexts,
  failures: Failures,
  shadowed: ReadonlyMap<string, string>,
): Verdict {
  const { route } = item;
  if (item.state !== 'resolved') return { route, state: item.state, reason: item.reason };
  const way = ways.of(item.way.hops);
  const refusal = decision.refusals.get(route);
  if (refusal !== undefined) return { route, state: 'refused', reason: refusal };
  const standing = decision.plan.standings.get(route);
  if (standing?.state === 'conflicting')
    return { route, state: 'conflicting', way, reason: `listed ${way}, but the node has ${standing.conflict}` };
  const failure = failures.of(item);
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
