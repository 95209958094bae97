import type { Change, Nexthop } from '../kernel/types';
import { isOwn, type Ownership } from './ownership';

/**
 * IPv6 routes that share a nexthop object also share its cached lookup result (fib6_nh's rt6i_pcpu in
 * net/ipv6/route.c), which remembers one of them. When that route is deleted, new connections of the others choose
 * their source address as if no interface were known, often one that the other end cannot answer. Replacing the object
 * with itself makes the kernel drop the cached result without a failed lookup; see docs/decisions.
 * @param all everything that the pass changes: objects that it writes or removes itself are left alone.
 * @returns a refresh of each IPv6 object of ours that stays, if `changes` concern IPv6. Send it directly after them.
 */
export function refreshIPv6(
  changes: readonly Change[],
  all: readonly Change[],
  nexthops: () => ReadonlyMap<number, Nexthop>,
  ownership: Ownership,
): Change[] {
  if (!changes.some(concernsIPv6)) return [];
  const touched = new Set(all.flatMap((change) => ('nexthop' in change ? [change.nexthop.id] : [])));
  const stays = (nexthop: Nexthop) => nexthop.family === 6 && isOwn(nexthop, ownership) && !touched.has(nexthop.id);
  return [...nexthops().values()].filter(stays).map((nexthop) => ({ kind: 'refresh-nexthop', nexthop }));
}

function concernsIPv6(change: Change): boolean {
  return 'route' in change && change.route.subnet.family === 6;
}
