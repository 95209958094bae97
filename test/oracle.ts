import fc from 'fast-check';
import { Address, type Family } from '../lib/network/address';
import { InputError } from '../lib/network/finding';
import { Subnet } from '../lib/network/subnet';

/**
 * An independent model for property tests: an address is a number, a subnet the numbers from `first` to `last`, and text is
 * written out in full.
 */
export interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
}

export const WIDTH = { 4: 32, 6: 128 } as const;

/** The range of this prefix length that contains a number. */
export function rangeAround(family: Family, value: bigint, prefixLength: number): Range {
  const size = 2n ** BigInt(WIDTH[family] - prefixLength);
  const first = (value / size) * size;
  return { family, first, last: first + size - 1n, prefixLength };
}

export function holds(outer: Range, inner: Pick<Range, 'family' | 'first' | 'last'>): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** Four decimal numbers, or eight groups of four hexadecimal digits. */
export function fullText(family: Family, value: bigint): string {
  const digits = value.toString(16).padStart(WIDTH[family] / 4, '0');
  if (family === 6) return (digits.match(/.{4}/g) as string[]).join(':');
  return (digits.match(/../g) as string[]).map((byte) => Number.parseInt(byte, 16)).join('.');
}

export function rangeText({ family, first, prefixLength }: Range): string {
  return `${fullText(family, first)}/${prefixLength}`;
}

export function numberOf(address: Address): bigint {
  return [address.first, ...address.rest].reduce((value, word) => (value << 32n) | BigInt(word >>> 0), 0n);
}

export function addressOf(family: Family, value: bigint): Address {
  const words = Array.from({ length: WIDTH[family] / 32 }, (_, i) =>
    Number(BigInt.asIntN(32, value >> BigInt(32 * i))),
  );
  const [first = 0, ...rest] = words.reverse();
  return new Address(family, first, rest);
}

export function subnetOf(range: Range): Subnet {
  return new Subnet(addressOf(range.family, range.first), range.prefixLength);
}

export function rangeOf({ address, last, prefixLength, family }: Subnet): Range {
  return { family, first: numberOf(address), last: numberOf(last), prefixLength };
}

export const families = fc.constantFrom<Family>(4, 6);

/** A number of the family, often with runs of zeros, so that IPv6 text can be shortened. */
export function numbers(family: Family): fc.Arbitrary<bigint> {
  const group = fc.oneof(fc.constant(0), fc.nat({ max: 0xffff }));
  return fc
    .array(group, { minLength: WIDTH[family] / 16, maxLength: WIDTH[family] / 16 })
    .map((groups) => groups.reduce((value, part) => value * 65536n + BigInt(part), 0n));
}

/** Any range of the family. */
export function rangesOf(family: Family): fc.Arbitrary<Range> {
  return fc
    .tuple(numbers(family), fc.nat({ max: WIDTH[family] }))
    .map(([value, prefixLength]) => rangeAround(family, value, prefixLength));
}

export const ranges = families.chain(rangesOf);

/** Small ranges at the start, middle and end of an address space, so close together that many are nested. */
export function crowdedRanges(family: Family): fc.Arbitrary<Range> {
  const end = 2n ** BigInt(WIDTH[family]);
  return fc
    .tuple(fc.constantFrom(0n, end / 3n, end - 32n), fc.nat({ max: 31 }), fc.nat({ max: 6 }))
    .map(([base, offset, hostBits]) => rangeAround(family, base + BigInt(offset), WIDTH[family] - hostBits));
}

/** Two ranges, often equal, nested or adjacent. */
export const rangePairs: fc.Arbitrary<[Range, Range]> = fc.oneof(
  fc.tuple(ranges, ranges),
  families.chain((family) => fc.tuple(crowdedRanges(family), crowdedRanges(family))),
  ranges.chain((outer) =>
    fc
      .tuple(numbers(outer.family), fc.integer({ min: outer.prefixLength, max: WIDTH[outer.family] }))
      .map(([value, length]): [Range, Range] => {
        const inside = outer.first + (value % (outer.last - outer.first + 1n));
        return [outer, rangeAround(outer.family, inside, length)];
      }),
  ),
);

/** The message of the InputError that `read` throws. @throws if it throws none */
export function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('nothing was rejected');
}

/** The seconds of CPU time that `work` takes. Unlike elapsed time, this excludes other programs. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
