import { type Route, type RouteList, routeKey } from '../../network';
import type { KernelRoute, Snapshot } from '../kernel/types';
import { hopsOf } from './hops';
import { isOwn, type Ownership } from './ownership';

/** Our routes as the kernel holds them, as a list: what an agent returns to that knows of no list before. */
export function presentList(snapshot: Snapshot, ownership: Ownership): RouteList {
  const own = snapshot.routes.filter((route) => isOwn(route, ownership));
  const routes = new Map(
    own.flatMap((route) => routeOf(route, snapshot) ?? []).map((route) => [routeKey(route), route]),
  );
  return { routes: [...routes.values()], duplicates: [] };
}

/** @returns undefined for a route that leads nowhere. */
function routeOf(route: KernelRoute, { nexthops, links }: Snapshot): Route | undefined {
  const hops = hopsOf(route, nexthops);
  const nextHops = hops.flatMap(({ gateway }) => gateway ?? []);
  const [link, ...others] = [...new Set(hops.map((hop) => hop.link))];
  const name = link === undefined || others.length > 0 ? undefined : links.get(link)?.name;
  if (nextHops.length === 0 && name === undefined) return undefined;
  const { subnet, table, metric, source, mtu } = route;
  return {
    subnet,
    nextHops,
    ...(name !== undefined && { interface: name }),
    table,
    metric,
    ...(source !== undefined && { source }),
    ...(mtu !== undefined && { mtu }),
  };
}
