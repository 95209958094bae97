import { Subnet } from './subnet';

/**
 * The blocks of RFC 1918 in the order in which they are offered: clouds number their private networks from 10.0.0.0/8,
 * so a mapped range from there is the most likely to collide later with something that this site does not know.
 */
export const PRIVATE_BLOCKS = ['192.168.0.0/16', '172.16.0.0/12', '10.0.0.0/8'] as const;

/**
 * The first private subnet (RFC 1918) of that prefix length that overlaps none of `taken`; undefined if there is none.
 * Every step passes at least one of `taken`, so this takes no longer than comparing each with each.
 */
export function freeSubnet(prefixLength: number, taken: readonly Subnet[]): Subnet | undefined {
  for (const text of PRIVATE_BLOCKS) {
    const block = Subnet.parse(text);
    if (prefixLength < block.prefixLength) continue;
    const found = freeSubnetIn(block, prefixLength, taken);
    if (found !== undefined) return found;
  }
  return undefined;
}

function freeSubnetIn(block: Subnet, prefixLength: number, taken: readonly Subnet[]): Subnet | undefined {
  let candidate = Subnet.around(block.address, prefixLength);
  while (block.contains(candidate)) {
    const obstacle = taken.find((other) => other.overlaps(candidate));
    if (obstacle === undefined) return candidate;
    // Prefixes nest, so the address after the larger of the two begins a subnet of this length.
    const larger = obstacle.contains(candidate) ? obstacle : candidate;
    const next = larger.last.next();
    if (next === undefined) return undefined;
    candidate = Subnet.around(next, prefixLength);
  }
  return undefined;
}
