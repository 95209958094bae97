import { type Route, routeKey } from '../../network';
import type { Change, KernelRoute, PutRoute, Snapshot } from '../kernel/types';
import { RTPROT_BOOT } from '../netlink/constants';
import { NexthopObjects } from './nexthop-objects';
import { isCompanion, isOwn, type Ownership } from './ownership';
import { prefixKey } from './prefix';
import type { ResolvedRoute } from './resolve';
import { hopsOf, routeDescription, sameWay } from './route-hops';

/**
 * The state of a route whose prefix also has a foreign route. It depends only on the metrics, as the kernel compares
 * them, never on which came first.
 */
export type Standing =
  /**
   * Ours is or will be installed, because its metric is better. `conflict` names foreign routes that lead elsewhere
   * and lose.
   */
  | { readonly state: 'ours'; readonly conflict?: string }
  /** A foreign route wins or ties and takes the same way; ours is not needed. */
  | { readonly state: 'satisfied'; readonly by: string }
  /** A foreign route wins or ties and leads elsewhere. Ours is withdrawn, and theirs is not touched. */
  | { readonly state: 'conflicting'; readonly conflict: string };

export interface RouteDiff {
  /** In the order of execution: nothing refers to an object that does not exist yet. */
  readonly changes: readonly Change[];
  /**
   * Deletions to make after all changes succeeded: routes that have a successor, and nexthop objects. With an object,
   * the kernel also removes every route that still refers to it.
   */
  readonly cleanup: readonly Change[];
  /** States of the routes that have rivals. All other routes are simply ours. */
  readonly standings: ReadonlyMap<Route, Standing>;
  /** Returns the nexthop objects of the routes that are or will be ours. */
  readonly nexthops: Pick<NexthopObjects, 'idOf'>;
}

/**
 * The changes after which the kernel has the resolved routes and no others of ours.
 * @param keep routes that are listed but cannot be resolved now: those that are installed stay as they are.
 */
export function diffRoutes(
  resolved: readonly ResolvedRoute[],
  keep: readonly Route[],
  snapshot: Snapshot,
  ownership: Ownership,
): RouteDiff {
  const { own: left, surplus, others } = sortRoutes(snapshot, ownership);
  const standings = new Map<Route, Standing>();
  const installed: InstalledRoute[] = [];
  for (const each of resolved) {
    const { route, way } = each;
    const identity = left.size === 0 ? '' : routeKey(route);
    const own = left.get(identity);
    const sameSubnet = others.get(`${route.subnet}`);
    const rivals = sameSubnet === undefined ? NO_RIVALS : rivalsOf(each, sameSubnet, snapshot, ownership);
    if (rivals !== NO_RIVALS) {
      const standing = standingOf(each, rivals, snapshot);
      standings.set(route, standing);
      if (standing.state !== 'ours') continue;
    }
    installed.push({ route, way, own, rivals });
    left.delete(identity);
  }
  const leaving = leavingRoutes(left, surplus, keep);
  const prefixes = new Set(leaving.length === 0 ? [] : installed.map(({ route }) => prefixKey(route)));
  const hasSuccessor = (route: KernelRoute) => prefixes.has(prefixKey(route));
  const nexthops = new NexthopObjects(installed, new Set(leaving), snapshot, ownership);
  const puts = putRoutes(installed, nexthops, ownership);
  const withoutSuccessor = leaving.filter((route) => !hasSuccessor(route));
  const adopting = installed.filter(({ rivals }) => rivals !== NO_RIVALS);
  const succeeded = [...leaving.filter(hasSuccessor), ...adopting.flatMap(succeededLegacy)];
  return {
    changes: [...nexthops.changes, ...puts, ...withoutSuccessor.map(deleteRoute)],
    cleanup: [...succeeded.map(deleteRoute), ...nexthops.unused(puts, [...withoutSuccessor, ...succeeded])],
    standings,
    nexthops,
  };
}

export const deleteRoute = (route: KernelRoute): Change => ({ kind: 'delete-route', route });

interface InstalledRoute extends ResolvedRoute {
  readonly own: KernelRoute | undefined;
  readonly rivals: Rivals;
}

/** Routes of the same prefix that are not ours. */
interface Rivals {
  /** Routes of the original DaemonSet, which ours replaces. */
  readonly legacy: readonly KernelRoute[];
  /** Foreign routes. */
  readonly strangers: readonly KernelRoute[];
  /** Whether a legacy route has the same metric as ours. */
  readonly legacyTwin: boolean;
}

/** There are many routes, and most have no rivals, so the code below allocates as little as possible per route. */
const NO_RIVALS: Rivals = { legacy: [], strangers: [], legacyTwin: false };

/** @param sameSubnet routes of any table. */
function rivalsOf(each: ResolvedRoute, sameSubnet: readonly KernelRoute[], snapshot: Snapshot, ownership: Ownership) {
  const all = sameSubnet.filter(({ table }) => table === each.route.table);
  if (all.length === 0) return NO_RIVALS;
  const legacy = all.filter((rival) => ownership.adoptLegacy && isLegacy(rival, each, snapshot));
  const strangers = all.filter((rival) => !legacy.includes(rival));
  return { legacy, strangers, legacyTwin: legacy.some(({ metric }) => metric === each.route.metric) };
}

