import { reservedFor } from '../../network';
import type { KernelEvent } from '../kernel/event';
import type { Snapshot } from '../kernel/types';
import { hopsOf } from './hops';
import { isOwn, type Ownership } from './ownership';
import { isGood, type Verdict } from './verdict';

/** What a pass found, as far as it matters here. */
interface Found {
  readonly verdicts: readonly Verdict[];
  readonly missingNextHops: readonly string[];
  readonly snapshot: Snapshot;
}

/**
 * Whether a kernel event can change what the last pass found. A node's other programs (the pod network above all)
 * cause many events; a pass for each would be wasted. What is overlooked here the resync finds.
 */
export class Relevance {
  private readonly links = new Set<number>();
  /** While something waits or fails, any event may be what it waits for. */
  private readonly isUnsettled: boolean;

  constructor(
    /** Those of the list, and the private networks, as text. */
    private readonly subnets: ReadonlySet<string>,
    private readonly ownership: Ownership,
    { verdicts, missingNextHops, snapshot }: Found,
  ) {
    this.isUnsettled = missingNextHops.length > 0 || !verdicts.every(isGood);
    for (const route of snapshot.routes) {
      if (!isOwn(route, ownership) && !this.subnets.has(`${route.subnet}`)) continue;
      for (const { link } of hopsOf(route, snapshot.nexthops)) this.links.add(link);
    }
  }

  concerns(event: KernelEvent): boolean {
    switch (event.kind) {
      case 'route':
        return this.isUnsettled || isOwn(event.route, this.ownership) || this.subnets.has(`${event.route.subnet}`);
      case 'address':
        return reservedFor(event.address.address) === undefined;
      case 'link':
        return this.isUnsettled || this.links.has(event.index);
      default:
        return true;
    }
  }
}
