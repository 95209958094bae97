import { IPv6 } from 'ipaddr.js';
import { refuse } from './finding';

/** 4 or 6. */
export type Family = 4 | 6;

const IPV4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const IPV4_LOOSE = /^\d+(?:\.\d+){3}$/;

/** Bits of an address of the family: 32 or 128. */
export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/**
 * An IPv4 or IPv6 address. Immutable; equal addresses have equal text.
 * IPv6 is written as RFC 5952 recommends.
 */
export class Address {
  readonly family: Family;
  private written: string | undefined;

  /** @param bytes 4 or 16 bytes in network order; not to be changed afterwards. */
  constructor(readonly bytes: Uint8Array) {
    if (bytes.length !== 4 && bytes.length !== 16)
      throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
    this.family = bytes.length === 4 ? 4 : 6;
  }

  /**
   * Reads an address strictly: dotted decimal without leading zeros, or IPv6 without a zone.
   * @throws InputError for anything else, IPv4-mapped IPv6 (RFC 4291, 2.5.5.2) included.
   */
  static parse(value: unknown): Address {
    if (typeof value !== 'string')
      throw refuse(value, 'is not a string', 'write the address as text, e.g. "192.168.1.10"');
    if (IPV4.test(value)) return parseIPv4(value);
    if (IPV4_LOOSE.test(value)) {
      const plain = value.split('.').map(Number).join('.');
      throw refuse(
        value,
        'has leading zeros, which some programs read as octal',
        `write ${plain} if that is what is meant`,
      );
    }
    if (value.includes('%'))
      throw refuse(value, 'names a zone', 'leave out the % and what follows; an interface is named by its own field');
    if (!value.includes(':') || !IPv6.isValid(value))
      throw refuse(value, 'is no IP address', 'write e.g. 192.168.1.10 or fd00::10');
    const parsed = IPv6.parse(value);
    if (parsed.isIPv4MappedAddress()) {
      throw refuse(value, 'is an IPv4-mapped IPv6 address', `write the IPv4 address itself: ${parsed.toIPv4Address()}`);
    }
    return new Address(Uint8Array.from(parsed.toByteArray()));
  }

  toString(): string {
    this.written ??= this.family === 4 ? this.bytes.join('.') : new IPv6([...this.bytes]).toRFC5952String();
    return this.written;
  }

  /** Below 0, 0 or above 0: IPv4 before IPv6, then by value. */
  compare(other: Address): number {
    if (this.family !== other.family) return this.family - other.family;
    for (let i = 0; i < this.bytes.length; i++) {
      const difference = (this.bytes[i] as number) - (other.bytes[i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  equals(other: Address): boolean {
    return this.compare(other) === 0;
  }

  /** The address after this one, or undefined after the last of the family. */
  next(): Address | undefined {
    const bytes = this.bytes.slice();
    for (let i = bytes.length - 1; i >= 0; i--) {
      bytes[i] = (bytes[i] as number) + 1; // a Uint8Array wraps at 256, so 0 means carry
      if (bytes[i] !== 0) return new Address(bytes);
    }
    return undefined;
  }
}

function parseIPv4(text: string): Address {
  const parts = text.split('.').map(Number);
  const tooLarge = parts.find((part) => part > 255);
  if (tooLarge !== undefined) throw refuse(text, `is no IPv4 address: ${tooLarge} is above 255`, 'correct it');
  return new Address(Uint8Array.from(parts));
}
