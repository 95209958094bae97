import { Address, type Route, type RouteList, routeKey, Subnet } from '../../network';
import type { Hop, KernelRoute, Snapshot } from '../kernel/types';
import { isCompanion, isOwn, type Ownership } from './ownership';
import { hopsOf } from './route-hops';

/** A route that keeps the way it had when it was read, whatever the node would resolve for it now. */
export interface PresentRoute extends Route {
  readonly hops: readonly Hop[];
}

export function isPresent(route: Route): route is PresentRoute {
  return 'hops' in route;
}

/** Our routes in the kernel as a list, to which an agent without a known previous list rolls back. */
export function presentList(snapshot: Snapshot, ownership: Ownership): RouteList {
  const own = snapshot.routes.filter((route) => isOwn(route, ownership) && !isCompanion(route));
  const routes = own.flatMap((route) => presentRoute(route, snapshot) ?? []);
  return { routes: [...new Map(routes.map((route) => [routeKey(route), route])).values()], duplicates: [] };
}

/** @returns undefined for a route without a next hop or link. */
function presentRoute(route: KernelRoute, { nexthops }: Snapshot): PresentRoute | undefined {
  const { subnet, table, metric, source, mtu } = route;
  const hops = hopsOf(route, nexthops);
  if (hops.length === 0) return undefined;
  return { subnet, nextHops: [], table, metric, hops, ...(source && { source }), ...(mtu && { mtu }) };
}

interface PresentEntry {
  readonly subnet: string;
  readonly table: number;
  readonly metric: number;
  readonly source?: string;
  readonly mtu?: number;
  readonly hops: readonly (Omit<Hop, 'gateway'> & { readonly gateway?: string })[];
}

/** As text for the journal. A user cannot write such a list: its next hops are the kernel's, by interface index. */
export function presentText({ routes }: RouteList): string {
  return JSON.stringify(
    routes.filter(isPresent).map(
      ({ subnet, table, metric, source, mtu, hops }): PresentEntry => ({
        subnet: `${subnet}`,
        table,
        metric,
        ...(source && { source: `${source}` }),
        ...(mtu && { mtu }),
        hops: hops.map(({ gateway, ...hop }) => ({ ...hop, ...(gateway && { gateway: `${gateway}` }) })),
      }),
    ),
  );
}

/** @throws for text that presentText() did not write. */
export function readPresentText(text: string): RouteList {
  const routes = (JSON.parse(text) as PresentEntry[]).map(
    ({ subnet, source, hops, ...rest }): PresentRoute => ({
      ...rest,
      subnet: Subnet.parse(subnet),
      nextHops: [],
      ...(source !== undefined && { source: Address.parse(source) }),
      hops: hops.map(({ gateway, ...hop }) => ({ ...hop, ...(gateway && { gateway: Address.parse(gateway) }) })),
    }),
  );
  return { routes, duplicates: [] };
}
