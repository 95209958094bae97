import { type Family, type RouteList, routeKey } from '../network';
import { missingCompanions } from './decide/companions';
import { withCopies } from './decide/copies';
import { type Decision, type DecisionInputs, decide, type Policy } from './decide/decide';
import type { Destination } from './decide/destinations';
import { deleteRoute } from './decide/diff';
import type { Dependency } from './decide/guard';
import { refreshIPv6 } from './decide/ipv6-cache';
import type { HealthOf } from './decide/next-hop-health';
import { isOwn, type Ownership } from './decide/ownership';
import type { PodsWay } from './decide/pods';
import { NO_PREFIXES, type Prefix, prefixKey } from './decide/prefix';
import { findPrivateNetwork, type PrivateNetwork } from './decide/private-network';
import { type QuickAnswer, quickAnswer } from './decide/quick-answer';
import type { ReachOf } from './decide/reach';
import { followsPrivateNetwork, nextHopsToLookUp } from './decide/resolve';
import { type Verdict, verdictsOf, whatToVerify } from './decide/verdicts';
import type { KernelEvent } from './kernel/events';
import type { Kernel } from './kernel/kernel';
import type { Change, FailedChange, KernelRoute, Snapshot } from './kernel/types';
import { lookUpPods, type PodsSettings, type Verified, wayBack } from './lookups';
import { asStable, Derived, Latest, type Stable } from './stable';

export interface ReconcilerSettings extends PodsSettings, Policy {
  readonly requirePrivateNetwork: boolean;
  /** What the node must keep reaching; read in each pass. */
  readonly dependencies: () => readonly Dependency[];
  /** Tables that get a copy of each route of the main table. */
  readonly copyToTables: readonly number[];
  /** Addresses that the routes must reach; the same array as long as nothing changes. */
  readonly destinations: () => readonly Destination[];
  /** What is ours; it grows when another pool's routes are taken over. */
  readonly ownership: Ownership;
  /** Which next hops answer. */
  readonly healthOf: HealthOf;
  /** How often what is known about a next hop changed. */
  readonly healthChanges: () => number;
  /** Through which next hops targets answer. */
  readonly reachOf: ReachOf;
  /** How often what is known about a path changed. */
  readonly reachChanges: () => number;
}

/** What a pass may do about companions. */
export interface CompanionOptions {
  /** Whether the list is confirmed: only then do its routes get companions. @default false */
  readonly isConfirmed?: boolean;
  /** Prefixes that had a companion before the change that is rolled back. @default none */
  readonly restored?: readonly Prefix[];
}

/** What was changed, and what the kernel rejected. */
export interface Done {
  readonly done: readonly Change[];
  readonly failed: readonly FailedChange[];
}

type NetworkInputs = Pick<DecisionInputs, 'list' | 'snapshot' | 'ownership'>;

/** The result of one pass. */
export interface Outcome extends Omit<Decision, 'resolved' | 'refusals' | 'diff' | 'companions'>, Done {
  /** The same object (===) as long as everything that the pass found is the same. */
  readonly verdicts: Stable<readonly Verdict[]>;
  /** Prefixes that have a companion now, by prefixKey(). */
  readonly companions: ReadonlySet<string>;
}

const FAMILIES: readonly Family[] = [4, 6];
const NOTHING: RouteList = { routes: [], duplicates: [] };
const NO_VERDICTS = asStable<readonly Verdict[]>([]);
const NO_FAILURES = asStable<readonly FailedChange[]>([]);
const NO_COMPANIONS = asStable<ReadonlySet<string>>(new Set());

/** Applies the list to the kernel: reads, decides, makes changes, and verifies by lookups. */
export class Reconciler {
  private readonly copied = new Derived(withCopies);
  private readonly dependencies = new Latest<readonly Dependency[]>();
  private readonly healthOf = new Derived<{ readonly changes: number }, HealthOf>(
    () => (hop) => this.settings.healthOf(hop),
  );
  private readonly reachOf = new Derived<{ readonly changes: number }, ReachOf>(
    () => (network, hop) => this.settings.reachOf(network, hop),
  );
  private readonly privateNetworks = new Derived((inputs: NetworkInputs) => this.findPrivateNetworks(inputs));
  private readonly questions = new Derived(nextHopsToLookUp);
  private readonly decision = new Derived(decide);
  private readonly verification = new Derived(whatToVerify);
  private readonly verdicts = new Derived(verdictsOf);
  private readonly companionChanges = new Derived(missingCompanions);
  private readonly quickAnswer = new Derived(quickAnswer);

  /** Address families whose private network this node has had: from then on, its absence is a fault. */
  private readonly seen = new Set<Family>();
  /** Prefixes that had a companion after the last pass. */
  private companions = NO_COMPANIONS;
  /** Used for events after the last pass. */
  private ready: QuickAnswer | undefined;
  private verified: Verified | undefined;

  constructor(
    private readonly kernel: Kernel,
    private readonly settings: ReconcilerSettings,
  ) {}

  /**
   * @param beforeChanges called before the first change, if there is any.
   * @throws if the kernel cannot be read; then nothing was changed.
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
    this.ready = this.quickAnswer.of({ list, decision, verdicts, ownership: this.ownership });
    return { ...decision, verdicts, companions: without(this.companions, missing), done, failed };
  }

  /** Companions come after their routes, which lookups have verified. */
  private putCompanions(decision: Stable<Decision>, verdicts: Stable<readonly Verdict[]>): Done {
    const { companions: before, ownership } = this;
    const companions = asStable(decision.companions);
    const { puts, wanted } = this.companionChanges.of({ companions, verdicts, before, ownership });
    this.companions = wanted;
    return this.apply(puts);
  }

