import { Address } from './address';
import { Findings, refuse } from './finding';
import { parseUnicastSubnet } from './reserved';
import type { Subnet } from './subnet';

/** A subnet as a user writes it: the real range alone, or with the range that a router maps it to, one to one. */
export type SubnetSpec = string | { readonly real: string; readonly mapped: string };

/**
 * A subnet with the range under which the other end of the VPN sees it (in RFC 2663 terms, basic bidirectional NAT of a
 * whole prefix). `mapped` equals `real` if no router translates. Host parts are kept, so the translation is a
 * bijection.
 */
export class Mapping {
  constructor(
    readonly real: Subnet,
    readonly mapped: Subnet,
  ) {}

  /**
   * Reads `'192.168.0.0/24'` or `{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }`.
   * @throws InputError for bad subnets, unequal prefix lengths, a mapping onto itself, unknown keys, and mapped IPv6
   * (these routers do not translate prefixes; number IPv6 networks without overlap).
   */
  static parse(spec: unknown): Mapping {
    if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
      const subnet = parseUnicastSubnet(spec);
      return new Mapping(subnet, subnet);
    }
    const findings = new Findings();
    for (const key of Object.keys(spec)) {
      if (key !== 'real' && key !== 'mapped')
        findings.add('', key, 'is an unknown key', 'a mapping has real and mapped');
    }
    const { real: realText, mapped: mappedText } = spec as { real?: unknown; mapped?: unknown };
    const real = findings.attempt('real', () => parseUnicastSubnet(realText));
    const mapped = findings.attempt('mapped', () => parseUnicastSubnet(mappedText));
    findings.throwIfAny();
    checkPair(spec, real as Subnet, mapped as Subnet);
    return new Mapping(real as Subnet, mapped as Subnet);
  }

  get isTranslated(): boolean {
    return !this.real.equals(this.mapped);
  }

  /** The address under which the other end sees the host `real`, which must lie in the real subnet. */
  toMapped(real: Address): Address {
    return translate(real, this.real, this.mapped);
  }

  /** The host's real address for an address that the other end uses, which must lie in the mapped subnet. */
  toReal(mapped: Address): Address {
    return translate(mapped, this.mapped, this.real);
  }

  toString(): string {
    return this.isTranslated ? `${this.real} seen as ${this.mapped}` : `${this.real}`;
  }
}

function checkPair(spec: object, real: Subnet, mapped: Subnet): void {
  if (real.family === 6 || mapped.family === 6) {
    throw refuse(
      spec,
      'maps IPv6, which is not supported',
      'give the two ends different IPv6 ranges (RFC 4193) and write only the subnet',
    );
  }
  if (real.prefixLength !== mapped.prefixLength) {
    throw refuse(
      spec,
      `maps a /${real.prefixLength} to a /${mapped.prefixLength}, so some hosts would share an address or have none`,
      `use a free /${real.prefixLength} as the mapped range`,
    );
  }
  if (real.equals(mapped)) throw refuse(spec, 'maps a subnet to itself', `write "${real}" alone`);
}

/** Combines the prefix of `to` with the host part of the address. */
function translate(address: Address, from: Subnet, to: Subnet): Address {
  if (!from.contains(address)) throw new RangeError(`${address} does not lie in ${from}`);
  // The bits that differ from the first address are the host part.
  const word = (of: (each: Address) => number) => (of(address) ^ of(from.address)) | of(to.address);
  const rest = address.rest.map((_, i) => word((each) => each.rest[i] as number));
  return new Address(
    address.family,
    word((each) => each.first),
    rest,
  );
}
