import { type Address, type Route, routeKey, type Subnet, witnesses } from '../../network';
import type { KernelRoute, Snapshot } from '../kernel/types';
import { RT_TABLE_MAIN } from '../netlink/constants';
import { hopsOf, routeDescription, sameWay } from './hops';
import type { ResolvedRoute } from './resolve';

/** Routes inside a listed subnet may take parts of it; after so many parts the rest is taken to be theirs as well. */
const MOST_ROUNDS = 4;

/**
 * Asks the FIB whether routes are effective: present is not enough where a rule, another table or another metric wins.
 * Only the main table's are asked for, since plain lookups find nothing of others.
 * @param lookup the FIB entry that wins for each address.
 * @returns for each route that loses, the entry that wins, by the route's subnet.
 */
export function findShadowed(
  resolved: readonly ResolvedRoute[],
  snapshot: Pick<Snapshot, 'nexthops' | 'links'>,
  lookup: (addresses: readonly Address[]) => (KernelRoute | undefined)[],
): Map<string, string> {
  const shadowed = new Map<string, string>();
  const listed = resolved.map(({ route }) => route.subnet);
  const keys = new Set(resolved.map(({ route }) => routeKey(route)));
  const inside: Subnet[] = [];
  let open = resolved.filter(({ route }) => route.table === RT_TABLE_MAIN);
  for (let round = 0; round < MOST_ROUNDS && open.length > 0; round++) {
    const addresses = witnesses([...listed, ...inside]);
    const asked = open.filter(({ route }) => addresses.get(`${route.subnet}`) !== undefined);
    const winners = lookup(asked.map(({ route }) => addresses.get(`${route.subnet}`) as Address));
    open = [];
    asked.forEach((resolvedRoute, i) => {
      const winner = winners[i];
      if (wins(resolvedRoute, winner, keys, snapshot.nexthops)) return;
      const isPart = winner !== undefined && isInside(winner.subnet, resolvedRoute.route) && round + 1 < MOST_ROUNDS;
      if (isPart) {
        inside.push(winner.subnet);
        open.push(resolvedRoute);
      } else
        shadowed.set(
          `${resolvedRoute.route.subnet}`,
          winner === undefined ? 'no route at all' : routeDescription(winner, snapshot),
        );
    });
  }
  return shadowed;
}

/** Of several listed routes of one subnet the others stand by; somebody else's that goes the same way is as good. */
function wins(
  { route, hops }: ResolvedRoute,
  winner: KernelRoute | undefined,
  listed: ReadonlySet<string>,
  nexthops: Snapshot['nexthops'],
): boolean {
  if (winner === undefined || !winner.subnet.equals(route.subnet) || winner.table !== route.table) return false;
  return listed.has(routeKey(winner)) || sameWay(hopsOf(winner, nexthops), hops);
}

function isInside(subnet: Subnet, { subnet: outer }: Route): boolean {
  return outer.contains(subnet) && !outer.equals(subnet);
}
