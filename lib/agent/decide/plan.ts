import { type Route, routeKey } from '../../network';
import type { Change, KernelRoute, Snapshot } from '../kernel/types';
import { RTPROT_BOOT } from '../netlink/constants';
import { hopsOf, routeDescription, sameWay } from './hops';
import { NexthopAssignment } from './nexthops';
import { isOwn, type Ownership } from './ownership';
import type { ResolvedRoute } from './resolve';

export type Standing =
  /** Ours is or will be there. */
  | { readonly state: 'ours'; readonly conflict?: string }
  /** Somebody else's route of the same prefix goes the same way. */
  | { readonly state: 'satisfied'; readonly by: string }
  /** Somebody else's route of the same prefix goes another way; ours is not installed. */
  | { readonly state: 'conflicting'; readonly conflict: string };

export interface Plan {
  /** In the order in which they are made: nobody refers to what is not there yet or no longer. */
  readonly changes: readonly Change[];
  /** By routeKey. */
  readonly standings: ReadonlyMap<string, Standing>;
}

/**
 * What has to change so that the kernel holds the resolved routes and nothing else of ours.
 * @param keep keys of routes that are listed but cannot be resolved now: whatever of them is there stays as it is.
 */
export function plan(
  resolved: readonly ResolvedRoute[],
  keep: ReadonlySet<string>,
  snapshot: Snapshot,
  ownership: Ownership,
): Plan {
  const { own, others } = sortRoutes(resolved, snapshot, ownership);
  const standings = new Map<string, Standing>();
  const installed: InstalledRoute[] = [];
  for (const resolvedRoute of resolved) {
    const key = routeKey(resolvedRoute.route);
    const rivals = others.get(prefixKey(resolvedRoute.route)) ?? [];
    const legacy = rivals.find((rival) => ownership.adoptLegacy && isLegacy(rival, resolvedRoute, snapshot));
    const standing = judge(
      resolvedRoute,
      own.get(key),
      rivals.filter((rival) => rival !== legacy),
      snapshot,
    );
    standings.set(key, standing);
    if (standing.state === 'ours') installed.push({ ...resolvedRoute, own: own.get(key), legacy, rivals });
  }
  const nexthops = new NexthopAssignment(installed, own, snapshot, ownership);
  const routeChanges = [
    ...installed.flatMap((resolvedRoute) => putRoute(resolvedRoute, nexthops, ownership)),
    ...deletions(installed, own, keep),
  ];
  return { changes: [...nexthops.changes, ...routeChanges, ...nexthops.unused(routeChanges)], standings };
}

interface InstalledRoute extends ResolvedRoute {
  readonly own: KernelRoute | undefined;
  readonly legacy: KernelRoute | undefined;
  readonly rivals: readonly KernelRoute[];
}

/** Our routes by key, and other people's by prefix as far as the resolved routes have the same prefix. */
function sortRoutes(
  resolved: readonly ResolvedRoute[],
  snapshot: Snapshot,
  ownership: Ownership,
): { own: Map<string, KernelRoute>; others: Map<string, KernelRoute[]> } {
  const own = new Map<string, KernelRoute>();
  const others = new Map<string, KernelRoute[]>(resolved.map(({ route }) => [prefixKey(route), []]));
  for (const route of snapshot.routes) {
    if (isOwn(route, ownership)) own.set(routeKey(route), route);
    else others.get(prefixKey(route))?.push(route);
  }
  return { own, others };
}

function judge(
  resolvedRoute: ResolvedRoute,
  own: KernelRoute | undefined,
  rivals: readonly KernelRoute[],
  snapshot: Snapshot,
): Standing {
  const against = rivals
    .filter((rival) => !goesTheWay(rival, resolvedRoute, snapshot))
    .map((rival) => routeDescription(rival, snapshot));
  const conflict = against.join('; ');
  if (own !== undefined) return conflict === '' ? { state: 'ours' } : { state: 'ours', conflict };
  if (conflict !== '') return { state: 'conflicting', conflict };
  const [same] = rivals;
  return same === undefined ? { state: 'ours' } : { state: 'satisfied', by: routeDescription(same, snapshot) };
}

function putRoute(
  { route, hops, own, legacy, rivals }: InstalledRoute,
  nexthops: NexthopAssignment,
  ownership: Ownership,
): Change[] {
  const { subnet, table, metric, source, mtu } = route;
  const nexthopId = nexthops.idOf(subnet.family, hops);
  if (own !== undefined && isAsWanted(own, route, nexthopId, ownership)) return [];
  const sharesKey = (other: KernelRoute | undefined) => other !== undefined && routeKey(other) === routeKey(route);
  // REPLACE takes the first route of the key, whoever owns it: never where somebody else shares ours.
  if (own !== undefined && rivals.some(sharesKey)) return [];
  const replace = own !== undefined || sharesKey(legacy);
  return [
    {
      kind: 'put-route',
      replace,
      route: { subnet, table, metric, nexthopId, ...(source && { source }), ...(mtu && { mtu }) },
    },
  ];
}

function isAsWanted(own: KernelRoute, { source, mtu }: Route, nexthopId: number, { protocol }: Ownership): boolean {
  const sameSource =
    own.source === undefined || source === undefined ? own.source === source : own.source.equals(source);
  return own.protocol === protocol && own.nexthopId === nexthopId && own.mtu === mtu && sameSource;
}

/** Ours that nobody wants any more, and legacy routes whose successor has another metric. */
function deletions(
  installed: readonly InstalledRoute[],
  own: ReadonlyMap<string, KernelRoute>,
  keep: ReadonlySet<string>,
): Change[] {
  const wanted = new Set(installed.map(({ route }) => routeKey(route)));
  const unwanted = [...own].flatMap(([key, route]) => (wanted.has(key) || keep.has(key) ? [] : [route]));
  const succeeded = installed.flatMap(({ route, legacy }) =>
    legacy === undefined || routeKey(legacy) === routeKey(route) ? [] : [legacy],
  );
  return [...unwanted, ...succeeded].map((route) => ({ kind: 'delete-route', route }));
}

/** As the original DaemonSet left it: same prefix, same way, protocol boot. */
function isLegacy(route: KernelRoute, resolvedRoute: ResolvedRoute, snapshot: Snapshot): boolean {
  return route.protocol === RTPROT_BOOT && goesTheWay(route, resolvedRoute, snapshot);
}

function goesTheWay(route: KernelRoute, resolvedRoute: ResolvedRoute, snapshot: Snapshot): boolean {
  return sameWay(hopsOf(route, snapshot.nexthops), resolvedRoute.hops);
}

const prefixKey = ({ subnet, table }: Pick<Route, 'subnet' | 'table'>): string => `${subnet} ${table}`;
