import { type Address, bitsOf } from './address';
import { Subnet } from './subnet';

/** The two halves of a subnet, lower first; undefined for a single address. */
export function halvesOf({ address, family, prefixLength }: Subnet): [Subnet, Subnet] | undefined {
  if (prefixLength === bitsOf(family)) return undefined;
  const lower = new Subnet(address, prefixLength + 1);
  return [lower, new Subnet(lower.last.next() as Address, prefixLength + 1)];
}

/** A subnet minus another one, as the fewest subnets in ascending order. */
export function without(subnet: Subnet, hole: Subnet): Subnet[] {
  if (hole.contains(subnet)) return [];
  if (!subnet.contains(hole)) return [subnet];
  return (halvesOf(subnet) as [Subnet, Subnet]).flatMap((half) => without(half, hole));
}

/** Subnets minus all of the holes. */
export function withoutAll(subnets: readonly Subnet[], holes: readonly Subnet[]): Subnet[] {
  return subnets.flatMap((subnet) =>
    holes
      .filter((hole) => hole.overlaps(subnet)) // there are many holes, and most lie elsewhere
      .reduce((left, hole) => left.flatMap((part) => without(part, hole)), [subnet]),
  );
}
