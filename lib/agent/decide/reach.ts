import { Cover, type ProbedNetwork, type Route, routeKey } from '../../network';
import type { Hop, KernelRoute, Snapshot } from '../kernel/types';
import type { Health, HealthOf } from './next-hop-health';
import { isOwn, type Ownership } from './ownership';
import { worseHealth } from './path-health';
import { hopsOf, sameWay } from './route-hops';

/** What probes say about a network through a next hop; undefined if nothing is known. */
export type ReachOf = (network: string, hop: Hop) => Health | undefined;

const UP_BEFORE: Health = { state: 'up', since: Number.NEGATIVE_INFINITY };
const DOWN_BEFORE: Health = { state: 'down', since: Number.NEGATIVE_INFINITY };

/** How probes relate to routes. */
export class Reach {
  private readonly covers: readonly { readonly name: string; readonly cover: Cover }[];
  private own: ReadonlyMap<string, KernelRoute> | undefined;

  constructor(
    networks: readonly ProbedNetwork[],
    private readonly reachOf: ReachOf,
    private readonly snapshot: Snapshot,
    private readonly ownership: Ownership,
  ) {
    this.covers = networks.map(({ name, subnets }) => ({ name, cover: new Cover(subnets) }));
  }

  /** The probed network that a route leads to. */
  networkOf({ subnet }: Route): string | undefined {
    return this.covers.find(({ cover }) => cover.contains(subnet))?.name;
  }

  /**
   * The states of a route's next hops, from what is known about them as neighbours and about the network through them.
   */
  healthFor(route: Route, members: readonly Hop[], healthOf: HealthOf): HealthOf {
    const network = this.networkOf(route);
    if (network === undefined) return healthOf;
    return (hop) => worseHealth(healthOf(hop), this.reachOf(network, hop) ?? this.before(route, members, hop));
  }

  /**
   * The assumed state of a next hop that was never probed: down if the kernel's route uses other next hops, because the
   * previous agent had a reason for that. It is used once it has answered for a while.
   */
  before(route: Route, members: readonly Hop[], hop: Hop): Health {
    const present = this.presentHops(route);
    const isUsed = (member: Hop) => present.some((each) => sameWay([each], [member]));
    const firstUsed = members.findIndex(isUsed);
    if (firstUsed === -1 || isUsed(hop)) return UP_BEFORE;
    return route.mode === 'failover' && members.indexOf(hop) > firstUsed ? UP_BEFORE : DOWN_BEFORE;
  }

  private presentHops(route: Route): readonly Hop[] {
    this.own ??= new Map(
      this.snapshot.routes.filter((each) => isOwn(each, this.ownership)).map((each) => [routeKey(each), each]),
    );
    const own = this.own.get(routeKey(route));
    return own === undefined ? [] : hopsOf(own, this.snapshot.nexthops);
  }
}