/**
 * Our routes by identity, and foreign ones by subnet. If several of ours have the same identity (somebody appended
 * one), the first one counts, because REPLACE acts on it. Companions are planned separately (decide/companions.ts).
 */
function sortRoutes(
  snapshot: Snapshot,
  ownership: Ownership,
): { own: Map<string, KernelRoute>; surplus: KernelRoute[]; others: Map<string, KernelRoute[]> } {
  const own = new Map<string, KernelRoute>();
  const surplus: KernelRoute[] = [];
  const others = new Map<string, KernelRoute[]>();
  for (const route of snapshot.routes) {
    if (isOwn(route, ownership)) {
      if (isCompanion(route)) continue;
      const identity = routeKey(route);
      if (own.has(identity)) surplus.push(route);
      else own.set(identity, route);
    } else {
      const sameSubnet = others.get(`${route.subnet}`);
      if (sameSubnet === undefined) others.set(`${route.subnet}`, [route]);
      else sameSubnet.push(route);
    }
  }
  return { own, surplus, others };
}

function standingOf(resolvedRoute: ResolvedRoute, { strangers }: Rivals, snapshot: Snapshot): Standing {
  const described = (routes: readonly KernelRoute[]) =>
    routes.map((rival) => routeDescription(rival, snapshot)).join('; ');
  const goesElsewhere = (rival: KernelRoute) => !goesTheWay(rival, resolvedRoute, snapshot);
  const best = Math.min(...strangers.map(({ metric }) => metric));
  if (best > resolvedRoute.route.metric) {
    const losers = strangers.filter(goesElsewhere);
    return { state: 'ours', ...(losers.length > 0 && { conflict: described(losers) }) };
  }
  const winners = strangers.filter(({ metric }) => metric === best);
  const against = winners.filter(goesElsewhere);
  if (against.length > 0) return { state: 'conflicting', conflict: described(against) };
  return { state: 'satisfied', by: described(winners.slice(0, 1)) };
}

function putRoutes(installed: readonly InstalledRoute[], nexthops: NexthopObjects, ownership: Ownership): PutRoute[] {
  const changes: PutRoute[] = [];
  for (const each of installed) {
    const change = putRoute(each, nexthops.idOf(each), ownership);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

function putRoute({ route, own, rivals }: InstalledRoute, nexthopId: number, ownership: Ownership) {
  if (own !== undefined && isAsWanted(own, route, nexthopId, ownership)) return undefined;
  // REPLACE acts on the first route with that prefix and metric, whoever owns it. If a foreign route has that metric,
  // ours is not installed at all. A legacy route beside ours is removed in this pass, so that the next pass can
  // replace.
  if (own !== undefined && rivals.legacyTwin) return undefined;
  return routePut(route, nexthopId, own !== undefined || rivals.legacyTwin);
}

/** The change that writes a listed route. */
export function routePut({ subnet, table, metric, source, mtu }: Route, nexthopId: number, replace: boolean): PutRoute {
  const route = { subnet, table, metric, nexthopId };
  if (source === undefined && mtu === undefined) return { kind: 'put-route', replace, route };
  return { kind: 'put-route', replace, route: { ...route, ...(source && { source }), ...(mtu && { mtu }) } };
}

function isAsWanted(own: KernelRoute, { source, mtu }: Route, nexthopId: number, { protocol }: Ownership): boolean {
  const sameSource =
    own.source === undefined || source === undefined ? own.source === source : own.source.equals(source);
  return own.protocol === protocol && own.nexthopId === nexthopId && own.mtu === mtu && sameSource;
}

/**
 * Deletes those of our routes that are no longer wanted. @param left routes by identity that no resolved route wants.
 */
function leavingRoutes(
  left: ReadonlyMap<string, KernelRoute>,
  surplus: readonly KernelRoute[],
  keep: readonly Route[],
): KernelRoute[] {
  const kept = new Set(keep.map(routeKey));
  return [...left.values(), ...surplus].filter((route) => !kept.has(routeKey(route)));
}

/** Legacy routes except the one that ours replaces because it has the same metric. */
function succeededLegacy({ route, own, rivals }: InstalledRoute): readonly KernelRoute[] {
  return rivals.legacy.filter((other) => own !== undefined || other.metric !== route.metric);
}

/** Whether the route is one that the original DaemonSet left: same prefix, same way, protocol boot. */
function isLegacy(route: KernelRoute, resolvedRoute: ResolvedRoute, snapshot: Snapshot): boolean {
  return route.protocol === RTPROT_BOOT && goesTheWay(route, resolvedRoute, snapshot);
}

function goesTheWay(route: KernelRoute, { way: { hops, members } }: ResolvedRoute, snapshot: Snapshot): boolean {
  const taken = hopsOf(route, snapshot.nexthops);
  return sameWay(taken, hops) || (members !== undefined && sameWay(taken, members));
}
