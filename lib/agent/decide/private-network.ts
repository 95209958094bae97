import { type Family, MAIN_TABLE, type Subnet } from '../../network';
import type { Hop, KernelRoute, Snapshot } from '../kernel/types';
import { RTN_UNICAST } from '../netlink/constants';
import { hopsOf, routeDescription } from './route-hops';

/** What a node knows about the private network of one address family. */
export type PrivateNetwork =
  /** There is an entry with a next hop, which leads to the router. */
  | { readonly state: 'found'; readonly network: Subnet; readonly hops: readonly Hop[] }
  /** There should be a next hop, but there is none now; `reason` says why. */
  | { readonly state: 'missing'; readonly reason: string }
  /** No private network of this address family is configured. */
  | { readonly state: 'unconfigured'; readonly reason: string }
  /** The node has neither an entry for it nor an address in it, so the private network does not apply to this node. */
  | { readonly state: 'absent'; readonly reason: string };

/**
 * Finds the private network's next hop: that of the *table entry* whose destination is the private network itself. If
 * the entry is missing, a lookup of an address in it would return the default route, which leads to the Internet. The
 * first listed network that has an entry counts; of several entries, the one that the kernel uses: the lowest metric,
 * whatever its type.
 * @param isOurs whether a route is this agent's, which can never provide the next hop.
 * @param isExpected whether the node is known to belong to the private network, so that a missing entry is a fault.
 */
export function findPrivateNetwork(
  snapshot: Snapshot,
  networks: readonly Subnet[],
  family: Family,
  isOurs: (route: KernelRoute) => boolean,
  isExpected: () => boolean,
): PrivateNetwork {
  const ofFamily = networks.filter((network) => network.family === family);
  for (const network of ofFamily) {
    const entry = bestEntry(snapshot, network, isOurs);
    if (entry !== undefined) return readEntry(entry, network, snapshot);
  }
  const names = ofFamily.join(', ');
  if (names === '')
    return { state: 'unconfigured', reason: `no IPv${family} private network is configured; give the route a nextHop` };
  const own = snapshot.addresses.find(({ address }) => ofFamily.some((network) => network.contains(address)));
  if (own === undefined) {
    return {
      state: isExpected() ? 'missing' : 'absent',
      reason: `this node has no route for ${names} and no address in it`,
    };
  }
  return {
    state: 'missing',
    reason: `this node has the address ${own.address} but no route for ${names}, so its next hop is unknown`,
  };
}

function bestEntry(
  snapshot: Snapshot,
  network: Subnet,
  isOurs: (route: KernelRoute) => boolean,
): KernelRoute | undefined {
  const entries = snapshot.routes.filter(
    (route) => route.table === MAIN_TABLE && !route.qualified && route.subnet.equals(network) && !isOurs(route),
  );
  return entries.sort((a, b) => a.metric - b.metric)[0];
}

/**
 * A next hop of the other address family is also valid: `10.0.0.0/8 via inet6 fe80::1`, for links without IPv4
 * addresses.
 */
function readEntry(entry: KernelRoute, network: Subnet, snapshot: Snapshot): PrivateNetwork {
  const hops = hopsOf(entry, snapshot.nexthops);
  const leads = entry.type === RTN_UNICAST && hops.length > 0 && hops.every(({ gateway }) => gateway !== undefined);
  if (leads) return { state: 'found', network, hops };
  return {
    state: 'missing',
    reason: `the node's route ${routeDescription(entry, snapshot)} has no next hop; give the routes a nextHop`,
  };
}
