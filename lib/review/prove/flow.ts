import { type Address, Mapping, Subnet, without } from '../../network';

/**
 * Addresses of packets in transit: those at sending, and the present ones after translation, which keeps the host part.
 */
class Addresses {
  private constructor(
    readonly sent: Subnet,
    readonly now: Subnet,
  ) {}

  static of(subnet: Subnet): Addresses {
    return new Addresses(subnet, subnet);
  }

  /** The part that is now in `subnet`, which must lie in `now`. */
  narrowed(subnet: Subnet): Addresses {
    return new Addresses(moved(subnet, this.now, this.sent), subnet);
  }

  /** The flow after a translation whose `from` contains all of it. */
  translated(from: Subnet, to: Subnet): Addresses {
    return new Addresses(this.sent, moved(this.now, from, to));
  }
}

function moved(subnet: Subnet, from: Subnet, to: Subnet): Subnet {
  const address: Address = new Mapping(from, to).toMapped(subnet.address);
  return new Subnet(address, subnet.prefixLength);
}

/** All packets from any of the sources to any of the destinations. */
export interface Flow {
  readonly source: Addresses;
  readonly destination: Addresses;
}

export function flowOf(source: Subnet, destination: Subnet): Flow {
  return { source: Addresses.of(source), destination: Addresses.of(destination) };
}

/** The intersection of two subnets: one of them, or nothing. */
export function common(a: Subnet, b: Subnet): Subnet | undefined {
  if (a.family !== b.family) return undefined;
  return a.contains(b) ? b : b.contains(a) ? a : undefined;
}

export interface Split {
  /** The packets that match; undefined if none do. */
  readonly inside: Flow | undefined;
  readonly outside: readonly Flow[];
}

/** Splits a flow into the packets that now go from `source` to `destination`, and all others. */
export function split(flow: Flow, source: Subnet, destination: Subnet): Split {
  const [from, to] = [common(flow.source.now, source), common(flow.destination.now, destination)];
  if (from === undefined || to === undefined) return { inside: undefined, outside: [flow] };
  const inside = { source: flow.source.narrowed(from), destination: flow.destination.narrowed(to) };
  const otherSources = without(flow.source.now, from).map((now) => ({ ...flow, source: flow.source.narrowed(now) }));
  const otherDestinations = without(flow.destination.now, to).map((now) => ({
    source: inside.source,
    destination: flow.destination.narrowed(now),
  }));
  return { inside, outside: [...otherSources, ...otherDestinations] };
}

/** Assigns each packet to the first rule that matches it. */
export function sorted<Rule>(
  flow: Flow,
  rules: readonly Rule[],
  matches: (rule: Rule) => { readonly source: Subnet; readonly destination: Subnet },
): { readonly flow: Flow; readonly rule: Rule | undefined }[] {
  const done: { flow: Flow; rule: Rule | undefined }[] = [];
  let left: readonly Flow[] = [flow];
  for (const rule of rules) {
    if (left.length === 0) break;
    const { source, destination } = matches(rule);
    // There are many rules, and most match nothing, so those are skipped early.
    if (!left.some((one) => one.source.now.overlaps(source) && one.destination.now.overlaps(destination))) continue;
    left = left.flatMap((one) => {
      const { inside, outside } = split(one, source, destination);
      if (inside !== undefined) done.push({ flow: inside, rule });
      return outside;
    });
  }
  return [...done, ...left.map((one) => ({ flow: one, rule: undefined }))];
}

/** A single address without its prefix length. */
export const plain = (subnet: Subnet): string => `${subnet}`.replace(/\/(?:32|128)$/, '');
