import type { Address } from './address';
import { RESERVED } from './reserved';
import type { Subnet } from './subnet';

/** Anything that has a subnet. */
export interface HasSubnet {
  readonly subnet: Subnet;
}

/**
 * All pairs that share addresses, the containing subnet first, in O(n log n + pairs): in sorted order, a subnet's
 * containers are exactly those of its predecessors that extend to it.
 */
export function overlappingPairs<T extends HasSubnet>(items: readonly T[]): [outer: T, inner: T][] {
  const pairs: [T, T][] = [];
  const open: T[] = [];
  for (const item of [...items].sort((a, b) => a.subnet.compare(b.subnet))) {
    while (open.length > 0 && !(open.at(-1) as T).subnet.contains(item.subnet)) open.pop();
    for (const outer of open) pairs.push([outer, item]);
    open.push(item);
  }
  return pairs;
}

/**
 * For each subnet, an address that no longer prefix of the list covers, so that a FIB lookup of it must find exactly
 * that route; undefined if longer prefixes cover the whole subnet. Keyed by the subnet's text. For a default route, the
 * reserved ranges count as covered: the kernel answers 0.0.0.0 with loopback (ip_route_output_key_hash_rcu in
 * net/ipv4/route.c).
 */
export function witnesses(subnets: readonly Subnet[]): Map<string, Address | undefined> {
  const found = new Map<string, Address | undefined>(subnets.map((subnet) => [subnet.toString(), undefined]));
  const open: { subnet: Subnet; candidate: Address | undefined }[] = [];
  const close = () => {
    const { subnet, candidate } = open.pop() as (typeof open)[number];
    if (candidate !== undefined && subnet.contains(candidate) && found.has(subnet.toString()))
      found.set(subnet.toString(), candidate);
  };
  for (const subnet of [...subnets, ...RESERVED.map((range) => range.subnet)].sort((a, b) => a.compare(b))) {
    while (open.length > 0 && !(open.at(-1) as (typeof open)[number]).subnet.contains(subnet)) close();
    const outer = open.at(-1);
    if (outer?.candidate !== undefined && subnet.contains(outer.candidate)) outer.candidate = subnet.last.next();
    open.push({ subnet, candidate: subnet.address });
  }
  while (open.length > 0) close();
  return found;
}
