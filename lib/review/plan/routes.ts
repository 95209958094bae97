import { MAIN_TABLE, type Route, routeKey } from '../../network';
import { countAddresses } from '../addresses';
import { type Pool, wayOf } from './pool';
import type { RouteChanges, RouteLine } from './types';

/** A route on both sides, or on one side only. */
interface RoutePair {
  readonly before?: Route;
  readonly after?: Route;
}

/** Pairs the routes of two lists by destination, table and metric; the rest by destination alone. */
function pairRoutes(before: readonly Route[], after: readonly Route[]): RoutePair[] {
  const exact = pairBy(routeKey, before, after);
  const left = exact.filter((pair) => pair.before === undefined || pair.after === undefined);
  const moved = pairBy(
    ({ subnet }) => `${subnet}`,
    left.flatMap((pair) => pair.before ?? []),
    left.flatMap((pair) => pair.after ?? []),
  );
  return [...exact.filter((pair) => pair.before !== undefined && pair.after !== undefined), ...moved].sort((a, b) =>
    subnetOf(a).compare(subnetOf(b)),
  );
}

/** Compares the routes of a pool; one side is missing if the pool is new or removed. */
export function compareRoutes(before: Pool | undefined, after: Pool | undefined): RouteChanges {
  const ways = new Map<string, string>();
  const wayIn = (pool: Pool | undefined) => (route: Route) => {
    if (route.nextHops.length > 0 || route.interface !== undefined) return wayOf(route, pool as Pool);
    const key = `${pool === before} ${route.subnet.family}`;
    const way = ways.get(key) ?? wayOf(route, pool as Pool);
    ways.set(key, way);
    return way;
  };
  const [wayBefore, wayAfter] = [wayIn(before), wayIn(after)];
  const groups: Record<'added' | 'removed' | 'moved' | 'adjusted', RoutePair[]> = {
    added: [],
    removed: [],
    moved: [],
    adjusted: [],
  };
  for (const pair of pairRoutes(before?.routes ?? [], after?.routes ?? [])) {
    if (pair.before === undefined) groups.added.push(pair);
    else if (pair.after === undefined) groups.removed.push(pair);
    else if (wayBefore(pair.before) !== wayAfter(pair.after)) groups.moved.push(pair);
    else if (detailsOf(pair.before) !== detailsOf(pair.after)) groups.adjusted.push(pair);
  }
  const lines = (pairs: readonly RoutePair[]) =>
    pairs.map((pair): RouteLine => {
      const comment = (pair.after ?? pair.before)?.comment;
      return {
        subnet: `${subnetOf(pair)}`,
        ...(pair.before && { before: `${wayBefore(pair.before)}${detailsOf(pair.before)}` }),
        ...(pair.after && { after: `${wayAfter(pair.after)}${detailsOf(pair.after)}` }),
        ...(comment !== undefined && { comment }),
      };
    });
  const count = (pairs: readonly RoutePair[]) => countAddresses(pairs.map(subnetOf));
  return {
    total: after?.routes.length ?? 0,
    added: lines(groups.added),
    removed: lines(groups.removed),
    moved: lines(groups.moved),
    adjusted: lines(groups.adjusted),
    addresses: {
      added: count(groups.added),
      removed: count(groups.removed),
      moved: count(groups.moved),
      adjusted: count(groups.adjusted),
    },
  };
}

/** The attributes of a route besides its path, as `ip route` writes them. */
function detailsOf({ table, metric, source, mtu }: Route): string {
  return [
    table === MAIN_TABLE ? '' : ` table ${table}`,
    metric === 0 || metric === 1024 ? '' : ` metric ${metric}`,
    source === undefined ? '' : ` src ${source}`,
    mtu === undefined ? '' : ` mtu ${mtu}`,
  ].join('');
}

function pairBy(
  keyOf: (route: Route) => string,
  before: readonly Route[],
  after: readonly Route[],
): (RoutePair & { before?: Route; after?: Route })[] {
  const old = new Map<string, Route[]>();
  for (const route of before) old.set(keyOf(route), [...(old.get(keyOf(route)) ?? []), route]);
  const pairs = after.map((route) => {
    const earlier = old.get(keyOf(route))?.shift();
    return earlier === undefined ? { after: route } : { before: earlier, after: route };
  });
  return [...pairs, ...[...old.values()].flat().map((route) => ({ before: route }))];
}

function subnetOf({ before, after }: RoutePair) {
  return ((after ?? before) as Route).subnet;
}
