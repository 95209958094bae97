import type { Address } from './address';
import type { Subnet } from './subnet';

/** The subnets, without those that lie inside another one, so that one search finds any overlap. */
export class Cover {
  /** Disjoint, in ascending order. */
  private readonly outermost: readonly Subnet[];

  constructor(subnets: readonly Subnet[]) {
    this.outermost = outermostOf(subnets);
  }

  contains(inner: Subnet | Address): boolean {
    const first = 'prefixLength' in inner ? inner.address : inner;
    return this.outermost[this.countUpTo(first) - 1]?.contains(inner) ?? false;
  }

  overlaps(other: Subnet): boolean {
    const next = this.outermost[this.countUpTo(other.address)];
    return this.contains(other) || this.startsWithin(other) || (next !== undefined && other.contains(next));
  }

  /** One that begins at the same address as the other, and is smaller. */
  private startsWithin(other: Subnet): boolean {
    const before = this.outermost[this.countUpTo(other.address) - 1];
    return before !== undefined && other.contains(before);
  }

  /** How many subnets begin at or before the address. */
  private countUpTo(address: Address): number {
    let [low, high] = [0, this.outermost.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.outermost[middle] as Subnet).address.compare(address) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The subnets that no other one contains, each once, in ascending order. */
export function outermostOf(subnets: readonly Subnet[]): Subnet[] {
  const found: Subnet[] = [];
  for (const subnet of [...subnets].sort((a, b) => a.compare(b)))
    if (!found.at(-1)?.contains(subnet)) found.push(subnet);
  return found;
}
