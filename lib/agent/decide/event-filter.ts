import { Cover, MAIN_TABLE, type RouteList, reservedFor } from '../../network';
import type { KernelEvent } from '../kernel/events';
import type { KernelRoute, Snapshot } from '../kernel/types';
import type { Stable } from '../stable';
import type { Policy } from './decide';
import { isOwn, type Ownership } from './ownership';
import { hopsOf } from './route-hops';
import { isGood, type Verdict } from './verdicts';

/** The results of a pass on which the filter depends. */
export type FilterInputs = {
  readonly subnets: Stable<WatchedSubnets>;
  readonly ownership: Stable<Ownership>;
  readonly verdicts: Stable<readonly Verdict[]>;
  readonly missingNextHops: Stable<readonly string[]>;
  readonly snapshot: Stable<Snapshot>;
};

type SubnetInputs = {
  readonly list: Stable<RouteList>;
  readonly settings: Stable<Pick<Policy, 'privateNetworks' | 'otherwise'>>;
};

/** The part of the routing tables that matters. */
export interface WatchedSubnets {
  /** Subnets of the list, and the private networks, as text. */
  readonly subnets: ReadonlySet<string>;
  /** Tables of the list. */
  readonly listed: Cover;
  /** Whether less specific routes matter, because they rule out companions. */
  readonly hasCompanions: boolean;
}

/** @param settings which networks are private, and whether routes have companions. */
export function watchedSubnets({ list, settings }: SubnetInputs): WatchedSubnets {
  const listed = list.routes.map(({ subnet }) => subnet);
  return {
    subnets: new Set([...listed, ...settings.privateNetworks].map(String)),
    listed: new Cover(listed),
    hasCompanions: settings.otherwise === 'unreachable',
  };
}

/** Whether a kernel event can change what the last pass found. */
export type EventFilter = (event: KernelEvent) => boolean;

/**
 * Other programs on a node (mainly the pod network) cause many events, and a pass for each would be wasted. The resync
 * finds what this filter misses.
 */
export function eventFilter(inputs: FilterInputs): EventFilter {
  const { ownership, verdicts, missingNextHops, snapshot } = inputs;
  const { subnets, listed, hasCompanions } = inputs.subnets;
  /** While something is waiting or failing, any event may be the one it waits for. */
  const isUnsettled = missingNextHops.length > 0 || !verdicts.every(isGood);
  const links = new Set<number>();
  for (const route of snapshot.routes) {
    if (!isOwn(route, ownership) && !subnets.has(`${route.subnet}`)) continue;
    for (const { link } of hopsOf(route, snapshot.nexthops)) links.add(link);
  }
  /** In main, a shorter prefix takes nothing from a listed one, but a rule may lead to another table first. */
  const isNear = ({ subnet, table }: KernelRoute) => {
    if (subnets.has(`${subnet}`) || listed.contains(subnet)) return true;
    const isLargerNear = table !== MAIN_TABLE || (hasCompanions && subnet.prefixLength > 0);
    return isLargerNear && listed.overlaps(subnet);
  };
  return (event) => {
    switch (event.kind) {
      case 'route':
        return isUnsettled || isOwn(event.route, ownership) || isNear(event.route);
      case 'address':
        return reservedFor(event.address.address) === undefined;
      case 'link':
        return isUnsettled || links.has(event.index);
      default:
        return true;
    }
  };
}
