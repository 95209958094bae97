import { Cover, type RouteList, reservedFor, type Subnet } from '../../network';
import type { KernelEvent } from '../kernel/events';
import type { KernelRoute, Snapshot } from '../kernel/types';
import { RT_TABLE_MAIN } from '../netlink/constants';
import { isOwn, type Ownership } from './ownership';
import { hopsOf } from './route-hops';
import { isGood, type Verdict } from './verdicts';

/** What a pass found, as far as it matters here. */
interface Found {
  readonly verdicts: readonly Verdict[];
  readonly missingNextHops: readonly string[];
  readonly snapshot: Snapshot;
}

/** What of the routing tables matters. */
export interface Watched {
  /** Subnets of the list, and the private networks, as text. */
  readonly subnets: ReadonlySet<string>;
  /** Those of the list. */
  readonly listed: Cover;
  /** Whether less specific routes matter, since they stop companions. */
  readonly hasCompanions: boolean;
}

export function watchedOf(
  { routes }: RouteList,
  privateNetworks: readonly Subnet[],
  otherwise: 'nothing' | 'unreachable',
): Watched {
  const listed = routes.map(({ subnet }) => subnet);
  return {
    subnets: new Set([...listed, ...privateNetworks].map(String)),
    listed: new Cover(listed),
    hasCompanions: otherwise === 'unreachable',
  };
}

/**
 * Whether a kernel event can change what the last pass found. A node's other programs (the pod network above all)
 * cause many events; a pass for each would be wasted. What is overlooked here the resync finds.
 */
export class EventFilter {
  private readonly links = new Set<number>();
  /** While something waits or fails, any event may be what it waits for. */
  private readonly isUnsettled: boolean;

  constructor(
    private readonly watched: Watched,
    private readonly ownership: Ownership,
    { verdicts, missingNextHops, snapshot }: Found,
  ) {
    this.isUnsettled = missingNextHops.length > 0 || !verdicts.every(isGood);
    for (const route of snapshot.routes) {
      if (!isOwn(route, ownership) && !watched.subnets.has(`${route.subnet}`)) continue;
      for (const { link } of hopsOf(route, snapshot.nexthops)) this.links.add(link);
    }
  }

  concerns(event: KernelEvent): boolean {
    switch (event.kind) {
      case 'route':
        return this.isUnsettled || isOwn(event.route, this.ownership) || this.isNear(event.route);
      case 'address':
        return reservedFor(event.address.address) === undefined;
      case 'link':
        return this.isUnsettled || this.links.has(event.index);
      default:
        return true;
    }
  }

  /** In main a larger prefix takes nothing from a listed one; to another table a rule may lead first. */
  private isNear({ subnet, table }: KernelRoute): boolean {
    const { subnets, listed, hasCompanions } = this.watched;
    if (subnets.has(`${subnet}`) || listed.contains(subnet)) return true;
    const isLargerNear = table !== RT_TABLE_MAIN || (hasCompanions && subnet.prefixLength > 0);
    return isLargerNear && listed.overlaps(subnet);
  }
}
