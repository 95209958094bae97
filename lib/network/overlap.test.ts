import fc from 'fast-check';
import {
  cpuSeconds,
  crowdedRanges,
  families,
  holds,
  numberOf,
  type Range,
  rangeOf,
  rangesOf,
  rangeText,
  subnetOf,
} from '../../test/oracle';
import type { Address, Family } from './address';
import { overlappingPairs, witnesses } from './overlap';
import { RESERVED } from './reserved';
import { Subnet } from './subnet';

const lists = families.chain((family) =>
  fc.array(fc.oneof({ weight: 3, arbitrary: crowdedRanges(family) }, rangesOf(family)), { maxLength: 40 }),
);
const mixedLists = fc.tuple(lists, lists).map(([a, b]) => [...a, ...b]);

describe('overlapping pairs', () => {
  test('are the same as from comparing every pair, with the containing subnet first', () => {
    fc.assert(
      fc.property(mixedLists, (list) => {
        const items = list.map((range, id) => ({ id, range, subnet: subnetOf(range) }));
        const expected = items.flatMap((a) =>
          items
            .filter((b) => a.id < b.id && (holds(a.range, b.range) || holds(b.range, a.range)))
            .map((b) => [a.id, b.id].join()),
        );
        const pairs = overlappingPairs(items);
        expect(pairs.map(([a, b]) => [a.id, b.id].sort((x, y) => x - y).join()).sort()).toEqual(expected.sort());
        expect(pairs.every(([outer, inner]) => holds(outer.range, inner.range))).toBe(true);
      }),
    );
  });

  test('of many disjoint subnets are none, and this is found quickly', () => {
    const items = Array.from({ length: 20_000 }, (_, i) => ({ subnet: Subnet.parse(`10.${i >> 8}.${i & 255}.0/24`) }));
    expect(cpuSeconds(() => expect(overlappingPairs(items)).toEqual([]))).toBeLessThan(1);
  });
});

describe('the witness', () => {
  const reserved = RESERVED.map(({ subnet }) => rangeOf(subnet));

  test('is an address whose longest prefix match is exactly that subnet', () => {
    fc.assert(
      fc.property(mixedLists, (list) => {
        const found = witnesses(list.map(subnetOf));
        expect(found.size).toBe(new Set(list.map(rangeText)).size);
        for (const range of list) {
          const witness = found.get(`${subnetOf(range)}`);
          if (witness !== undefined) expect(rangeText(longestMatch(list, witness) as Range)).toBe(rangeText(range));
        }
      }),
    );
  });

  test('is missing only if longer prefixes and reserved ranges leave no address', () => {
    fc.assert(
      fc.property(mixedLists, (list) => {
        const found = witnesses(list.map(subnetOf));
        for (const range of list) {
          const longer = [...list, ...reserved].filter((r) => holds(range, r) && r.prefixLength > range.prefixLength);
          const isFree = countCovered(longer) < range.last - range.first + 1n;
          expect(found.get(`${subnetOf(range)}`) !== undefined).toBe(isFree);
        }
      }),
    );
  });

  test('of an empty list is empty', () => expect(witnesses([]).size).toBe(0));

  test.each<[string, string[], string | undefined]>([
    ['10.0.0.0/8', [], '10.0.0.0'],
    ['10.0.0.0/8', ['10.0.0.0/16', '10.1.0.0/24'], '10.1.1.0'],
    ['10.0.0.0/31', ['10.0.0.0/32', '10.0.0.1/32'], undefined],
    ['0.0.0.0/0', [], '1.0.0.0'],
    ['0.0.0.0/0', ['1.0.0.0/8', '2.0.0.0/7', '4.0.0.0/6', '8.0.0.0/5', '16.0.0.0/4', '32.0.0.0/3'], '64.0.0.0'],
    ['0.0.0.0/0', ['0.0.0.0/1'], '128.0.0.0'],
    ['::/0', [], '::2'],
  ])('of %s beside %j is %s, never an address that the kernel answers itself', (subnet, others, witness) => {
    const found = witnesses([subnet, ...others].map((text) => Subnet.parse(text)));
    expect(found.get(subnet)?.toString()).toBe(witness);
  });
});

/** A longest prefix match without a trie. */
function longestMatch(fib: readonly Range[], address: Address): Range | undefined {
  const { family } = address as { family: Family };
  const value = numberOf(address);
  return fib
    .filter((range) => holds(range, { family, first: value, last: value }))
    .reduce<Range | undefined>(
      (best, range) => (best && best.prefixLength >= range.prefixLength ? best : range),
      undefined,
    );
}

/** The number of addresses that at least one of the ranges contains; all ranges have the same family. */
function countCovered(ranges: readonly Range[]): bigint {
  let covered = 0n;
  let next = 0n;
  for (const { first, last } of [...ranges].sort((a, b) => Number(a.first > b.first) - Number(a.first < b.first))) {
    const from = first > next ? first : next;
    if (last < from) continue;
    covered += last - from + 1n;
    next = last + 1n;
  }
  return covered;
}