  private get ownership(): Stable<Ownership> {
    return asStable(this.settings.ownership);
  }

  private withCopies(list: RouteList): Stable<RouteList> {
    return this.copied.of({ list: asStable(list), tables: asStable(this.settings.copyToTables) });
  }

  private verify(decision: Stable<Decision>, failures: readonly FailedChange[]): Stable<readonly Verdict[]> {
    const { diff, snapshot } = decision;
    // Lookup results are interpreted with the present objects.
    const nexthops = asStable(diff.changes.length === 0 ? snapshot.nexthops : this.kernel.readNexthops());
    const failed = failures.length === 0 ? NO_FAILURES : asStable(failures);
    const destinations = asStable(this.settings.destinations());
    const verification = this.verification.of({ decision, failed, destinations, ownership: this.ownership });
    this.verified = { verification, snapshot: { ...snapshot, nexthops } };
    const answers = this.kernel.lookup(verification.questions);
    return this.verdicts.of({ decision, failed, nexthops, verification, answers });
  }

  /** Where packets from pods go, after the last pass. */
  lookAtPods(): PodsWay {
    return lookUpPods(this.kernel, this.verified, this.settings);
  }

  /** How the node answers packets that arrive on a link, after the last pass. */
  wayBack(link: number): string | undefined {
    return wayBack(this.kernel, this.verified, link);
  }

  /** Makes the changes that follow from events alone after the last pass (decide/quick-answer.ts). */
  answer(events: readonly KernelEvent[]): Done {
    let read: Snapshot['nexthops'] | undefined;
    const nexthops = () => {
      read ??= this.kernel.readNexthops(); // not needed to restore an IPv4 route
      return read;
    };
    const changes = this.ready?.(events, nexthops) ?? [];
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
    const second = this.run(NOTHING); // some routes may have been gone already, which keeps the objects
    return { done: [...first.done, ...second.done], failed: second.failed };
  }

  private apply(changes: readonly Change[]): Done {
    const results = this.kernel.apply(changes, this.settings.ownership.protocol);
    const done = changes.filter((_, i) => results[i] === undefined);
    const failed = changes.flatMap((change, i) => {
      const error = results[i];
      // A refresh fails only while its link is down, which itself makes the kernel drop its cache.
      return error === undefined || change.kind === 'refresh-nexthop' ? [] : [{ change, reason: error.message }];
    });
    return { done, failed };
  }

  /** In most passes, nothing has changed, and the last decision is reused. */
  private decide(list: Stable<RouteList>, restored: readonly Prefix[]): Stable<Decision> {
    const { settings, ownership } = this;
    const snapshot = this.kernel.read();
    const questions = this.questions.of({ list, snapshot });
    const answers = this.kernel.lookup(questions);
    return this.decision.of({
      list,
      restored: asStable(restored),
      snapshot,
      privateNetworks: this.privateNetworks.of({ list, snapshot, ownership }),
      questions,
      answers,
      dependencies: this.dependencies.of(settings.dependencies()),
      healthOf: this.healthOf.of({ changes: settings.healthChanges() }),
      reachOf: this.reachOf.of({ changes: settings.reachChanges() }),
      ownership,
      policy: asStable(settings),
    });
  }

  private findPrivateNetworks({ list, snapshot, ownership }: NetworkInputs): Map<Family, PrivateNetwork> {
    const { privateNetworks, requirePrivateNetwork } = this.settings;
    const isOurs = (route: KernelRoute) => isOwn(route, ownership);
    const found = new Map<Family, PrivateNetwork>();
    for (const family of FAMILIES) {
      const isExpected = () =>
        requirePrivateNetwork || this.seen.has(family) || hadWay(family, snapshot.routes.filter(isOurs), list);
      const network = findPrivateNetwork(snapshot, privateNetworks, family, isOurs, isExpected);
      if (network.state !== 'absent') this.seen.add(family);
      found.set(family, network);
    }
    return found;
  }
}

/** Whether a route that follows the private network exists: an earlier run of the agent knew the next hop. */
function hadWay(family: Family, ours: readonly KernelRoute[], list: RouteList): boolean {
  const own = new Set(ours.map(routeKey));
  return list.routes.some(
    (route) => route.subnet.family === family && followsPrivateNetwork(route) && own.has(routeKey(route)),
  );
}

function without(all: ReadonlySet<string>, some: ReadonlySet<string>): ReadonlySet<string> {
  return some.size === 0 ? all : new Set([...all].filter((each) => !some.has(each)));
}

/**
 * What can be cleaned up although some changes failed: nothing that a route still needs because its successor is
 * missing or because it still refers to an object.
 */
function cleanupAfter(failed: readonly FailedChange[], cleanup: readonly Change[]): readonly Change[] {
  if (failed.length === 0) return cleanup;
  const prefixes = new Set(
    failed.flatMap(({ change }) => (change.kind === 'put-route' ? [prefixKey(change.route)] : [])),
  );
  if (failed.some(({ change }) => change.kind === 'put-nexthop')) return [];
  return cleanup.filter((change) => change.kind === 'delete-route' && !prefixes.has(prefixKey(change.route)));
}
