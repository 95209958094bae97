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
  /** One for each listed route, in the order of the list. */
  readonly verdicts: Stable<readonly Verdict[]>;
  readonly ownership: Stable<Ownership>;
};

interface Found {
  readonly privateNetworks: ReadonlyMap<Family, PrivateNetwork>;
  readonly snapshot: { readonly routes: readonly KernelRoute[] };
}

const PRESENT: ReadonlySet<Verdict['state']> = new Set(['effective', 'installed', 'shadowed']);

/**
 * Returns the changes that follow from events alone.
 * @param nexthops reads the present objects.
 */
export type QuickAnswer = (
  events: readonly KernelEvent[],
  nexthops: () => ReadonlyMap<number, Nexthop>,
) => readonly Change[];

/**
 * Prepares after a pass what an event handler would otherwise have to search for among all routes while packets wait.
 * Another pass always follows the quick answer and decides; the answer only saves packets the duration of that pass.
 * Anything uncertain is left to the pass, so that the two never disagree.
 */
export function quickAnswer({ list, decision, verdicts, ownership }: QuickInputs): QuickAnswer {
  const { privateNetworks, snapshot } = decision;
  const others = snapshot.routes.filter((route) => !isOwn(route, ownership));
  const withOwnNextHops = new Set(
    list.routes.flatMap((route) => (followsPrivateNetwork(route) ? [] : route.subnet.family)),
  );
  const foreignObjects = new Set(others.map(({ nexthopId }) => nexthopId));

  /**
   * Restores a deleted route of ours. There is no quick answer if another route took its place, or if a foreign route
   * has the same prefix, because ours may no longer be needed.
   */
  const putBack = ({ subnet, table, metric, nexthopId }: KernelRoute): Change[] => {
    const key = routeKey({ subnet, table, metric });
    const verdict = verdicts.find(({ route }) => route.subnet.equals(subnet) && routeKey(route) === key);
    if (verdict === undefined || nexthopId === undefined || !PRESENT.has(verdict.state)) return [];
    if (others.some((route) => route.table === table && route.subnet.equals(subnet))) return [];
    return [routePut(verdict.route, nexthopId, false)];
  };

  /** If the private network's entry has a new next hop, changes the objects of all routes that follow it. */
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
    // Then a route that was removed with the old next hop may have to be restored with another one.
    const isMoved = events.some((event) => event.kind === 'route' && isPrivate(event.route));
    return events.flatMap((event) => {
      if (event.kind !== 'route' || !isOnlyOne(event, events)) return [];
      if (event.deleted) return isOwn(event.route, ownership) && !isMoved ? putBack(event.route) : [];
      // An appended or added entry comes after another one or replaces it; the pass decides.
      return event.replaced ? follow(event.route, nexthops) : [];
    });
  };
}

/** Several events for one prefix are not conclusive. */
function isOnlyOne({ route }: KernelEvent & { kind: 'route' }, events: readonly KernelEvent[]): boolean {
  return events.every(
    (other) => other.kind !== 'route' || other.route === route || !other.route.subnet.equals(route.subnet),
  );
}

function onlyHop(hops: readonly Hop[]): Hop | undefined {
  return hops.length === 1 ? hops[0] : undefined;
}
