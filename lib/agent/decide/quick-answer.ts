import { type Family, type RouteList, routeKey } from '../../network';
import type { KernelEvent } from '../kernel/events';
import type { Change, Hop, KernelRoute, Nexthop } from '../kernel/types';
import { RT_TABLE_MAIN, RTN_UNICAST } from '../netlink/constants';
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
 * What events alone say is to be done after a pass, without reading all tables: another pass follows in any case and has
 * the last word, and this only spares the packets the time that it takes. Whatever is not certain is left to the pass, so
 * that the two never disagree.
 */
export class QuickAnswer {
  /** Families of which a route of the list has a next hop of its own. */
  private readonly ownNextHops: ReadonlySet<Family>;
  /** Numbers of the nexthop objects that routes of others refer to. */
  private readonly foreign: ReadonlySet<number>;
  /** The private networks' own, of the main table. */
  private readonly entries: readonly KernelRoute[];

  /** Looks for what an event would have to look for among all routes while packets wait. */
  constructor(private readonly inputs: QuickInputs) {
    const { list, decision, ownership } = inputs;
    const { routes } = decision.snapshot;
    const networks = [...decision.privateNetworks.values()].flatMap((each) =>
      each.state === 'found' ? each.network : [],
    );
    this.ownNextHops = new Set(
      list.routes.flatMap((route) => (followsPrivateNetwork(route) ? [] : route.subnet.family)),
    );
    this.foreign = new Set(routes.flatMap((route) => (isOwn(route, ownership) ? [] : (route.nexthopId ?? []))));
    this.entries = routes.filter(
      ({ subnet, table }) => table === RT_TABLE_MAIN && networks.some((network) => network.equals(subnet)),
    );
  }

  /** @param nexthops reads the objects that are there now. */
  changesFor(events: readonly KernelEvent[], nexthops: () => ReadonlyMap<number, Nexthop>): Change[] {
    return events.flatMap((event) => {
      if (event.kind !== 'route') return [];
      if (!isOnlyOne(event, events)) return [];
      if (event.deleted) return isOwn(event.route, this.inputs.ownership) ? this.putBack(event.route) : [];
      // An entry that was appended or added stands behind another, or takes its place: the pass knows.
      return event.replaced ? this.follow(event.route, nexthops) : [];
    });
  }

  /**
   * A route of ours that was deleted. It is refused where somebody has put another one in its place, and where somebody
   * else has one of the prefix it may be that ours is not needed any more.
   */
  private putBack({ subnet, table, metric, nexthopId }: KernelRoute): Change[] {
    const { list, decision, verdicts, ownership } = this.inputs;
    const key = routeKey({ subnet, table, metric });
    const place = list.routes.findIndex((route) => route.subnet.equals(subnet) && routeKey(route) === key);
    const verdict = verdicts[place];
    if (verdict === undefined || nexthopId === undefined || !PRESENT.has(verdict.state)) return [];
    const isRival = (route: KernelRoute) =>
      !isOwn(route, ownership) && route.table === table && route.subnet.equals(subnet);
    if (decision.snapshot.routes.some(isRival)) return [];
    return [routePut(verdict.route, nexthopId, false)];
  }

  /** The private network's entry names another next hop: the objects of all routes that follow it are changed. */
  private follow(entry: KernelRoute, nexthops: () => ReadonlyMap<number, Nexthop>): Change[] {
    const { decision, ownership } = this.inputs;
    const { family } = entry.subnet;
    const before = decision.privateNetworks.get(family);
    if (before?.state !== 'found' || !before.network.equals(entry.subnet) || isOwn(entry, ownership)) return [];
    if (entry.table !== RT_TABLE_MAIN || entry.type !== RTN_UNICAST || entry.qualified) return [];
    const [old, to] = [onlyHop(before.hops), onlyHop(entry.hops)];
    if (old === undefined || to?.gateway?.family !== family || sameWay([old], [to])) return [];
    const isBeaten = this.entries.some(({ subnet, metric }) => metric < entry.metric && subnet.equals(entry.subnet));
    if (isBeaten || this.ownNextHops.has(family)) return [];
    const objects = [...nexthops().values()];
    const ours = objects.filter(
      (each) =>
        each.protocol === ownership.protocol && each.family === family && each.hop && sameWay([each.hop], [old]),
    );
    const members = new Set(objects.flatMap(({ group = [] }) => group.map(({ id }) => id)));
    if (ours.some(({ id }) => this.foreign.has(id) || members.has(id))) return [];
    return ours.map((nexthop) => ({
      kind: 'put-nexthop',
      replace: true,
      nexthop: { ...nexthop, hop: { ...to, weight: 1 } },
    }));
  }
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
