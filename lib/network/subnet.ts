import { Address, bitsOf, type Family } from './address';
import { InputError, quote, refuse } from './finding';

/**
 * A subnet in CIDR notation: the first address and a prefix length. Immutable; equal subnets have equal text.
 * Prefixes either contain one another or are disjoint (RFC 4632).
 */
export class Subnet {
  #text: string | undefined;

  /** @param address the first address; the bits behind the prefix must be 0. */
  constructor(
    readonly address: Address,
    readonly prefixLength: number,
  ) {}

  /** The subnet of the given prefix length around an address. */
  static around(address: Address, prefixLength: number): Subnet {
    return new Subnet(new Address(address.bytes.map((byte, i) => byte & ~hostMask(prefixLength, i))), prefixLength);
  }

  /**
   * Reads `address/prefix length` strictly; says nothing about whether the range is one to route (see reserved.ts).
   * @throws InputError for a non-string, blanks, a missing or dotted mask, host bits and whatever Address.parse refuses.
   */
  static parse(value: unknown): Subnet {
    if (typeof value !== 'string')
      throw refuse(value, 'is not a string', 'write the subnet as text, e.g. "192.168.1.0/24"');
    if (value !== value.trim()) throw refuse(value, 'has blanks around it', `write "${value.trim()}"`);
    const slash = value.indexOf('/');
    const addressText = slash === -1 ? value : value.slice(0, slash);
    if (!/[.:]/.test(addressText)) throw refuse(value, 'is no subnet', 'write e.g. "192.168.1.0/24" or "fd00:1::/48"');
    if (slash === -1) throw refuse(value, ...missingMask(addressText));
    const maskText = value.slice(slash + 1);
    if (maskText.includes('/')) throw refuse(value, 'has more than one "/"', 'write address/prefix length');
    const address = parseAddressOf(value, addressText);
    const prefixLength = parsePrefixLength(value, maskText, address.family);
    if (hasHostBits(address, prefixLength)) {
      const meant = Subnet.around(address, prefixLength);
      throw refuse(value, `has host bits set behind its ${prefixLength} bit prefix`, `did you mean ${meant}?`);
    }
    const subnet = new Subnet(address, prefixLength);
    if (address.family === 4) subnet.#text = value; // there is one way to write it
    return subnet;
  }

  get family(): Family {
    return this.address.family;
  }

  /** The last address: all host bits set. */
  get last(): Address {
    return new Address(this.address.bytes.map((byte, i) => byte | hostMask(this.prefixLength, i)));
  }

  toString(): string {
    this.#text ??= `${this.address}/${this.prefixLength}`;
    return this.#text;
  }

  equals(other: Subnet): boolean {
    return this.prefixLength === other.prefixLength && this.address.equals(other.address);
  }

  contains(other: Subnet | Address): boolean {
    if (other instanceof Address) return sharePrefix(this.address, other, this.prefixLength);
    return this.prefixLength <= other.prefixLength && sharePrefix(this.address, other.address, this.prefixLength);
  }

  overlaps(other: Subnet): boolean {
    return sharePrefix(this.address, other.address, Math.min(this.prefixLength, other.prefixLength));
  }

  /** By family, first address, then the larger subnet first: a subnet stands directly before what it contains. */
  compare(other: Subnet): number {
    return this.address.compare(other.address) || this.prefixLength - other.prefixLength;
  }
}

/** The bits of byte `i` that lie behind the prefix. */
function hostMask(prefixLength: number, i: number): number {
  return 0xff >> Math.min(8, Math.max(0, prefixLength - 8 * i));
}

function hasHostBits({ bytes }: Address, prefixLength: number): boolean {
  for (let i = prefixLength >> 3; i < bytes.length; i++)
    if (((bytes[i] as number) & hostMask(prefixLength, i)) !== 0) return true;
  return false;
}

/** Whether two addresses are of one family and have the same first bits. */
function sharePrefix(a: Address, b: Address, prefixLength: number): boolean {
  if (a.family !== b.family) return false;
  for (let i = 0; i * 8 < prefixLength; i++)
    if ((((a.bytes[i] as number) ^ (b.bytes[i] as number)) & ~hostMask(prefixLength, i)) !== 0) return false;
  return true;
}

/** Reads the address in front of the "/"; a refusal shows the whole value. */
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
    `has a prefix length that is no number from 0 to ${most}`,
    `write address/prefix length, e.g. /${family === 4 ? 24 : 64}`,
  );
}
