import { type Family, type Route, type RouteList, routeKey, type Subnet } from '../network';
import { routeOf } from './decide/answer';
import {
  type CompanionChanges,
  type Companions,
  decideCompanions,
  missingCompanions,
  withoutCompanions,
} from './decide/companions';
import { withCopies } from './decide/copies';
import type { Destination } from './decide/destinations';
import { deleteRoute, diffRoutes, type RouteDiff } from './decide/diff';
import { createGuard, type Dependency, type Guard } from './decide/guard';
import { refreshIPv6 } from './decide/ipv6-cache';
import type { Limits } from './decide/limits';
import { type HealthOf, type NextHop, nextHopsOf } from './decide/next-hop-health';
import { isOwn, type Ownership } from './decide/ownership';
import type { PodsWay } from './decide/pods';
import { NO_PREFIXES, type Prefix, prefixKey } from './decide/prefix';
import { findPrivateNetwork, type PrivateNetwork } from './decide/private-network';
import { changesAtOnce, type Readiness, readiness } from './decide/quick-answer';
import {
  followsPrivateNetwork,
  type NextHopQuestion,
  nextHopsToLookUp,
  type Resolved,
  Resolver,
  type Way,
} from './decide/resolve';
import { type Verdict, verdictsOf, whatToVerify } from './decide/verdicts';
import type { Verification } from './decide/verify';
import type { KernelEvent } from './kernel/events';
import type { Kernel } from './kernel/kernel';
import type { Change, FailedChange, KernelRoute, Snapshot } from './kernel/types';
import { Memo } from './memo';
import { lookAtPods, type PodsSettings, type Verified } from './pods-look';
import { wayBack } from './way-back';

export interface ReconcilerSettings extends PodsSettings {
  readonly privateNetworks: readonly Subnet[];
  readonly requirePrivateNetwork: boolean;
  /** Whether routes have companions (decide/companions.ts). */
  readonly otherwise: 'nothing' | 'unreachable';
  /** What the node must keep reaching; asked for at each pass. */
  readonly dependencies: () => readonly Dependency[];
  /** Tables that hold a copy of each route of the main table. */
  readonly copyToTables: readonly number[];
  /** Addresses that the routes must reach; the same array as long as nothing changes. */
  readonly destinations: () => readonly Destination[];
  /** What a list may use. */
  readonly limits: Limits;
  /** What is ours; it grows where another pool's routes are taken over. */
  readonly ownership: Ownership;
  /** Which next hops answer. */
  readonly healthOf: HealthOf;
  /** How often something else became known of one. */
  readonly healthChanges: () => number;
}

/** What a pass may do about companions. */
export interface CompanionOptions {
  /** Whether the list is confirmed: only its routes get companions. @default false */
  readonly isConfirmed?: boolean;
  /** Prefixes that had a companion before the change that is rolled back. @default none */
  readonly restored?: readonly Prefix[];
}

/** What was changed, and what the kernel refused. */
export interface Done {
  readonly done: readonly Change[];
  readonly failed: readonly FailedChange[];
}

/** What a pass found out about a list before it changed anything. */
interface Decision {
  readonly snapshot: Snapshot;
  readonly resolved: readonly Resolved[];
  readonly refusals: ReadonlyMap<Route, string>;
  readonly nextHops: readonly NextHop[];
  /** Why next hops cannot be reached at all whose routes have others beside them. */
  readonly missingNextHops: readonly string[];
  readonly diff: RouteDiff;
  readonly companions: Companions;
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
}

/** What one pass found and did. */
export interface Outcome extends Omit<Decision, 'resolved' | 'refusals' | 'diff' | 'companions'>, Done {
  readonly verdicts: readonly Verdict[];
  /** Prefixes that have a companion now, by prefixKey(). */
  readonly companions: ReadonlySet<string>;
}

const FAMILIES: readonly Family[] = [4, 6];
const NOTHING: RouteList = { routes: [], duplicates: [] };
const NO_VERDICTS: readonly Verdict[] = [];

/** Brings the kernel to what the list says: reads, decides, changes, and proves by lookups. */
export class Reconciler {
  /** Families whose private network this node was seen to have: from then on its absence is a fault. */
  private readonly seen = new Set<Family>();
  private readonly toLookUp = new Memo<readonly NextHopQuestion[]>();
  private readonly decision = new Memo<Decision>();
  private readonly verification = new Memo<Verification>();
  private readonly verdicts = new Memo<readonly Verdict[]>();
  private readonly companionChanges = new Memo<CompanionChanges>();
  /** Prefixes that had a companion after the last pass. */
  private companions: ReadonlySet<string> = new Set();
  private readonly copied = new Memo<RouteList>();
  private ready: Readiness | undefined;
  private verified: Verified | undefined;

