import type { Address, Subnet } from '../../network';
import type { KernelRoute, Snapshot } from '../kernel/types';
import { RT_TABLE_MAIN } from '../netlink/constants';
import { hopsOf, hopsText, sameWay } from './hops';
import type { ResolvedRoute } from './resolve';

/** What the node must keep reaching the way it does now. */
export interface Dependency {
  /** For people: `the API server 172.21.0.1`. */
  readonly what: string;
  /** An address of it; for a subnet the first. */
  readonly address: Address;
  /** The protected subnet, if it is one: nothing inside it may be routed. */
  readonly subnet?: Subnet;
}

export interface Guard {
  /** Why the route must not be installed, or undefined. */
  refuse(route: ResolvedRoute): string | undefined;
}

/**
 * Refuses what would take something the node itself depends on. Only the main table is guarded: another one is
 * consulted only where somebody wrote a rule for it. Our own routes are left out of every judgement, so that it does
 * not depend on whether they are installed.
 * @param privateNetworks their entries show the way to everything else, so they must stay somebody else's.
 */
export function createGuard(
  snapshot: Snapshot,
  privateNetworks: readonly Subnet[],
  dependencies: readonly Dependency[],
  isOurs: (route: KernelRoute) => boolean,
): Guard {
  const others = snapshot.routes.filter((route) => route.table === RT_TABLE_MAIN && !isOurs(route));
  const checks: readonly Check[] = [
    ...privateNetworks.map(keepsPrivateNetwork),
    ...connectedSubnets(snapshot).map(keepsConnected),
    ...dependencies.map((dependency) => keepsDependency(dependency, winner(others, dependency.address), snapshot)),
  ];
  return {
    refuse(route) {
      if (route.route.table !== RT_TABLE_MAIN) return undefined;
      // Routes are many, and each step of another kind of loop would make objects.
      for (let i = 0; i < checks.length; i++) {
        const reason = (checks[i] as Check)(route);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

/** Why a route must not be installed, as far as one thing is concerned. */
type Check = Guard['refuse'];

function keepsPrivateNetwork(network: Subnet): Check {
  return ({ route: { subnet } }) =>
    network.equals(subnet) ? `${subnet} is a private network itself, whose entry shows the next hop` : undefined;
}

function keepsConnected({ subnet: connected, name }: { readonly subnet: Subnet; readonly name: string }): Check {
  return ({ route: { subnet } }) =>
    connected.contains(subnet)
      ? `${subnet} lies in ${connected}, which is connected to this node's ${name}`
      : undefined;
}

function connectedSubnets({ addresses, links }: Snapshot): { subnet: Subnet; name: string }[] {
  const found = new Map<string, { subnet: Subnet; name: string }>();
  for (const { connected, link } of addresses)
    found.set(`${connected}`, { subnet: connected, name: links.get(link)?.name ?? `#${link}` });
  return [...found.values()];
}

/** @param now the entry by which it is reached without our routes. */
function keepsDependency(
  { what, address, subnet: kept }: Dependency,
  now: KernelRoute | undefined,
  snapshot: Snapshot,
): Check {
  const present = now === undefined ? [] : hopsOf(now, snapshot.nexthops);
  const length = now === undefined ? -1 : now.subnet.prefixLength;
  return ({ route: { subnet }, way: { hops, members = hops } }) => {
    if (kept?.contains(subnet)) return `${subnet} lies in ${what}`;
    if (length >= subnet.prefixLength || !subnet.contains(address) || sameWay(present, members)) return undefined;
    return `${subnet} would take the way to ${what}, which now goes ${hopsText(present, snapshot.links)}`;
  };
}

/** The entry a lookup in one table finds: the longest prefix, then the lowest metric. */
function winner(routes: readonly KernelRoute[], address: Address): KernelRoute | undefined {
  let best: KernelRoute | undefined;
  for (const route of routes) {
    if (!route.subnet.contains(address)) continue;
    if (best === undefined || route.subnet.prefixLength > best.subnet.prefixLength) best = route;
    else if (route.subnet.prefixLength === best.subnet.prefixLength && route.metric < best.metric) best = route;
  }
  return best;
}
