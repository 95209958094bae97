import { type Route, Subnet, WORST_METRIC } from '../../network';
import type { KernelRoute, PutRoute, Snapshot } from '../kernel/types';
import { asStable, type Stable } from '../stable';
import type { RouteDiff } from './diff';
import type { Guard } from './guard';
import { isCompanion, isOwn, type Ownership } from './ownership';
import { type Prefix, prefixKey } from './prefix';
import type { Resolved } from './resolve';
import type { Verdict } from './verdicts';

/** Our companions that are in the kernel. */
export function companionsIn({ routes }: Snapshot, ownership: Ownership): KernelRoute[] {
  return routes.filter((route) => isCompanion(route) && isOwn(route, ownership));
}

/** What a pass decides about companions before it makes changes. */
export interface Companions {
  /** Prefixes that may have a companion. */
  readonly allowed: ReadonlyMap<string, Prefix>;
  /** Existing companions that stay. */
  readonly present: ReadonlyMap<string, KernelRoute>;
  readonly withdrawn: readonly KernelRoute[];
  /** Prefixes that get a companion whatever happens to their routes, because a rollback restores the former state. */
  readonly restored: ReadonlySet<string>;
}

export interface CompanionFacts {
  readonly resolved: readonly Resolved[];
  readonly refusals: ReadonlyMap<Route, string>;
  readonly standings: RouteDiff['standings'];
  readonly guard: Guard;
  readonly snapshot: Snapshot;
  readonly ownership: Ownership;
  readonly restored: readonly Prefix[];
}

const NONE: Pick<Companions, 'allowed' | 'restored'> = { allowed: new Map(), restored: new Set() };

/** If the option is off, all companions that an agent with the option left behind are withdrawn. */
export function withoutCompanions(snapshot: Snapshot, ownership: Ownership): Companions {
  return { ...NONE, present: new Map(), withdrawn: companionsIn(snapshot, ownership) };
}

export function decideCompanions(facts: CompanionFacts): Companions {
  const { resolved, restored, snapshot, ownership } = facts;
  const listed = new Set(resolved.map(({ route }) => prefixKey(route)));
  const allowed = allowedPrefixes(facts, listed);
  const present = new Map<string, KernelRoute>();
  const withdrawn: KernelRoute[] = [];
  for (const route of companionsIn(snapshot, ownership)) {
    const key = prefixKey(route);
    if (allowed.has(key)) present.set(key, route);
    else withdrawn.push(route);
  }
  return { allowed, present, withdrawn, restored: new Set(restored.map(prefixKey)) };
}

function allowedPrefixes(facts: CompanionFacts, listed: ReadonlySet<string>): Map<string, Prefix> {
  const { resolved, refusals, standings, guard, snapshot, ownership, restored } = facts;
  const foreign = new ForeignRoutes(snapshot.routes.filter((route) => !isOwn(route, ownership)));
  const isOurs = ({ route }: Resolved) => !refusals.has(route) && (standings.get(route)?.state ?? 'ours') === 'ours';
  const candidates = [
    ...resolved.filter(isOurs).map(({ route }) => route),
    ...restored.filter((prefix) => !listed.has(prefixKey(prefix))).map(asRoute),
  ];
  const isAllowed = (route: Route) =>
    !foreign.stopsCompanionOf(route) && guard.refuse({ route, way: { hops: [] } }) === undefined;
  return new Map(candidates.filter(isAllowed).map((route) => [prefixKey(route), route]));
}

const asRoute = ({ subnet, table }: Prefix): Route => ({ subnet, table, metric: WORST_METRIC, nextHops: [] });

/** Foreign routes, by what they mean for companions. */
class ForeignRoutes {
  private readonly prefixes = new Set<string>();
  private readonly twins = new Set<string>();
  private readonly lengths = new Set<number>();

  constructor(routes: readonly KernelRoute[]) {
    for (const route of routes) {
      this.prefixes.add(prefixKey(route));
      this.lengths.add(route.subnet.prefixLength);
      if (route.metric === WORST_METRIC) this.twins.add(prefixKey(route));
    }
    this.lengths.delete(0); // companions exist to stop packets from taking the default route
  }

  /** A less specific route would take the packets, which is a working fallback. Or the prefix and metric are in use. */
  stopsCompanionOf({ subnet, table }: Prefix): boolean {
    if (this.twins.has(prefixKey({ subnet, table }))) return true;
    return [...this.lengths].some(
      (length) =>
        length < subnet.prefixLength &&
        this.prefixes.has(prefixKey({ subnet: Subnet.around(subnet.address, length), table })),
    );
  }
}

export interface CompanionChanges {
  readonly puts: readonly PutRoute[];
  /** Prefixes that have a companion once the changes are made. */
  readonly wanted: Stable<ReadonlySet<string>>;
}

/** What decides which companions to write. */
export type CompanionInputs = {
  readonly companions: Stable<Companions>;
  /** Those of a confirmed list; none while a list is on trial. */
  readonly verdicts: Stable<readonly Verdict[]>;
  /** Prefixes that had a companion after the last pass. If it was deleted since, it is restored. */
  readonly before: Stable<ReadonlySet<string>>;
  readonly ownership: Stable<Ownership>;
};

/** The companions to write after their routes are verified. */
export function missingCompanions(inputs: CompanionInputs): CompanionChanges {
  const { companions, verdicts, before, ownership } = inputs;
  const { allowed, present, restored } = companions;
  const proved = new Set(
    verdicts.filter(({ state }) => state === 'effective' || state === 'installed').map(({ route }) => prefixKey(route)),
  );
  const isDue = (key: string) => present.has(key) || restored.has(key) || before.has(key) || proved.has(key);
  const wanted = [...allowed].filter(([key]) => isDue(key));
  const puts = wanted.flatMap(([key, { subnet, table }]): PutRoute[] => {
    const own = present.get(key);
    if (own?.protocol === ownership.protocol) return [];
    return [{ kind: 'put-route', replace: own !== undefined, route: { subnet, table, metric: WORST_METRIC } }];
  });
  const isAsBefore = wanted.length === before.size && wanted.every(([key]) => before.has(key));
  return { puts, wanted: isAsBefore ? before : asStable(new Set(wanted.map(([key]) => key))) };
}