  constructor(
    private readonly kernel: Kernel,
    private readonly settings: ReconcilerSettings,
  ) {}

  /**
   * @param beforeChanges called if there is something to change, before anything is.
   * @throws when the kernel cannot be read; nothing was changed then.
   */
  run(
    listed: RouteList,
    beforeChanges: (snapshot: Snapshot) => void = () => undefined,
    { isConfirmed = false, restored = NO_PREFIXES }: CompanionOptions = {},
  ): Outcome {
    const list = this.withCopies(listed);
    const decision = this.decide(list, restored);
    const { snapshot, diff } = decision;
    const changes = [...decision.companions.withdrawn.map(deleteRoute), ...diff.changes];
    const all = [...changes, ...diff.cleanup];
    if (all.length > 0) beforeChanges(snapshot);
    const refreshed = (changes: readonly Change[]) => [
      ...changes,
      ...refreshIPv6(changes, all, () => snapshot.nexthops, this.settings.ownership),
    ];
    const first = this.apply(refreshed(changes));
    const then = this.apply(refreshed(cleanupAfter(first.failed, diff.cleanup)));
    const verdicts = this.verify(decision, [...first.failed, ...then.failed]);
    const last = this.putCompanions(decision, isConfirmed ? verdicts : NO_VERDICTS);
    const missing = new Set(last.failed.flatMap(({ change }) => ('route' in change ? prefixKey(change.route) : [])));
    const done = [...first.done, ...then.done, ...last.done];
    const failed = [...first.failed, ...then.failed, ...last.failed];
    // Verdicts are made anew whenever anything else is.
    if (verdicts !== this.ready?.found.verdicts)
      this.ready = readiness(list, { ...decision, verdicts }, this.settings.ownership);
    return { ...decision, verdicts, companions: without(this.companions, missing), done, failed };
  }

  /** After their routes, which lookups have verified. */
  private putCompanions({ companions }: Decision, verdicts: readonly Verdict[]): Done {
    const { ownership } = this.settings;
    const before = this.companions;
    const { puts, wanted } = this.companionChanges.of([companions, verdicts, before, ownership], () =>
      missingCompanions(companions, verdicts, before, ownership),
    );
    this.companions = wanted;
    return this.apply(puts);
  }

  private withCopies(list: RouteList): RouteList {
    return this.copied.of([list], () => withCopies(list, this.settings.copyToTables));
  }

  private verify(decision: Decision, failed: readonly FailedChange[]): readonly Verdict[] {
    const { diff, snapshot } = decision;
    // Lookups are read against the objects that are there now.
    const nexthops = diff.changes.length === 0 ? snapshot.nexthops : this.kernel.readNexthops();
    const destinations = this.settings.destinations();
    const verification = this.verification.of([decision, destinations, ...failed], () =>
      whatToVerify(decision, failed, this.isOurs, destinations),
    );
    this.verified = { verification, snapshot: { ...snapshot, nexthops } };
    const answers = this.kernel.lookup(verification.questions);
    return this.verdicts.of([verification, nexthops, answers], () =>
      verdictsOf(decision, failed, nexthops, verification, answers),
    );
  }

  /** How packets of pods go, after the last pass. */
  lookAtPods(): PodsWay {
    return lookAtPods(this.kernel, this.verified, this.settings);
  }

  /** How the node answers what comes in by a link, after the last pass. */
  wayBack(link: number): string | undefined {
    return wayBack(this.kernel, this.verified, link);
  }

  /** Does what events alone say is to be done after the last pass (decide/at-once.ts). */
  answer(events: readonly KernelEvent[]): Done {
    let read: Snapshot['nexthops'] | undefined;
    const nexthops = () => {
      read ??= this.kernel.readNexthops(); // not at all where an IPv4 route is put back
      return read;
    };
    const changes = this.ready === undefined ? [] : changesAtOnce(events, this.ready, nexthops);
    if (changes.length === 0) return { done: [], failed: [] };
    return this.apply([...changes, ...refreshIPv6(changes, changes, nexthops, this.settings.ownership)]);
  }

  /** What run() would change now; changes nothing. */
  preview(list: RouteList): readonly Change[] {
    const { diff, companions } = this.decide(this.withCopies(list), NO_PREFIXES);
    return [...companions.withdrawn.map(deleteRoute), ...diff.changes, ...diff.cleanup];
  }

  /** Removes all routes and nexthop objects of ours. */
  removeAll(): Done {
    const first = this.run(NOTHING);
    if (first.failed.length === 0) return first;
    const second = this.run(NOTHING); // some of it may have been gone already, which keeps the objects
    return { done: [...first.done, ...second.done], failed: second.failed };
  }

