import { MAIN_TABLE, type Route, routeKey } from '../../network';
import type { Answer, FailedChange, Hop, Nexthop, Snapshot } from '../kernel/types';
import type { Stable } from '../stable';
import { NO_RULE } from './answer';
import type { Destination } from './destinations';
import type { RouteDiff, Standing } from './diff';
import { isOwn, type Ownership } from './ownership';
import type { Resolved, ResolvedRoute } from './resolve';
import { hopsText } from './route-hops';
import { type LookupResults, readLookups, type Verification, verificationOf } from './verify';

/** The state of a listed route on this node. */
export type RouteState =
  /** In the kernel, and a lookup of an address in it finds it. */
  | 'effective'
  /** In the kernel, in a table that is reached only through another program's rule. */
  | 'installed'
  /** A foreign route with the same prefix takes the same way; ours is not needed. */
  | 'satisfied'
  /** The private network does not reach this node, so the route does not apply here. */
  | 'not-applicable'
  /** Its next hop is not known now. */
  | 'waiting'
  /** It would take something that the node depends on. */
  | 'refused'
  /** A foreign route with the same prefix leads elsewhere. */
  | 'conflicting'
  /** The kernel rejected it. */
  | 'failed'
  /** In the kernel, but lookups find another entry. */
  | 'shadowed';

export interface Verdict {
  readonly route: Route;
  readonly state: RouteState;
  /** The reason, unless it is simply effective. */
  readonly reason?: string;
  /** Whether foreign entries take a part of the subnet; the reason names them. */
  readonly isPartlyTaken?: true;
  /** The way it takes, for people: `via 10.184.0.1 dev eth0`. */
  readonly way?: string;
}

const GOOD: ReadonlySet<RouteState> = new Set(['effective', 'installed', 'satisfied', 'not-applicable']);

/** Whether the route does on this node what the list says. */
export function isGood({ state }: Verdict): boolean {
  return GOOD.has(state);
}

/** Whether no route has given any evidence yet. */
export function allWait(verdicts: readonly Verdict[]): boolean {
  const isWaiting = ({ state }: Verdict) => state === 'waiting';
  return (
    verdicts.some(isWaiting) && verdicts.every((verdict) => isWaiting(verdict) || verdict.state === 'not-applicable')
  );
}

/** The relevant part of the decision about a list. */
interface Decided {
  readonly snapshot: Snapshot;
  readonly resolved: readonly Resolved[];
  readonly refusals: ReadonlyMap<Route, string>;
  readonly diff: RouteDiff;
}

/** What depends on a decision and on the result of its changes. */
type VerificationInputs = {
  readonly decision: Stable<Decided>;
  readonly failed: Stable<readonly FailedChange[]>;
  /** Addresses that must be reached by the routes. */
  readonly destinations: Stable<readonly Destination[]>;
  readonly ownership: Stable<Ownership>;
};

/** What must be verified after the changes. */
export function whatToVerify({ decision, failed, destinations, ownership }: VerificationInputs): Verification {
  const { resolved, refusals, diff, snapshot } = decision;
  const failures = new Failures(failed, diff);
  const isExpectedToWin = (item: ResolvedRoute) => {
    const state = diff.standings.get(item.route)?.state;
    return state === 'satisfied' || (state !== 'conflicting' && failures.of(item) === undefined);
  };
  const candidates = resolved.filter((item) => item.state === 'resolved');
  return verificationOf(
    candidates.filter((item) => !refusals.has(item.route) && isExpectedToWin(item)),
    snapshot,
    (route) => isOwn(route, ownership),
    destinations,
  );
}

/** Everything that verdicts depend on. */
type VerdictInputs = Pick<VerificationInputs, 'decision' | 'failed'> & {
  /** The present nexthop objects. */
  readonly nexthops: Stable<ReadonlyMap<number, Nexthop>>;
  readonly verification: Stable<Verification>;
  /** The FIB's answers to the questions of the verification. */
  readonly answers: Stable<readonly Answer[]>;
};

/** The state of each listed route after the pass. */
export function verdictsOf({ decision, failed, nexthops, verification, answers }: VerdictInputs): readonly Verdict[] {
  const failures = new Failures(failed, decision.diff);
  const lookups = readLookups(verification, answers, { ...decision.snapshot, nexthops });
  const ways = new WayTexts(decision.snapshot);
  return decision.resolved.map((item) => verdictOf(item, decision, ways, failures, lookups));
}

/** Descriptions of ways. Most routes share one, so it is computed once. */
class WayTexts {
  private readonly written = new Map<readonly Hop[], string>();

  constructor(private readonly snapshot: Snapshot) {}

  of(hops: readonly Hop[]): string {
    const text = this.written.get(hops) ?? hopsText(hops, this.snapshot.links);
    this.written.set(hops, text);
    return text;
  }
}

/** Why routes of ours could not be written, or could not get their intended next hop. */
class Failures {
  private readonly objects = new Map<number, string>();
  private readonly routes = new Map<string, string>();

  constructor(
    failed: readonly FailedChange[],
    private readonly diff: RouteDiff,
  ) {
    for (const { change, reason } of failed) {
      if (change.kind === 'put-nexthop') this.objects.set(change.nexthop.id, reason);
      if (change.kind === 'put-route') this.routes.set(routeKey(change.route), reason);
    }
  }

  of(item: ResolvedRoute): string | undefined {
    const { route } = item;
    if (this.objects.size === 0 && this.routes.size === 0) return undefined;
    if ((this.diff.standings.get(route)?.state ?? 'ours') !== 'ours') return undefined;
    const ofObject = this.objects.get(this.diff.nexthops.idOf(item));
    return ofObject ?? this.routes.get(routeKey(route));
  }
}

function verdictOf(
  item: Resolved,
  decision: Decided,
  ways: WayTexts,
  failures: Failures,
  lookups: LookupResults,
): Verdict {
  const { route } = item;
  if (item.state !== 'resolved') return { route, state: item.state, reason: item.reason };
  const way = ways.of(item.way.hops);
  const refusal = decision.refusals.get(route);
  if (refusal !== undefined) return { route, state: 'refused', reason: refusal };
  const standing = decision.diff.standings.get(route);
  if (standing?.state === 'conflicting')
    return { route, state: 'conflicting', way, reason: `listed ${way}, but the node has ${standing.conflict}` };
  const failure = failures.of(item);
  if (failure !== undefined) return { route, state: 'failed', way, reason: `the kernel reports: ${failure}` };
  if (route.table !== MAIN_TABLE) return { route, state: 'installed', way, ...reasonOf(conflictOf(standing)) };
  const subnet = `${route.subnet}`;
  const shadowed = shadowReason(lookups, subnet);
  if (shadowed !== undefined) return { route, state: 'shadowed', way, reason: shadowed };
  const part = lookups.parts.get(subnet);
  const reasons = reasonOf(
    standing?.state === 'satisfied' ? `the node has ${standing.by}` : conflictOf(standing),
    part,
  );
  const state = standing?.state === 'satisfied' ? 'satisfied' : 'effective';
  return { route, state, way, ...reasons, ...(part !== undefined && { isPartlyTaken: true }) };
}

/** Why lookups do not find the route, if they do not. */
function shadowReason({ shadowed, destinations }: LookupResults, subnet: string): string | undefined {
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

export function countStates(verdicts: readonly Verdict[]): Map<RouteState, number> {
  const counts = new Map<RouteState, number>();
  for (const { state } of verdicts) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

export function countPartlyTaken(verdicts: readonly Verdict[]): number {
  return verdicts.filter(({ isPartlyTaken }) => isPartlyTaken).length;
}
