import { type Address, MAIN_TABLE, type Promises, type ServerPromise, type Subnet, withoutAll } from '../../network';
import type { RouterModel } from '../../routers/read/model';
import type { ClusterModel } from './cluster';
import { type Arrival, Crossing } from './cross';
import type { Failure } from './failure';
import { common, type Flow, flowOf, split } from './flow';
import type { NodePool } from './node-pool';
import type { Router, Routers } from './routers';

export interface Crossed {
  readonly arrivals: readonly Arrival[];
  readonly failures: readonly Failure[];
}

/** A site with its promises, its objects in dist/, and its routers by the files of certain products. */
export class SiteView {
  /** The cluster's routers and those on premise; empty if they are configured by other means. */
  readonly clusterRouters: readonly Router[];
  readonly premises: readonly Router[];
  private readonly clusterEnds: ReadonlySet<RouterModel>;

  constructor(
    readonly site: string,
    readonly promises: Promises,
    readonly cluster: ClusterModel,
    private readonly routers: Routers,
  ) {
    this.clusterRouters = routers.of(site, true);
    this.premises = routers.of(site, false);
    this.clusterEnds = new Set(this.clusterRouters.flatMap(({ ends }) => ends));
  }

  /** Whether the routers of a network have files here. */
  hasVpn(network: string): boolean {
    return this.promises.networks.get(network)?.hasVpn === true && this.clusterRouters.length > 0;
  }

  /** The pools of nodes that the site promises paths to. */
  get pools(): NodePool[] {
    return this.cluster.pools.filter(({ name }) => this.promises.pools.has(name));
  }

  /** The pools that promise to reach a network; all pools if none promises it, because one of them must reach it. */
  poolsTo(network: string): NodePool[] {
    const promised = this.pools.filter(({ name }) => this.promises.pools.get(name)?.includes(network));
    return promised.length > 0 ? promised : this.pools;
  }

  /** The address of a server in the cluster, if its routers are configured by other means. */
  seenAs({ network, address }: ServerPromise): Address {
    const mapping = this.promises.networks.get(network)?.mapped.find(({ real }) => real.contains(address));
    return mapping?.toMapped(address) ?? address;
  }

  /** The subnets of a network as the cluster sees them, if its routers are configured by other means. */
  subnetsSeen(network: string): Subnet[] {
    const { subnets = [], mapped = [] } = this.promises.networks.get(network) ?? {};
    return subnets.map((subnet) => mapped.find(({ real }) => real.equals(subnet))?.mapped ?? subnet);
  }

  /** The source addresses of pods' packets when they leave a node. */
  get clients(): readonly Subnet[] {
    const { nodes, pods, podsSeenAs } = this.promises;
    return podsSeenAs === 'themselves' ? pods : nodes;
  }

  private get seenPods(): readonly Subnet[] {
    return this.promises.podsSeenAs === 'themselves' ? this.promises.pods : [];
  }

  /** Pod ranges to which no router has a route in its files, so that all routers learn the route by other means. */
  get learned(): readonly Subnet[] {
    const pods = this.seenPods;
    const routes = this.clusterRouters.flatMap(({ ends }) => ends.flatMap((end) => end.routes));
    const isRouted = routes.some(({ subnet }) => pods.some((one) => one.overlaps(subnet)));
    return isRouted || this.clusterRouters.length === 0 ? [] : pods;
  }

  /** From addresses of the cluster to on-premise addresses as the cluster sees them. */
  toPremises(sources: readonly Subnet[], targets: readonly Subnet[]): Crossed {
    const routers = this.clusterRouters.map((router) => ({ router, crossing: this.crossingFrom(router) }));
    for (const target of targets) {
      const own = routers.filter(({ router }) => isFor(router, target));
      const flows = sources.filter(({ family }) => family === target.family);
      for (const { crossing } of own.length > 0 ? own : routers.slice(0, 1))
        for (const source of flows) crossing.run(flowOf(source, target));
    }
    return gathered(routers.map(({ crossing }) => crossing));
  }

  /** From on-premise subnets to the addresses under which each router there sees the nodes. */
  fromPremises(subnets: readonly Subnet[]): Crossed {
    return gathered(this.premises.map((router) => this.backFrom(router, subnets)));
  }