  private apply(changes: readonly Change[]): Done {
    const results = this.kernel.apply(changes, this.settings.ownership.protocol);
    const done = changes.filter((_, i) => results[i] === undefined);
    const failed = changes.flatMap((change, i) => {
      const error = results[i];
      // A refresh only fails while its link is down, which makes the kernel forget by itself.
      return error === undefined || change.kind === 'refresh-nexthop' ? [] : [{ change, reason: error.message }];
    });
    return { done, failed };
  }

  private readonly isOurs = (route: KernelRoute): boolean => isOwn(route, this.settings.ownership);

  /** Of the same findings it makes the same decision (===): in most passes nothing has changed. */
  private decide(list: RouteList, restored: readonly Prefix[]): Decision {
    const { healthOf, healthChanges, ownership, otherwise } = this.settings;
    const snapshot = this.kernel.read();
    const questions = this.toLookUp.of([list, snapshot], () => nextHopsToLookUp(list.routes, snapshot));
    const answers = this.kernel.lookup(questions);
    const dependencies = this.settings.dependencies();
    const depended = dependencies.map(({ what }) => what).join();
    const findings = [list, restored, snapshot, answers, depended, healthChanges(), ownership];
    return this.decision.of(findings, () => {
      const privateNetworks = this.findPrivateNetworks(snapshot, list);
      const toNextHops = new Map(questions.map(({ key }, i) => [key, routeOf(answers[i])]));
      const resolver = new Resolver(snapshot, { private: privateNetworks, toNextHops, healthOf });
      const resolved = list.routes.map((route) => resolver.resolve(route));
      const ways = waysOf(resolved);
      const guarded = [...dependencies, ...nextHopDependencies(ways)];
      const { limits } = this.settings;
      const guard = createGuard(snapshot, this.settings.privateNetworks, guarded, this.isOurs, limits);
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
        missingNextHops: [...new Set(ways.flatMap(({ missing = [] }) => missing))],
        diff,
        companions:
          otherwise === 'nothing'
            ? withoutCompanions(snapshot, ownership)
            : decideCompanions({ resolved, refusals, standings, guard, snapshot, ownership, restored }),
      };
    });
  }

  private findPrivateNetworks(snapshot: Snapshot, list: RouteList): Map<Family, PrivateNetwork> {
    const { privateNetworks, requirePrivateNetwork } = this.settings;
    const found = new Map<Family, PrivateNetwork>();
    for (const family of FAMILIES) {
      const isExpected = () => requirePrivateNetwork || this.seen.has(family) || this.hadWay(family, snapshot, list);
      const network = findPrivateNetwork(snapshot, privateNetworks, family, this.isOurs, isExpected);
      if (network.state !== 'absent') this.seen.add(family);
      found.set(family, network);
    }
    return found;
  }

  /** A route of ours that follows the private network is there: an earlier run of the agent knew the way. */
  private hadWay(family: Family, { routes }: Snapshot, list: RouteList): boolean {
    const own = new Set(routes.filter(this.isOurs).map(routeKey));
    return list.routes.some(
      (route) => route.subnet.family === family && followsPrivateNetwork(route) && own.has(routeKey(route)),
    );
  }
}

function without(all: ReadonlySet<string>, some: ReadonlySet<string>): ReadonlySet<string> {
  return some.size === 0 ? all : new Set([...all].filter((each) => !some.has(each)));
}

function refusalsOf(resolved: readonly Resolved[], guard: Guard): Map<Route, string> {
  const refusals = new Map<Route, string>();
  for (const item of resolved) {
    const reason = item.state === 'resolved' ? guard.refuse(item) : undefined;
    if (reason !== undefined) refusals.set(item.route, reason);
  }
  return refusals;
}

/**
 * What can be cleaned up although some changes failed: nothing that a route still needs, be it because its successor is
 * not there or because it still refers to an object.
 */
function cleanupAfter(failed: readonly FailedChange[], cleanup: readonly Change[]): readonly Change[] {
  if (failed.length === 0) return cleanup;
  const prefixes = new Set(
    failed.flatMap(({ change }) => (change.kind === 'put-route' ? [prefixKey(change.route)] : [])),
  );
  if (failed.some(({ change }) => change.kind === 'put-nexthop')) return [];
  return cleanup.filter((change) => change.kind === 'delete-route' && !prefixes.has(prefixKey(change.route)));
}

/** Each once; most routes share one. */
function waysOf(resolved: readonly Resolved[]): Way[] {
  return [...new Set(resolved.flatMap((item) => (item.state === 'resolved' ? item.way : [])))];
}

function nextHopDependencies(ways: readonly Way[]): Dependency[] {
  const hops = ways.flatMap(({ hops, members }) => members ?? hops);
  const gateways = new Map(hops.flatMap(({ gateway }) => (gateway ? [[`${gateway}`, gateway] as const] : [])));
  return [...gateways.values()].map((address) => ({ what: `the next hop ${address}`, address }));
}
