import { type Family, type RouteList, routeKey } from '../../network';
import type { KernelEvent } from '../kernel/events';
import type { Change, Hop, KernelRoute, Nexthop } from '../kernel/types';
import { RT_TABLE_MAIN, RTN_UNICAST } from '../netlink/constants';
import { routePut } from './diff';
import { isOwn, type Ownership } from './ownership';
import type { PrivateNetwork } from './private-network';
import { followsPrivateNetwork } from './resolve';
import { sameWay } from './route-hops';
import type { Verdict } from './verdicts';

/** What a pass found, as far as it matters here. */
interface Found {
  /** One for each route of the list, in its order. */
  readonly verdicts: readonly Verdict[];
  readonly privateNetworks: ReadonlyMap<4 | 6, PrivateNetwork>;
  readonly snapshot: { readonly routes: readonly KernelRoute[] };
}

/** What a pass found, and what an event would have to look for among all routes while packets wait. */
export interface Readiness {
  readonly list: RouteList;
  readonly found: Found;
  readonly ownership: Ownership;
  /** Families of which a route of the list has a next hop of its own. */
  readonly strays: ReadonlySet<Family>;
  /** Numbers of the nexthop objects that routes of others refer to. */
  readonly foreign: ReadonlySet<number>;
  /** The private networks' own, of the main table. */
  readonly entries: readonly KernelRoute[];
}

const STOOD: ReadonlySet<Verdict['state']> = new Set(['effective', 'installed', 'shadowed']);

export function readiness(list: RouteList, found: Found, ownership: Ownership): Readiness {
  const { routes } = found.snapshot;
  const networks = [...found.privateNetworks.values()].flatMap((each) => (each.state === 'found' ? each.network : []));
  return {
    list,
    found,
    ownership,
    strays: new Set(list.routes.flatMap((route) => (followsPrivateNetwork(route) ? [] : route.subnet.family))),
    foreign: new Set(routes.flatMap((route) => (isOwn(route, ownership) ? [] : (route.nexthopId ?? [])))),
    entries: routes.filter(
      ({ subnet, table }) => table === RT_TABLE_MAIN && networks.some((network) => network.equals(subnet)),
    ),
  };
}

/**
 * What events alone say is to be done, without reading all tables: a pass follows in any case, and this only spares the
 * packets the time that it takes. Whatever is not certain is left to the pass.
 */
export function changesAtOnce(
  events: readonly KernelEvent[],
  ready: Readiness,
  nexthops: () => ReadonlyMap<number, Nexthop>,
): Change[] {
  return events.flatMap((event) => {
    if (event.kind !== 'route') return [];
    if (!isOnlyOne(event, events)) return [];
    if (event.deleted) return isOwn(event.route, ready.ownership) ? putBack(event.route, ready) : [];
    // An entry that was appended or added stands behind another, or takes its place: the pass knows.
    return event.replaced ? follow(event.route, ready, nexthops) : [];
  });
}

/** What happened to one prefix several times says nothing that is certain. */
function isOnlyOne({ route }: KernelEvent & { kind: 'route' }, events: readonly KernelEvent[]): boolean {
  return events.every(
    (other) => other.kind !== 'route' || other.route === route || !other.route.subnet.equals(route.subnet),
  );
}

/**
 * A route of ours that was deleted. It is refused where somebody has put another one in its place, and where somebody
 * else has one of the prefix it may be that ours is not needed any more.
 */
function putBack(
  { subnet, table, metric, nexthopId }: KernelRoute,
  { list, found: { verdicts, snapshot }, ownership }: Readiness,
): Change[] {
  const key = routeKey({ subnet, table, metric });
  const place = list.routes.findIndex((route) => route.subnet.equals(subnet) && routeKey(route) === key);
  const verdict = verdicts[place];
  if (verdict === undefined || nexthopId === undefined || !STOOD.has(verdict.state)) return [];
  const isRival = (route: KernelRoute) =>
    !isOwn(route, ownership) && route.table === table && route.subnet.equals(subnet);
  if (snapshot.routes.some(isRival)) return [];
  return [routePut(verdict.route, nexthopId, false)];
}

/** The private network's entry names another next hop: the objects of all routes that follow it are changed. */
function follow(
  entry: KernelRoute,
  { found: { privateNetworks }, ownership, strays, foreign, entries }: Readiness,
  nexthops: () => ReadonlyMap<number, Nexthop>,
): Change[] {
  const { family } = entry.subnet;
  const before = privateNetworks.get(family);
  if (before?.state !== 'found' || !before.network.equals(entry.subnet) || isOwn(entry, ownership)) return [];
  if (entry.table !== RT_TABLE_MAIN || entry.type !== RTN_UNICAST || entry.qualified) return [];
  const [old, to] = [onlyHop(before.hops), onlyHop(entry.hops)];
  if (old === undefined || to?.gateway?.family !== family || sameWay([old], [to])) return [];
  const isBeaten = entries.some(({ subnet, metric }) => metric < entry.metric && subnet.equals(entry.subnet));
  if (isBeaten || strays.has(family)) return [];
  const objects = [...nexthops().values()];
  const ours = objects.filter(
    (each) => each.protocol === ownership.protocol && each.family === family && each.hop && sameWay([each.hop], [old]),
  );
  const members = new Set(objects.flatMap(({ group = [] }) => group.map(({ id }) => id)));
  if (ours.some(({ id }) => foreign.has(id) || members.has(id))) return [];
  return ours.map((nexthop) => ({
    kind: 'put-nexthop',
    replace: true,
    nexthop: { ...nexthop, hop: { ...to, weight: 1 } },
  }));
}

function onlyHop(hops: readonly Hop[]): Hop | undefined {
  return hops.length === 1 ? hops[0] : undefined;
}
