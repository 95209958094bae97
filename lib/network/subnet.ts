import { Address, bitsOf, type Family } from './address';
import { Findings, InputError, quote, refuse } from './finding';

/**
 * A subnet in CIDR notation: the first address and a prefix length. Immutable; equal subnets have equal text.
 * Prefixes either contain one another or are disjoint (RFC 4632).
 */
export class Subnet {
  #text: string | undefined;

  constructor(
    /** The first address: all bits after the prefix are 0. */
    readonly address: Address,
    readonly prefixLength: number,
  ) {}

  /** The subnet of the given prefix length around an address. */
  static around(address: Address, prefixLength: number): Subnet {
    return new Subnet(address.withZeros(prefixLength), prefixLength);
  }

  /**
   * Reads `address/prefix length` strictly; does not check whether the range may be routed (see reserved.ts).
   * @throws InputError for a non-string, spaces, a missing or dotted mask, host bits and everything that Address.parse
   * rejects.
   */
  static parse(value: unknown): Subnet {
    if (typeof value !== 'string')
      throw refuse(value, 'is not a string', 'write the subnet as a string, e.g. "192.168.1.0/24"');
    const ipv4 = Subnet.readIPv4(value);
    if (ipv4 !== undefined) return ipv4;
    if (value !== value.trim()) throw refuse(value, 'has spaces around it', `write "${value.trim()}"`);
    rejectSeveral(value);
    const slash = value.indexOf('/');
    const addressText = slash === -1 ? value : value.slice(0, slash);
    if (!/[.:]/.test(addressText))
      throw refuse(value, 'is not a subnet', 'write e.g. "192.168.1.0/24" or "fd00:1::/48"');
    if (slash === -1) throw refuse(value, ...missingMask(addressText));
    const maskText = value.slice(slash + 1);
    if (maskText.includes('/')) throw refuse(value, 'has more than one "/"', 'write address/prefix length');
    const address = parseAddressOf(value, addressText);
    const prefixLength = parsePrefixLength(value, maskText, address.family);
    const meant = Subnet.around(address, prefixLength);
    if (meant.address.equals(address)) return meant;
    throw refuse(value, `has host bits set beyond its ${prefixLength}-bit prefix`, `did you mean ${meant}?`);
  }

  /** A fast path for the usual notation; undefined for any other. */
  private static readIPv4(text: string): Subnet | undefined {
    const slash = text.indexOf('/');
    const prefixLength = IPV4_LENGTHS.get(text.slice(slash + 1));
    const address = Address.readIPv4(text, slash);
    if (prefixLength === undefined || address === undefined) return undefined;
    if (prefixLength < 32 && address.first << prefixLength !== 0) return undefined;
    const subnet = new Subnet(address, prefixLength);
    subnet.#text = text; // the notation is unique
    return subnet;
  }

  get family(): Family {
    return this.address.family;
  }

  /** The last address: all host bits set. */
  get last(): Address {
    return this.address.withOnes(this.prefixLength);
  }

  toString(): string {
    this.#text ??= `${this.address}/${this.prefixLength}`;
    return this.#text;
  }

  equals(other: Subnet): boolean {
    return this.prefixLength === other.prefixLength && this.address.equals(other.address);
  }

  contains(other: Subnet | Address): boolean {
    if (other instanceof Address) return this.address.sharesPrefix(other, this.prefixLength);
    return this.prefixLength <= other.prefixLength && this.address.sharesPrefix(other.address, this.prefixLength);
  }

  overlaps(other: Subnet): boolean {
    return this.address.sharesPrefix(other.address, Math.min(this.prefixLength, other.prefixLength));
  }

  /**
   * Sorts by family, first address, then the larger subnet first, so that a subnet comes directly before what it
   * contains.
   */
  compare(other: Subnet): number {
    return this.address.compare(other.address) || this.prefixLength - other.prefixLength;
  }
}

/** The text after the "/" of an IPv4 subnet. */
const IPV4_LENGTHS: ReadonlyMap<string, number> = new Map(Array.from({ length: 33 }, (_, i) => [`${i}`, i]));

/** Two entries in one string, and address ranges, in the notation of other programs. */
function rejectSeveral(value: string): void {
  const parts = value.split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.length > 1 && parts.every((part) => /^[\da-f.:]+\/\d+$/i.test(part)))
    throw refuse(value, 'is more than one subnet', `write ${parts.map((part) => `"${part}"`).join(', ')}`);
  const ends = value.split('-').map((end) => new Findings().attempt('', () => Address.parse(end.trim())));
  const [from, to] = ends;
  if (ends.length !== 2 || from === undefined || to?.family !== from.family || from.compare(to) > 0) return;
  const subnets = subnetsFrom(from, to);
  const listed = subnets.length <= MOST_SHOWN ? subnets.map((one) => `"${one}"`).join(', ') : 'its subnets one by one';
  throw refuse(value, 'is a range of addresses', `write ${listed}`);
}

/** In a remedy. */
const MOST_SHOWN = 8;

/** The fewest subnets that contain exactly these addresses. */
function subnetsFrom(from: Address, to: Address): Subnet[] {
  const subnets: Subnet[] = [];
  for (
    let next: Address | undefined = from;
    next !== undefined && next.compare(to) <= 0;
    next = subnets.at(-1)?.last.next()
  ) {
    let length = 0;
    while (!next.withZeros(length).equals(next) || next.withOnes(length).compare(to) > 0) length++;
    subnets.push(new Subnet(next, length));
  }
  return subnets;
}

/** Reads the address before the "/"; an error shows the whole value. */
function parseAddressOf(value: string, addressText: string): Address {
  try {
    return Address.parse(addressText);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      error.findings.map((f) => ({ ...f, value: quote(value), reason: `has an address that ${f.reason}` })),
    );
  }
}

function missingMask(addressText: string): [reason: string, remedy: string] {
  const address = Address.parse(addressText);
  return [
    'has no prefix length',
    `write ${address}/${bitsOf(address.family)} for this one host, or the prefix length of its subnet`,
  ];
}

function parsePrefixLength(value: string, maskText: string, family: Family): number {
  const most = bitsOf(family);
  const prefixLength = /^\d+$/.test(maskText) ? Number(maskText) : Number.NaN;
  if (prefixLength <= most) {
    if (maskText !== `${prefixLength}`)
      throw refuse(value, 'has a leading zero in its prefix length', `write /${prefixLength}`);
    return prefixLength;
  }
  if (maskText.includes('.'))
    throw refuse(value, 'has a dotted mask', 'write the prefix length, e.g. /24 for 255.255.255.0');
  throw refuse(
    value,
    `has a prefix length that is not a number from 0 to ${most}`,
    `write address/prefix length, e.g. /${family === 4 ? 24 : 64}`,
  );
}
