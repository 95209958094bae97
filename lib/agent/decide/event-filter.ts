import { Cover, MAIN_TABLE, type RouteList, reservedFor } from '../../network';
import type { KernelEvent } from '../kernel/events';
import type { KernelRoute, Snapshot } from '../kernel/types';
import type { Stable } from '../stable';
import type { Policy } from './decide';
import { isOwn, type Ownership } from './ownership';
import { hopsOf } from './route-hops';
import { isGood, type Verdict } from './verdicts';

/** What the filter depends on: what a pass found. */
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

/** What of the routing tables matters. */
export interface WatchedSubnets {
  /** Subnets of the list, and the private networks, as text. */
  readonly subnets: ReadonlySet<string>;
  /** Those of the list. */
  readonly listed: Cover;
  /** Whether less specific routes matter, since they stop companions. */
  readonly hasCompanions: boolean;
}

/** @param settings of which networks are private, and whether routes have companions. */
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
 * A node's other programs (the pod network above all) cause many events; a pass for each would be wasted. What is
 * overlooked here the resync finds.
 */
export function eventFilter(inputs: FilterInputs): EventFilter {
  const { ownership, verdicts, missingNextHops, snapshot } = inputs;
  const { subnets, listed, hasCompanions } = inputs.subnets;
  /** While something waits or fails, any event may be what it waits for. */
  const isUnsettled = missingNextHops.length > 0 || !verdicts.every(isGood);
  const links = new Set<number>();
  for (const route of snapshot.routes) {
    if (!isOwn(route, ownership) && !subnets.has(`${route.subnet}`)) continue;
    for (const { link } of hopsOf(route, snapshot.nexthops)) links.add(link);
  }
  /** In main a larger prefix takes nothing from a listed one; to another table a rule may lead first. */
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
