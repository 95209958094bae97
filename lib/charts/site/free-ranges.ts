import { freeSubnet, PROVIDERS, type ProviderRange, Subnet } from '../../network';
import type { Scope } from './scope';

/** What a site uses and what its cloud reserves. @internal */
export function rangesInUse({ cluster, networks, routeSources, provider }: Scope): Subnet[] {
  const kept: readonly ProviderRange[] = provider === undefined ? [] : PROVIDERS[provider];
  return [
    ...cluster.protectedSubnets.map(({ subnet }) => subnet),
    ...networks.flatMap(({ subnets }) => subnets.flatMap(({ mapping }) => [mapping.real, mapping.mapped])),
    ...routeSources.flatMap(({ ownRoutes }) => ownRoutes.map(({ subnet }) => subnet)).filter(isNoDefault),
    ...kept.filter(({ refused }) => refused === 'any').map(({ subnet }) => Subnet.parse(subnet)),
  ];
}

/** Ranges that nothing else uses. Each is proposed only once, so that all proposals can be followed together. */
export class FreeRanges {
  private readonly taken: Subnet[];

  constructor(taken: readonly Subnet[]) {
    this.taken = [...taken];
  }

  /** What to write for a subnet that is not yet mapped. */
  map(real: Subnet): string {
    if (real.family === 6) return 'give one of the two a different IPv6 range (RFC 4193), because IPv6 is not mapped';
    const mapped = this.next(real.prefixLength);
    if (mapped === undefined)
      return `list smaller subnets of it and have the routers map those: no private /${real.prefixLength} is free`;
    return `have the routers map it to a free range and write ${spec(real, mapped)}`;
  }

  /** The same for a subnet whose mapped range is taken. */
  mapElsewhere(mapped: Subnet): string {
    const other = this.next(mapped.prefixLength);
    if (other === undefined) return 'have the routers map smaller subnets of it: no private range of its size is free';
    return `have the routers map it to ${other}, which is free`;
  }

  /** `{ real: "10.0.1.0/27", mapped: "192.168.2.0/27" }`; undefined if there is no such range. */
  spec(real: Subnet): string | undefined {
    const mapped = real.family === 4 ? this.next(real.prefixLength) : undefined;
    return mapped && spec(real, mapped);
  }

  private next(prefixLength: number): Subnet | undefined {
    const found = freeSubnet(prefixLength, this.taken);
    if (found !== undefined) this.taken.push(found);
    return found;
  }
}

function spec(real: Subnet, mapped: Subnet): string {
  return `{ real: "${real}", mapped: "${mapped}" }`;
}

function isNoDefault({ prefixLength }: Subnet): boolean {
  return prefixLength > 0;
}
