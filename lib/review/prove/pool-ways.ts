import { type Subnet, withoutAll } from '../../network';
import type { Arrival } from './cross';
import type { Failure } from './failure';
import { common, type Flow, flowOf, plain } from './flow';
import type { NodePool } from './node-pool';
import { LINK_MTU } from './room';
import { type Crossed, gapsBetween, routedBy, type SiteView, unrouted } from './site-view';
import { assumed, broken, consistent, placeText, type Trouble, troublesOf, type Way } from './way';

/** Paths between the nodes of each pool and the networks that it must reach, in both directions. */
export function poolWays(view: SiteView): Way[] {
  return [...view.promises.pools].flatMap(([poolName, networks]) => {
    const pool = view.cluster.pools.find(({ name }) => name === poolName);
    // All routes at once, because one network's packets may end up in another network.
    const crossed = pool === undefined ? undefined : view.toPremises(view.promises.nodes, routedBy(pool));
    return networks.flatMap((network) => {
      const names = [`nodes of ${poolName} → ${network}`, `${network} → nodes of ${poolName}`] as const;
      if (pool === undefined || crossed === undefined)
        return names.map((name) => broken(name, [missingPool(poolName)]));
      if (!view.hasVpn(network)) return names.map((name) => assumedWay(view, name, pool, network));
      return [thereWay(view, names[0], pool, network, crossed), backWay(view, names[1], pool, network)];
    });
  });
}

/** To or from a network whose routers are configured by other means: both need the nodes' routes. */
function assumedWay(view: SiteView, name: string, pool: NodePool, network: string): Way {
  const missing = view.subnetsSeen(network).flatMap((subnet) => unrouted(pool, subnet));
  return missing.length > 0 ? broken(name, troublesOf(missing)) : assumed(name, network);
}

/** From all nodes of a pool to every address of a network. */
function thereWay(view: SiteView, name: string, pool: NodePool, network: string, crossed: Crossed): Way {
  const promised = view.promises.networks.get(network)?.subnets ?? [];
  const { arrivals, failures } = crossed;
  const [gap] = gapsBetween(view.promises.nodes, promised, arrivals);
  if (gap !== undefined) {
    const own = failures.length > 0 ? [] : seenByNodes(view, gap.destination.now).flatMap((one) => unrouted(pool, one));
    return broken(name, [
      gapOf('nodes', gap, placeText(own[0]?.source ?? pool.sourceOf(gap.destination.now))),
      ...troublesOf([...own, ...failures]),
    ]);
  }
  const oversized = tooLarge(pool, arrivals, promised);
  if (oversized.length > 0) return broken(name, troublesOf(oversized));
  const arrival = arrivals.find(({ flow }) => promised.some((one) => common(one, flow.destination.now)));
  const text = `${view.promises.nodes.join(', ')}: ${routedBy(pool).length} routes by the private next hop`;
  return consistent(name, [{ where: 'nodes', text }, ...(arrival?.hops ?? [])]);
}

/** An on-premise subnet under the addresses that its packets have when they reach nodes. */
function seenByNodes(view: SiteView, subnet: Subnet): Subnet[] {
  const { arrivals } = view.fromPremises([subnet]);
  return arrivals.length === 0 ? [subnet] : arrivals.map(({ flow }) => flow.source.now);
}

/** Routes whose MTU lets nodes send packets that do not fit through the tunnel. Without one, nodes use that of the link. */
function tooLarge(pool: NodePool, arrivals: readonly Arrival[], promised: readonly Subnet[]): Failure[] {
  return pool.routes.flatMap(({ subnet, mtu = 0 }) => {
    const reached = arrivals.filter(
      ({ flow: { destination } }) =>
        destination.sent.overlaps(subnet) && promised.some((one) => one.overlaps(destination.now)),
    );
    const narrow = reached.find(({ room }) => room < mtu);
    if (narrow === undefined) return [];
    return [
      {
        where: `nodes of ${pool.name}`,
        text: `the route to ${subnet} has an MTU of ${mtu} bytes, but ESP on a link of ${LINK_MTU} bytes carries packets of ${narrow.room} bytes at most`,
        remedy: `set its mtu to ${narrow.room} or less, or omit it`,
        source: pool.sourceOf(subnet),
        flow: flowOf(narrow.flow.source.sent, narrow.flow.destination.sent),
      },
    ];
  });
}

/** Packets from every address of a network to all nodes of a pool, and the way back of the nodes' answers. */
function backWay(view: SiteView, name: string, pool: NodePool, network: string): Way {
  const promised = view.promises.networks.get(network)?.subnets ?? [];
  const { arrivals, failures } = view.fromPremises(promised);
  const unanswered = unansweredBy(pool, arrivals);
  const [gap] = gapsBetween(promised, view.promises.nodes, arrivals);
  if (gap === undefined && unanswered.length === 0) return consistent(name, arrivals[0]?.hops ?? []);
  const first = gap === undefined ? [] : [gapOf(network, gap)];
  return broken(name, [...first, ...troublesOf([...unanswered, ...failures])]);
}

function unansweredBy(pool: NodePool, arrivals: readonly Arrival[]): Failure[] {
  const routed = routedBy(pool);
  return arrivals.flatMap(({ flow }) =>
    withoutAll([flow.source.now], routed).map((missing) => ({
      where: `nodes of ${pool.name}`,
      text: `no route back to ${missing}, so strict rp_filter drops packets from there`,
      remedy: 'add it to the routes of these nodes',
      source: pool.sourceOf(missing),
      flow,
    })),
  );
}

function gapOf(where: string, { source, destination }: Flow, file?: string): Trouble {
  return {
    where,
    text: `packets from ${plain(source.now)} to ${plain(destination.now)} do not arrive`,
    remedy: 'see the failures below',
    ...(file !== undefined && { source: file }),
    example: `${source.now.address} → ${destination.now.address}`,
  };
}

const missingPool = (name: string): Trouble => ({
  where: 'nodes',
  text: `there is no DaemonSet ${name}`,
  remedy: 'run npm run synth',
});
