import { type InputError, refuse } from './finding';

/** 4 or 6. */
export type Family = 4 | 6;

const FOUR_NUMBERS = /^\d+(?:\.\d+){3}$/;
const SEVERAL = /^[\da-f]*[.:][\da-f.:]*(?:[\s,;-]+[\da-f]*[.:][\da-f.:]*)+$/i;
const [CODE_OF_0, CODE_OF_DOT] = [48, 46];
/** ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 */
const LONGEST_TEXT = 45;
/** No other character can end the brackets of {@link urlOf}. */
const IPV6_CHARACTERS = /^[\da-f:.]+$/i;

/** Bits of an address of the family: 32 or 128. */
export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** A 32-bit mask with this many leading ones: none for 0 and below, all for 32 and above. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Compares two words as unsigned numbers. */
const order = (a: number, b: number): number => (a >>> 0) - (b >>> 0);

/** `0xfd000001` as [0xfd00, 1]. */
const groupsOf = (word: number): number[] => [word >>> 16, word & 0xffff];
const wordOf = (high: number, low: number): number => (high << 16) | low;
const inHex = (group: number): string => group.toString(16);

const NO_WORDS: readonly number[] = [];

/**
 * An IPv4 or IPv6 address. Immutable; equal addresses have equal text. IPv6 is written as RFC 5952 recommends.
 *
 * Stored as words of 32 bits in network order, as signed integers: IPv4, of which there are tens of thousands, has one
 * word and no array; IPv6 has three more. In V8, this is the smallest form and the fastest to create and compare.
 */
export class Address {
  #written: string | undefined;

  constructor(
    readonly family: Family,
    readonly first: number,
    readonly rest: readonly number[] = NO_WORDS,
  ) {}

  /**
   * Reads an address strictly: dotted decimal without leading zeros, or IPv6 without a zone.
   * @throws InputError for anything else, IPv4-mapped IPv6 (RFC 4291, 2.5.5.2) included.
   */
  static parse(value: unknown): Address {
    if (typeof value !== 'string')
      throw refuse(value, 'is not a string', 'write the address as a string, e.g. "192.168.1.10"');
    const ipv4 = Address.readIPv4(value);
    if (ipv4 !== undefined) return ipv4;
    if (value.length <= LONGEST_TEXT && FOUR_NUMBERS.test(value)) throw refuseIPv4(value);
    if (value.includes('%'))
      throw refuse(
        value,
        'names a zone',
        'remove the % and everything after it; use the field interface for the interface',
      );
    const parsed = value.length <= LONGEST_TEXT ? parseIPv6(value) : undefined;
    if (parsed === undefined && SEVERAL.test(value.trim()))
      throw refuse(value, 'is more than one address', 'write each as a separate string');
    if (parsed === undefined) throw refuse(value, 'is not an IP address', 'write e.g. 192.168.1.10 or fd00::10');
    return parsed;
  }

  /** Reads dotted decimal up to `end` in one pass, because lists are long; undefined for anything else. */
  static readIPv4(text: string, end = text.length): Address | undefined {
    let word = 0;
    let dots = 0;
    let number = -1; // no digit yet
    for (let i = 0; i < end; i++) {
      const code = text.charCodeAt(i);
      const digit = code - CODE_OF_0;
      if (digit >= 0 && digit <= 9 && number !== 0) number = number < 0 ? digit : number * 10 + digit;
      else if (code === CODE_OF_DOT && number >= 0) {
        word = (word << 8) | number;
        number = -1;
        dots++;
      } else return undefined;
      if (number > 255) return undefined;
    }
    return dots === 3 && number >= 0 ? new Address(4, (word << 8) | number) : undefined;
  }

  toString(): string {
    const { family, first, rest } = this;
    this.#written ??=
      family === 4
        ? `${first >>> 24}.${(first >>> 16) & 0xff}.${(first >>> 8) & 0xff}.${first & 0xff}`
        : hostOfUrl([first, ...rest].flatMap(groupsOf).map(inHex).join(':'));
    return this.#written;
  }

  /** Below 0, 0 or above 0: IPv4 before IPv6, then by value. */
  compare({ family, first, rest }: Address): number {
    let difference = this.family - family || order(this.first, first);
    for (let i = 0; difference === 0 && i < rest.length; i++)
      difference = order(this.rest[i] as number, rest[i] as number);
    return difference;
  }

  equals(other: Address): boolean {
    return this.compare(other) === 0;
  }

  /** Whether both have the same family and the same first bits. */
  sharesPrefix({ family, first, rest }: Address, bits: number): boolean {
    let isSame = this.family === family && ((this.first ^ first) & maskOf(bits)) === 0;
    for (let i = 0; isSame && i < rest.length; i++)
      isSame = (((this.rest[i] as number) ^ (rest[i] as number)) & maskOf(bits - 32 * (i + 1))) === 0;
    return isSame;
  }

  /** The address with the same first bits, followed by zeros. */
  withZeros(bits: number): Address {
    return this.change((word, mask) => word & mask, bits);
  }

  /** The address with the same first bits, followed by ones. */
  withOnes(bits: number): Address {
    return this.change((word, mask) => word | ~mask, bits);
  }

  /** The address after this one, or undefined after the last of the family. */
  next(): Address | undefined {
    const words = [this.first, ...this.rest];
    for (let i = words.length - 1; i >= 0; i--) {
      words[i] = ((words[i] as number) + 1) | 0; // 0 means carry
      const [first = 0, ...rest] = words;
      if (words[i] !== 0) return new Address(this.family, first, rest);
    }
    return undefined;
  }

  private change(how: (word: number, mask: number) => number, bits: number): Address {
    const { family, first, rest } = this;
    const others = rest.map((word, i) => how(word, maskOf(bits - 32 * (i + 1))));
    return new Address(family, how(first, maskOf(bits)), others);
  }
}

/** Says what is wrong with a text that looks like dotted decimal. */
function refuseIPv4(text: string): InputError {
  const tooLarge = text.split('.').find((part) => Number(part) > 255);
  if (tooLarge !== undefined) return refuse(text, `is not an IPv4 address: ${tooLarge} is above 255`, 'correct it');
  const plain = text.split('.').map(Number).join('.');
  return refuse(text, 'has leading zeros, which some programs read as octal', `write ${plain} if you mean that`);
}

/** @returns undefined if the text is not a valid IPv6 address. */
function parseIPv6(text: string): Address | undefined {
  if (!IPV6_CHARACTERS.test(text) || !URL.canParse(urlOf(text))) return undefined;
  const [before = [], after] = hostOfUrl(text).split('::').map(readGroups);
  const groups = after === undefined ? before : [...before, ...zeros(8 - before.length - after.length), ...after];
  const [first = 0, ...rest] = [0, 2, 4, 6].map((i) => wordOf(groups[i] as number, groups[i + 1] as number));
  if (first === 0 && rest[0] === 0 && rest[1] === 0xffff)
    throw refuse(
      text,
      'is an IPv4-mapped IPv6 address',
      `write the IPv4 address itself: ${new Address(4, rest[2] as number)}`,
    );
  return new Address(6, first, rest);
}

/** `fd00:1` as [0xfd00, 1], and the empty text before or after `::` as none. */
const readGroups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));

const zeros = (count: number): number[] => new Array(count).fill(0);

const urlOf = (ipv6: string): string => `http://[${ipv6}]`;

/** The URL standard reads IPv6 as strictly as RFC 4291, 2.2 and writes it as RFC 5952, 4 recommends. */
const hostOfUrl = (ipv6: string): string => new URL(urlOf(ipv6)).hostname.slice(1, -1);
