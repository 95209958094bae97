import { type Family, MAIN_TABLE, type RouteList, routeKey } from '../../network';
import type { KernelEvent } from '../kernel/events';
import type { Change, Hop, KernelRoute, Nexthop } from '../kernel/types';
import { RTN_UNICAST } from '../netlink/constants';
import type { Stable } from '../stable';
import { routePut } from './diff';
import { isOwn, type Ownership } from './ownership';
import type { PrivateNetwork } from './private-network';
import { followsPrivateNetwork } from './resolve';
import { sameWay } from './route-hops';
import type { Verdict } from './verdicts';

/** What a pass found. */
export type QuickInputs = {
  readonly list: Stable<RouteList>;
  readonly decision: Stable<Found>;
  /** One for each route of the list, in its order. */
  readonly verdicts: Stable<readonly Verdict[]>;
  readonly ownership: Stable<Ownership>;
};

interface Found {
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
  readonly snapshot: { readonly routes: readonly KernelRoute[] };
}

const PRESENT: ReadonlySet<Verdict['state']> = new Set(['effective', 'installed', 'shadowed']);

/**
 * Tells what events alone say is to be done.
 * @param nexthops reads the objects that are there now.
 */
export type QuickAnswer = (
  events: readonly KernelEvent[],
  nexthops: () => ReadonlyMap<number, Nexthop>,
) => readonly Change[];

/**
 * Finds after a pass what an event would have to look for among all routes while packets wait. Another pass follows the
 * answer in any case and has the last word: the answer only spares the packets the time that it takes. Whatever is not
 * certain is left to the pass, so that the two never disagree.
 */
export function quickAnswer({ list, decision, verdicts, ownership }: QuickInputs): QuickAnswer {
  const { privateNetworks, snapshot } = decision;
  const others = snapshot.routes.filter((route) => !isOwn(route, ownership));
  const withOwnNextHops = new Set(
    list.routes.flatMap((route) => (followsPrivateNetwork(route) ? [] : route.subnet.family)),
  );
  const foreignObjects = new Set(others.map(({ nexthopId }) => nexthopId));

  /**
   * A route of ours that was deleted. It is refused where somebody has put another one in its place, and where somebody
   * else has one of the prefix it may be that ours is not needed any more.
   */
  const putBack = ({ subnet, table, metric, nexthopId }: KernelRoute): Change[] => {
    const key = routeKey({ subnet, table, metric });
    const verdict = verdicts.find(({ route }) => route.subnet.equals(subnet) && routeKey(route) === key);
    if (verdict === undefined || nexthopId === undefined || !PRESENT.has(verdict.state)) return [];
    if (others.some((route) => route.table === table && route.subnet.equals(subnet))) return [];
    return [routePut(verdict.route, nexthopId, false)];
  };

  /** The private network's entry names another next hop: the objects of all routes that follow it are changed. */
  const follow = (entry: KernelRoute, nexthops: () => ReadonlyMap<number, Nexthop>): Change[] => {
    const { family } = entry.subnet;
    const before = privateNetworks.get(family);
    if (before?.state !== 'found' || !before.network.equals(entry.subnet) || isOwn(entry, ownership)) return [];
    if (entry.table !== MAIN_TABLE || entry.type !== RTN_UNICAST || entry.qualified) return [];
    const [old, to] = [onlyHop(before.hops), onlyHop(entry.hops)];
    if (old === undefined || to?.gateway?.family !== family || sameWay([old], [to])) return [];
    const wins = ({ subnet, table, metric }: KernelRoute) =>
      metric < entry.metric && table === MAIN_TABLE && subnet.equals(entry.subnet);
    if (withOwnNextHops.has(family) || others.some(wins)) return [];
    const objects = [...nexthops().values()];
    const members = new Set(objects.flatMap(({ group = [] }) => group.map(({ id }) => id)));
    const ours = objects.filter(
      (each) =>
        each.protocol === ownership.protocol && each.family === family && each.hop && sameWay([each.hop], [old]),
    );
    if (ours.some(({ id }) => foreignObjects.has(id) || members.has(id))) return [];
    return ours.map((nexthop) => ({
      kind: 'put-nexthop',
      replace: true,
      nexthop: { ...nexthop, hop: { ...to, weight: 1 } },
    }));
  };

  const isPrivate = ({ subnet }: KernelRoute) => {
    const network = privateNetworks.get(subnet.family);
    return network?.state === 'found' && network.network.equals(subnet);
  };

  return (events, nexthops) => {
    // Then a route that went with the old next hop may have to come back with another one.
    const isMoved = events.some((event) => event.kind === 'route' && isPrivate(event.route));
    return events.flatMap((event) => {
      if (event.kind !== 'route' || !isOnlyOne(event, events)) return [];
      if (event.deleted) return isOwn(event.route, ownership) && !isMoved ? putBack(event.route) : [];
      // An entry that was appended or added stands behind another, or takes its place: the pass knows.
      return event.replaced ? follow(event.route, nexthops) : [];
    });
  };
}

/** What happened to one prefix several times says nothing that is certain. */
function isOnlyOne({ route }: KernelEvent & { kind: 'route' }, events: readonly KernelEvent[]): boolean {
  return events.every(
    (other) => other.kind !== 'route' || other.route === route || !other.route.subnet.equals(route.subnet),
  );
}

function onlyHop(hops: readonly Hop[]): Hop | undefined {
  return hops.length === 1 ? hops[0] : undefined;
}
