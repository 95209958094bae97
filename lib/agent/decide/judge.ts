import { type Family, type Route, routeKey } from '../../network';
import type { Answer, FailedChange, Hop, KernelRoute, Nexthop, Snapshot } from '../kernel/types';
import { RT_TABLE_MAIN } from '../netlink/constants';
import { NO_RULE } from './answer';
import type { Companions } from './companions';
import type { Destination } from './destinations';
import { type Effect, findEffect, type Proof, proofOf } from './effect';
import { hopsText } from './hops';
import type { NextHop } from './next-hops';
import type { Plan, Standing } from './plan';
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
  readonly companions: Companions;
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
}

/**
 * What is to be proved once the changes are made.
 * @param isOurs tells our routes from other people's.
 * @param destinations addresses that have to be reached by the routes.
 */
export function toProve(
  { resolved, refusals, plan, snapshot }: Decision,
  failed: readonly FailedChange[],
  isOurs: (route: KernelRoute) => boolean,
  destinations: readonly Destination[],
): Proof {
  const failures = new Failures(failed, plan);
  const isExpectedToWin = (item: ResolvedRoute) => {
    const state = plan.standings.get(item.route)?.state;
    return state === 'satisfied' || (state !== 'conflicting' && failures.of(item) === undefined);
  };
  const candidates = resolved.filter((item) => item.state === 'resolved');
  return proofOf(
    candidates.filter((item) => !refusals.has(item.route) && isExpectedToWin(item)),
    snapshot,
    isOurs,
    destinations,
  );
}

/**
 * How each route of the list stands after the pass.
 * @param nexthops the nexthop objects that are there now.
 * @param answers the FIB's for each question of the proof.
 */
export function judge(
  decision: Decision,
  failed: readonly FailedChange[],
  nexthops: ReadonlyMap<number, Nexthop>,
  proof: Proof,
  answers: readonly Answer[],
): Verdict[] {
  const failures = new Failures(failed, decision.plan);
  const effect = findEffect(proof, answers, { ...decision.snapshot, nexthops });
  const ways = new WayTexts(decision.snapshot);
  return decision.resolved.map((item) => verdictOf(item, decision, ways, failures, effect));
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

function verdictOf(item: Resolved, decision: Decision, ways: WayTexts, failures: Failures, effect: Effect): Verdict {
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
  if (route.table !== RT_TABLE_MAIN) return { route, state: 'installed', way, ...reasonOf(conflictOf(standing)) };
  const subnet = `${route.subnet}`;
  const shadowed = shadowReason(effect, subnet);
  if (shadowed !== undefined) return { route, state: 'shadowed', way, reason: shadowed };
  const part = effect.parts.get(subnet);
  const reasons = reasonOf(
    standing?.state === 'satisfied' ? `the node has ${standing.by}` : conflictOf(standing),
    part,
  );
  const state = standing?.state === 'satisfied' ? 'satisfied' : 'effective';
  return { route, state, way, ...reasons, ...(part !== undefined && { isPartlyTaken: true }) };
}

/** Why lookups do not find the route, if they do not. */
function shadowReason({ shadowed, destinations }: Effect, subnet: string): string | undefined {
  const winner = shadowed.get(subnet);
  if (winner === undefined) return destinations.get(subnet);
  return winner === NO_RULE ? winner : `a lookup finds ${winner}`;
}

function conflictOf(standing: Standing | undefined): string | undefined {
  return standing?.state === 'ours' && standing.conflict !== undefined
    ? `the node also has ${standing.conflict}`
    : undefined;
}

function reasonOf(...texts: readonly (string | undefined)[]): { reason?: string } {
  const reason = texts.filter((text) => text !== undefined).join('; ');
  return reason === '' ? {} : { reason };
}
