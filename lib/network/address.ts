import ipaddr = require('ipaddr.js');

import { type InputError, refuse } from './finding';

/** 4 or 6. */
export type Family = 4 | 6;

const FOUR_NUMBERS = /^\d+(?:\.\d+){3}$/;
const [CODE_OF_0, CODE_OF_DOT] = [48, 46];
/** ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 */
const LONGEST_TEXT = 45;

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
  #written: string | undefined;

  /**
   * @param bytes 4 or 16 in network order, never to be changed. A plain array takes less than half of a Uint8Array's
   * memory, and a tenth of the time to make.
   */
  constructor(readonly bytes: readonly number[]) {
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
    const ipv4 = parseIPv4(value);
    if (ipv4 !== undefined) return new Address(ipv4);
    if (value.length <= LONGEST_TEXT && FOUR_NUMBERS.test(value)) throw refuseIPv4(value);
    if (value.includes('%'))
      throw refuse(value, 'names a zone', 'leave out the % and what follows; an interface is named by its own field');
    const bytes = value.length <= LONGEST_TEXT ? parseIPv6(value) : undefined;
    if (bytes === undefined) throw refuse(value, 'is no IP address', 'write e.g. 192.168.1.10 or fd00::10');
    return new Address(bytes);
  }

  toString(): string {
    this.#written ??= this.family === 4 ? this.bytes.join('.') : new ipaddr.IPv6([...this.bytes]).toRFC5952String();
    return this.#written;
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
      bytes[i] = ((bytes[i] as number) + 1) & 0xff; // 0 means carry
      if (bytes[i] !== 0) return new Address(bytes);
    }
    return undefined;
  }
}

/** The 4 bytes of four numbers up to 255 without leading zeros, or undefined; in one pass, since lists are long. */
function parseIPv4(text: string): number[] | undefined {
  let [all, dots, number] = [0, 0, -1]; // -1: no digit yet
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code - CODE_OF_0;
    if (digit >= 0 && digit <= 9 && number !== 0) number = number < 0 ? digit : number * 10 + digit;
    else if (code === CODE_OF_DOT && number >= 0) {
      all = (all << 8) | number;
      number = -1;
      dots++;
    } else return undefined;
    if (number > 255) return undefined;
  }
  if (dots !== 3 || number < 0) return undefined;
  return [(all >> 16) & 0xff, (all >> 8) & 0xff, all & 0xff, number];
}

/** Says what is wrong with four numbers and dots. */
function refuseIPv4(text: string): InputError {
  const tooLarge = text.split('.').find((part) => Number(part) > 255);
  if (tooLarge !== undefined) return refuse(text, `is no IPv4 address: ${tooLarge} is above 255`, 'correct it');
  const plain = text.split('.').map(Number).join('.');
  return refuse(
    text,
    'has leading zeros, which some programs read as octal',
    `write ${plain} if that is what is meant`,
  );
}

/** The 16 bytes, or undefined when the text is no IPv6 address. */
function parseIPv6(text: string): number[] | undefined {
  const groups = dottedTailAsGroups(text);
  if (groups.includes('.') || !groups.includes(':')) return undefined;
  let parsed: ipaddr.IPv6;
  try {
    parsed = ipaddr.IPv6.parse(groups);
  } catch {
    return undefined;
  }
  if (parsed.isIPv4MappedAddress())
    throw refuse(text, 'is an IPv4-mapped IPv6 address', `write the IPv4 address itself: ${parsed.toIPv4Address()}`);
  return parsed.toByteArray();
}

/**
 * Writes the dotted tail that RFC 4291, 2.2.3 allows as two groups. Of those tails ipaddr.js reads numbers with leading
 * zeros as octal, and ::1.2.3.4 as ::ffff:1.2.3.4.
 */
function dottedTailAsGroups(text: string): string {
  const start = text.lastIndexOf(':') + 1;
  const tail = parseIPv4(text.slice(start));
  if (tail === undefined) return text;
  const [a, b, c, d] = tail as [number, number, number, number];
  return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
