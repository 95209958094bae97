import type { Address } from '../../network';
import type { LookupQuestion, Snapshot } from '../kernel/types';
import { isLinkLocal, type ResolvedRoute, type Way } from './resolve';
import { rulesBeforeMain } from './rules';

/**
 * Makes lookups with the source address of the node's own packets if some rule matches sources. Without such a rule,
 * the source makes no difference.
 */
export class NodeSources {
  private readonly found = new Map<Way, Address | undefined>();
  private readonly matters: { readonly 4: boolean; readonly 6: boolean };

  constructor(private readonly snapshot: Snapshot) {
    const isSelective = (family: 4 | 6) =>
      rulesBeforeMain(snapshot.rules, family).some(({ source }) => source !== undefined);
    this.matters = { 4: isSelective(4), 6: isSelective(6) };
  }

  question(item: ResolvedRoute, address: Address): LookupQuestion {
    const source = this.matters[address.family] ? this.sourceOf(item) : undefined;
    return source === undefined ? { address } : { address, source };
  }

  /** The source that the list names, or else the node's first address on the route's link. */
  private sourceOf({ route, way }: ResolvedRoute): Address | undefined {
    if (route.source !== undefined) return route.source;
    if (!this.found.has(way)) {
      const link = way.hops[0]?.link;
      const { family } = route.subnet;
      const own = this.snapshot.addresses.find(
        (each) => each.link === link && each.address.family === family && !isLinkLocal(each.address),
      );
      this.found.set(way, own?.address);
    }
    return this.found.get(way);
  }
}
