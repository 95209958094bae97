import { type Address, bitsOf, MAIN_TABLE, Subnet, without } from '../../network';
import type { KernelRoute, Snapshot } from '../kernel/types';
import { type Check, type Limits, limitCheck } from './limits';
import { hopsOf, hopsText, sameWay } from './route-hops';

/** A destination that the node must keep reaching the way it does now. */
export interface Dependency {
  /** For people: `the API server 172.21.0.1`. */
  readonly what: string;
  /** An address of the destination; for a subnet, the first one. */
  readonly address: Address;
  /** The protected subnet, if it is a subnet: nothing inside it may be routed. */
  readonly subnet?: Subnet;
  /** Whether it matters only if the node has a route to it now, as for cloud addresses. @default false */
  readonly ifReached?: boolean;
}

export interface Guard {
  /** Why the route must not be installed, or undefined. */
  readonly refuse: Check;
}

/**
 * Rejects routes that would take something the node itself depends on, in any table, because the tables that rules lead
 * to may change at any time. Our own routes are always ignored, so that the result does not depend on whether they are
 * installed.
 * @param privateNetworks their entries provide the next hop for everything else, so they must never be ours.
 * @param limits what a list may use.
 */
export function createGuard(
  snapshot: Snapshot,
  privateNetworks: readonly Subnet[],
  dependencies: readonly Dependency[],
  isOurs: (route: KernelRoute) => boolean,
  limits: Limits,
): Guard {
  const others = snapshot.routes.filter((route) => !isOurs(route));
  const isAllowed = limitCheck(limits);
  const inMain: readonly Check[] = [
    isAllowed,
    ...privateNetworks.map(keepsPrivateNetwork),
    ...checksOf(MAIN_TABLE, others, dependencies, snapshot),
  ];
  const elsewhere = new Map<number, readonly Check[]>();
  const checksIn = (table: number) => {
    if (table === MAIN_TABLE) return inMain;
    const known = elsewhere.get(table) ?? [isAllowed, ...checksOf(table, others, dependencies, snapshot)];
    elsewhere.set(table, known);
    return known;
  };
  return {
    refuse(route) {
      const checks = checksIn(route.route.table);
      // There are many routes, and other kinds of loops would allocate objects at each step.
      for (let i = 0; i < checks.length; i++) {
        const reason = (checks[i] as Check)(route);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

function checksOf(
  table: number,
  others: readonly KernelRoute[],
  dependencies: readonly Dependency[],
  snapshot: Snapshot,
): Check[] {
  const connected = connectedSubnets(snapshot);
  // In the main table, the kernel's own entry has a longer prefix than a route that covers a connected subnet.
  const covered =
    table === MAIN_TABLE ? [] : connected.map(({ what, subnet }) => ({ what, address: subnet.address, subnet }));
  const find = waysIn(table, others, snapshot);
  return [...connected.map(keepsConnected), ...[...dependencies, ...covered].map((one) => keepsDependency(one, find))];
}

function keepsPrivateNetwork(network: Subnet): Check {
  return ({ route: { subnet } }) =>
    network.equals(subnet) ? `${subnet} is a private network itself, and its entry gives the next hop` : undefined;
}

interface Connected {
  readonly what: string;
  readonly subnet: Subnet;
  readonly name: string;
}

function keepsConnected({ subnet: connected, name }: Connected): Check {
  return ({ route: { subnet } }) =>
    connected.contains(subnet)
      ? `${subnet} lies in ${connected}, which is connected to this node's ${name}`
      : undefined;
}

function connectedSubnets({ addresses, links }: Snapshot): Connected[] {
  const found = new Map<string, Connected>();
  for (const { connected: subnet, link } of addresses) {
    const name = links.get(link)?.name ?? `#${link}`;
    found.set(`${subnet}`, { what: `the connected subnet ${subnet}`, subnet, name });
  }
  return [...found.values()];
}

/** How a range is reached without our routes, to judge what a route would take from it. */
interface Ways {
  /** Entries of the route's own table that overlap the range. */
  readonly rivals: readonly KernelRoute[];
  /** The entry that now reaches the part that no rival keeps. */
  readonly now: (route: Subnet) => KernelRoute | undefined;
  readonly snapshot: Snapshot;
}

function waysIn(table: number, others: readonly KernelRoute[], snapshot: Snapshot): (range: Subnet) => Ways {
  return (range) => {
    const overlapping = others.filter(({ subnet }) => subnet.overlaps(range));
    const main = overlapping.filter((route) => route.table === MAIN_TABLE);
    if (table === MAIN_TABLE)
      return { rivals: main, now: (route) => longest(main, ({ subnet }) => subnet.contains(route)), snapshot };
    // A lookup reaches this table before main, or not at all.
    const first = longest(main, ({ subnet }) => subnet.contains(range.address));
    return { rivals: overlapping.filter((route) => route.table === table), now: () => first, snapshot };
  };
}

function keepsDependency({ what, address, subnet: kept, ifReached }: Dependency, find: (range: Subnet) => Ways): Check {
  const range = kept ?? new Subnet(address, bitsOf(address.family));
  let ways: Ways | undefined; // most routes do not overlap it
  return ({ route, way: { hops, members = hops } }) => {
    const { subnet, metric } = route;
    if (kept?.contains(subnet)) return `${subnet} lies in ${what}`;
    if (!subnet.contains(range)) return undefined;
    ways ??= find(range);
    const { rivals, now, snapshot } = ways;
    const wins = (rival: KernelRoute) =>
      rival.subnet.prefixLength > subnet.prefixLength || (rival.subnet.equals(subnet) && rival.metric <= metric);
    if (isCovered(range, rivals.filter(wins))) return undefined;
    const present = now(subnet);
    if (present === undefined && ifReached) return undefined;
    const presentHops = present === undefined ? [] : hopsOf(present, snapshot.nexthops);
    if (sameWay(presentHops, members)) return undefined;
    return `${subnet} would take the route to ${what}, which now goes ${hopsText(presentHops, snapshot.links)}`;
  };
}

/** Whether the entries cover every address of the range. */
function isCovered(range: Subnet, entries: readonly KernelRoute[]): boolean {
  let rest = [range];
  for (const { subnet } of entries) rest = rest.flatMap((part) => without(part, subnet));
  return rest.length === 0;
}

/** The entry that a lookup finds among those that match: the longest prefix, then the lowest metric. */
function longest(routes: readonly KernelRoute[], fits: (route: KernelRoute) => boolean): KernelRoute | undefined {
  let best: KernelRoute | undefined;
  for (const route of routes) {
    if (!fits(route)) continue;
    if (best === undefined || route.subnet.prefixLength > best.subnet.prefixLength) best = route;
    else if (route.subnet.prefixLength === best.subnet.prefixLength && route.metric < best.metric) best = route;
  }
  return best;
}
