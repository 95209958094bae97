import type { Address, Family, Route, RouteList } from '../../network';
import type { Hop, KernelRoute, LookupQuestion, Snapshot } from '../kernel/types';
import type { Stable } from '../stable';
import { chooseHops, type HealthOf } from './next-hop-health';
import { isPresent } from './present-list';
import type { PrivateNetwork } from './private-network';
import type { Reach } from './reach';
import { hopsOf, hopsText } from './route-hops';

/** The way that a route must take on this node. */
export interface Way {
  /** The hops in use. */
  readonly hops: readonly Hop[];
  /** If there are several next hops: all that the node can reach, whether they answer or not. */
  readonly members?: readonly Hop[];
  /** How the members are used. */
  readonly mode?: Route['mode'];
  /** The probed network that it leads to, whose next hops have their own states. */
  readonly network?: string;
  /** Why the other next hops are not members now, one description each. */
  readonly missing?: readonly string[];
}

/** A route with the next hops that it must have on this node. */
export interface ResolvedRoute {
  readonly route: Route;
  /** One object for all routes that share it. */
  readonly way: Way;
}

/** A route of the list with its way, or why there is none. */
export type Resolved =
  | ({ readonly state: 'resolved' } & ResolvedRoute)
  | { readonly state: 'waiting' | 'not-applicable'; readonly route: Route; readonly reason: string };

/** What the node knows about the ways to next hops. */
export interface Known {
  readonly private: ReadonlyMap<Family, PrivateNetwork>;
  /** The FIB entry for each next hop without an interface, by its text. */
  readonly toNextHops: ReadonlyMap<string, KernelRoute | undefined>;
  readonly healthOf: HealthOf;
  readonly reach: Reach;
}

/** Whether the way of a route is the private network's. */
export function followsPrivateNetwork(route: Route): boolean {
  return route.nextHops.length === 0 && route.interface === undefined && !isPresent(route);
}

/** A next hop to look up. */
export interface NextHopQuestion extends LookupQuestion {
  /** Its key in Known.toNextHops. */
  readonly key: string;
}

/** What the questions about next hops depend on. */
type QuestionInputs = { readonly list: Stable<RouteList>; readonly snapshot: Stable<Snapshot> };

/**
 * Next hops of the list that must be looked up before a Resolver is created: global addresses, with their link if it is
 * named.
 */
export function nextHopsToLookUp({ list, snapshot }: QuestionInputs): NextHopQuestion[] {
  const questions = new Map<string, NextHopQuestion>();
  for (const { nextHops, interface: name } of list.routes) {
    if (nextHops.length === 0) continue;
    const link = name === undefined ? undefined : linkNamed(name, snapshot);
    for (const address of nextHops) {
      const key = questionKey(address, name);
      questions.set(key, { key, address, ...(link !== undefined && { link }) });
    }
  }
  return [...questions.values()];
}

/** Finds the ways of a list's routes on this node. Most routes share one, so each way is resolved once. */
export class Resolver {
  private readonly found = new Map<string, Way | string>();

  constructor(
    private readonly snapshot: Snapshot,
    private readonly known: Known,
  ) {}

  resolve(route: Route): Resolved {
    if (isPresent(route)) return { state: 'resolved', route, way: { hops: route.hops } };
    if (followsPrivateNetwork(route)) return this.byPrivateNetwork(route);
    const network = this.known.reach.networkOf(route) ?? '';
    const key = `${route.nextHops.join()}%${route.interface ?? ''}%${route.mode ?? ''}%${network}`;
    const way = this.found.get(key) ?? this.named(route);
    this.found.set(key, way);
    return typeof way === 'string' ? { state: 'waiting', route, reason: way } : { state: 'resolved', route, way };
  }

  private byPrivateNetwork(route: Route): Resolved {
    const { family } = route.subnet;
    const network = this.known.private.get(family) as PrivateNetwork;
    if (network.state !== 'found')
      return { state: network.state === 'absent' ? 'not-applicable' : 'waiting', route, reason: network.reason };
    const key = `private ${family}%${this.known.reach.networkOf(route) ?? ''}`;
    const way = (this.found.get(key) as Way | undefined) ?? this.privateWay(route, network.hops);
    this.found.set(key, way);
    return { state: 'resolved', route, way };
  }

  private privateWay(route: Route, hops: readonly Hop[]): Way {
    const able = hops.filter((hop) => withoutCarrier(hop, this.snapshot) === undefined);
    const members = able.length === 0 ? hops : able;
    const way = this.wayOver(members, route);
    return hops.length > 1 ? { ...way, members } : way;
  }

  /** @returns the way, or why there is none now. */
  private named(route: Route): Way | string {
    const { nextHops, interface: name } = route;
    const link = name === undefined ? undefined : linkNamed(name, this.snapshot);
    if (name !== undefined && link === undefined) return `this node has no interface ${name}`;
    if (nextHops.length === 0) return { hops: [{ link: link as number, onlink: false, weight: 1 }] };
    const { toNextHops } = this.known;
    const each = nextHops.map((gateway) => {
      const hop = resolveNextHop(gateway, link, toNextHops.get(questionKey(gateway, name)), this.snapshot);
      return nextHops.length > 1 ? (withoutCarrier(hop, this.snapshot) ?? hop) : hop;
    });
    const missing = each.filter((hop) => typeof hop === 'string');
    const hops = each.filter((hop) => typeof hop !== 'string');
    if (hops.length === 0) return missing.join('; ');
    if (nextHops.length === 1) return { hops };
    return { ...this.wayOver(hops, route), members: hops, ...(missing.length > 0 && { missing }) };
  }

  private wayOver(hops: readonly Hop[], route: Route): Way {
    if (hops.length === 1) return { hops };
    const { mode } = route;
    const { reach, healthOf } = this.known;
    const network = reach.networkOf(route);
    const used = chooseHops(hops, mode, reach.healthFor(route, hops, healthOf));
    return {
      hops: used,
      members: hops,
      ...(mode !== undefined && { mode }),
      ...(network !== undefined && { network }),
    };
  }
}

/** Why one of several next hops cannot be used: the kernel would reject it, and the whole group with it. */
function withoutCarrier(hop: Hop | string, { links }: Snapshot): string | undefined {
  if (typeof hop === 'string' || (links.get(hop.link)?.carrier ?? true)) return undefined;
  return `next hop ${hopsText([hop], links)} has no carrier on its link`;
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
  // A user who names the interface states that the router is on it, as clouds with /32 addresses require.
  if (link !== undefined) return { gateway, link, onlink: !isLinkLocal(gateway), weight: 1 };
  if (way === undefined) return `next hop ${gateway} cannot be reached from this node`;
  return `next hop ${gateway} is not on a link of this node (it is reached ${hopsText([way, ...more], snapshot.links)}); if it is, set its interface`;
}

/** fe80::/10 */
export const isLinkLocal = ({ family, first }: Address): boolean => family === 6 && first >>> 22 === 0xfe80 >>> 6;

function linkNamed(name: string, snapshot: Snapshot): number | undefined {
  for (const link of snapshot.links.values()) if (link.name === name) return link.index;
  return undefined;
}

const questionKey = (address: Address, name: string | undefined): string => `${address}%${name ?? ''}`;