  private backFrom(router: Router, subnets: readonly Subnet[]): Crossing {
    const crossing = this.crossingFrom(router);
    const ours = router.ends.filter((end) => {
      const peer = this.routers.peerOf(end);
      return peer === undefined || this.clusterEnds.has(peer);
    });
    const own = ours.flatMap((end) => router.behind.get(end) as readonly Subnet[]);
    const isBehind = (subnet: Subnet) =>
      this.premises.length === 1 || own.some((one) => common(one, subnet) !== undefined);
    const remotes = new Map(ours.flatMap(({ children }) => children.map(({ remote }) => [`${remote}`, remote])));
    for (const remote of remotes.values())
      for (const subnet of subnets)
        if (subnet.family === remote.family && isBehind(subnet)) crossing.run(flowOf(subnet, remote));
    return crossing;
  }

  private crossingFrom(router: Router): Crossing {
    return new Crossing(router, this.routers, this.promises.pods);
  }
}

const gathered = (crossings: readonly Crossing[]): Crossed => ({
  arrivals: crossings.flatMap(({ arrivals }) => arrivals),
  failures: crossings.flatMap(({ failures }) => failures),
});

const isFor = ({ ends }: Router, target: Subnet) =>
  ends.some(({ children }) => children.some(({ remote }) => common(remote, target) !== undefined));

/** Packets from each source to each destination of its family that are in none of the arrivals. */
export function gapsBetween(
  sources: readonly Subnet[],
  destinations: readonly Subnet[],
  arrivals: readonly Arrival[],
): Flow[] {
  const wanted = sources.flatMap((source) =>
    destinations.filter(({ family }) => family === source.family).map((destination) => flowOf(source, destination)),
  );
  return arrivals.reduce<Flow[]>(
    (left, { flow: { source, destination } }) =>
      left.flatMap((one) => split(one, source.sent, destination.now).outside),
    wanted,
  );
}

/** The destinations of a pool's routes. */
export function routedBy({ routes }: NodePool): Subnet[] {
  return routes.map(({ subnet }) => subnet);
}

/** What the routes of the pools require and no file here contains. */
export function neededByRoutes({ pools }: SiteView): string[] {
  const routes = pools.flatMap((pool) => pool.routes);
  const tables = [...new Set(routes.map(({ table }) => table))].filter((table) => table !== MAIN_TABLE);
  const hops = [...new Set(routes.flatMap(({ nextHops }) => nextHops.map(String)))];
  const isPlain = routes.some(({ nextHops }) => nextHops.length === 0);
  return [
    ...(isPlain ? ["the next hop of the nodes' private network leads to the cluster's router"] : []),
    ...(hops.length === 0 ? [] : [`the next hops ${hops.join(', ')} of the nodes lead to the cluster's router`]),
    ...tables.map((table) => `the nodes' policy rules, which the reverse path filter uses too, lead to table ${table}`),
  ];
}

/** Where pods that use a Service must run, if only some pools reach its servers. */
export function neededByPools(view: SiteView): string[] {
  const used = new Set(
    [...view.promises.services.values()].flatMap(({ servers }) => servers.map(({ network }) => network)),
  );
  return [...used].flatMap((network) => {
    const reaching = view.poolsTo(network);
    const others = view.pools.filter((pool) => !reaching.includes(pool));
    if (others.length === 0) return [];
    const names = (all: readonly NodePool[]) => all.map(({ name }) => name).join(', ');
    return [
      `pods that use Services of ${network} run on nodes of ${names(reaching)}; those of ${names(others)} do not reach it`,
    ];
  });
}

/** Why a pool's nodes send packets for a target elsewhere, not towards the on-premise network. */
export function unrouted(pool: NodePool, target: Subnet): Failure[] {
  const [missing] = withoutAll([target], routedBy(pool));
  if (missing === undefined) return [];
  const refusal = pool.refusal === undefined ? '' : `: the list is rejected (${pool.refusal})`;
  return [
    {
      where: `nodes of ${pool.name}`,
      text: `no route to ${missing}${refusal}`,
      remedy: 'add its subnet to the routes of these nodes',
      source: pool.sourceOf(missing),
    },
  ];
}
