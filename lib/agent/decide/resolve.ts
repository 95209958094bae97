import type { Address, Family, Route } from '../../network';
import type { Hop, KernelRoute, Snapshot } from '../kernel/types';
import { hopsOf, hopsText } from './hops';
import type { PrivateNetwork } from './private-network';

/** A route with the way it shall take on this node. */
export interface ResolvedRoute {
  readonly route: Route;
  readonly hops: readonly Hop[];
}

/** A route of the list with its way, or why there is none. */
export type Resolved =
  | ({ readonly state: 'resolved' } & ResolvedRoute)
  | { readonly state: 'waiting' | 'not-applicable'; readonly route: Route; readonly reason: string };

/** What the node knows of the ways to next hops. */
export interface Ways {
  readonly private: ReadonlyMap<Family, PrivateNetwork>;
  /** The FIB entry for each next hop that names no interface, by its text. */
  readonly toNextHops: ReadonlyMap<string, KernelRoute | undefined>;
}

/** Whether the way of a route is the private network's. */
export function followsPrivateNetwork({ nextHops, interface: name }: Route): boolean {
  return nextHops.length === 0 && name === undefined;
}

/** Next hops of the list that have to be looked up before resolveRoute: global addresses, with their link if it is named. */
export function nextHopsToLookUp(
  routes: readonly Route[],
  snapshot: Snapshot,
): Map<string, { address: Address; link?: number }> {
  const questions = new Map<string, { address: Address; link?: number }>();
  for (const { nextHops, interface: name } of routes) {
    const link = name === undefined ? undefined : linkNamed(name, snapshot);
    for (const address of nextHops)
      questions.set(questionKey(address, name), { address, ...(link !== undefined && { link }) });
  }
  return questions;
}

/** Finds the hops of a route on this node. */
export function resolveRoute(route: Route, snapshot: Snapshot, ways: Ways): Resolved {
  const link = route.interface === undefined ? undefined : linkNamed(route.interface, snapshot);
  if (route.interface !== undefined && link === undefined) {
    return { state: 'waiting', route, reason: `this node has no interface ${route.interface}` };
  }
  if (route.nextHops.length > 0) return resolveNamed(route, link, snapshot, ways);
  if (link !== undefined) return { state: 'resolved', route, hops: [{ link, onlink: false, weight: 1 }] };
  const network = ways.private.get(route.subnet.family) as PrivateNetwork;
  if (network.state === 'found') return { state: 'resolved', route, hops: network.hops };
  return { state: network.state === 'absent' ? 'not-applicable' : 'waiting', route, reason: network.reason };
}

function resolveNamed(route: Route, link: number | undefined, snapshot: Snapshot, ways: Ways): Resolved {
  const hops: Hop[] = [];
  for (const gateway of route.nextHops) {
    const hop = resolveNextHop(gateway, link, ways.toNextHops.get(questionKey(gateway, route.interface)), snapshot);
    if (typeof hop === 'string') return { state: 'waiting', route, reason: hop };
    hops.push(hop);
  }
  return { state: 'resolved', route, hops };
}

/** @returns the hop, or why there is none now. */
function resolveNextHop(
  gateway: Address,
  link: number | undefined,
  entry: KernelRoute | undefined,
  snapshot: Snapshot,
): Hop | string {
  const [way, ...more] = entry === undefined ? [] : hopsOf(entry, snapshot.nexthops);
  const isOnLink = way !== undefined && more.length === 0 && (way.gateway === undefined || way.gateway.equals(gateway));
  if (isOnLink && (link === undefined || way.link === link))
    return { gateway, link: way.link, onlink: way.gateway !== undefined && way.onlink, weight: 1 };
  // Who names the interface says that the router is there, as clouds with /32 addresses need it.
  if (link !== undefined) return { gateway, link, onlink: !isLinkLocal(gateway), weight: 1 };
  if (way === undefined) return `next hop ${gateway} cannot be reached from this node`;
  return `next hop ${gateway} is on no link of this node (it is reached ${hopsText([way, ...more], snapshot.links)}); name the interface if it is`;
}

const isLinkLocal = ({ family, bytes }: Address): boolean =>
  family === 6 && bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80;

function linkNamed(name: string, snapshot: Snapshot): number | undefined {
  for (const link of snapshot.links.values()) if (link.name === name) return link.index;
  return undefined;
}

const questionKey = (address: Address, name: string | undefined): string => `${address}%${name ?? ''}`;
