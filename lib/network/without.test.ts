import fc from 'fast-check';
import {
  addressOf,
  crowdedRanges,
  families,
  holds,
  type Range,
  rangeOf,
  rangePairs,
  ranges,
  subnetOf,
} from '../../test/oracle';
import { Subnet } from './subnet';
import { halvesOf, without, withoutAll } from './without';

const size = ({ first, last }: Range) => last - first + 1n;

test('returns the lower and the upper half of a subnet, and undefined for a single address', () => {
  fc.assert(
    fc.property(ranges, ({ family, first, last, prefixLength }) => {
      const halves = halvesOf(subnetOf({ family, first, last, prefixLength }));
      if (first === last) expect(halves).toBeUndefined();
      else {
        const middle = (first + last) / 2n;
        expect(halves?.map(rangeOf)).toEqual([
          { family, first, last: middle, prefixLength: prefixLength + 1 },
          { family, first: middle + 1n, last, prefixLength: prefixLength + 1 },
        ]);
      }
    }),
  );
});

describe('a subnet without another one', () => {
  test.each([
    ['10.0.0.0/30', '10.0.0.2/32', ['10.0.0.0/31', '10.0.0.3/32']],
    ['0.0.0.0/0', '128.0.0.0/1', ['0.0.0.0/1']],
    ['10.0.0.0/24', '10.0.0.0/8', []],
    ['10.0.0.0/24', '10.0.0.0/24', []],
    ['10.0.0.0/24', '10.0.1.0/24', ['10.0.0.0/24']],
    ['10.0.0.0/24', '::/0', ['10.0.0.0/24']],
  ])('%s without %s is %j', (whole, hole, rest) =>
    expect(without(Subnet.parse(whole), Subnet.parse(hole)).map(String)).toEqual(rest),
  );

  test('has all other addresses, in ascending order and in the fewest subnets', () => {
    fc.assert(
      fc.property(rangePairs, ([whole, hole]) => {
        const rest = without(subnetOf(whole), subnetOf(hole)).map(rangeOf);
        const removed = holds(whole, hole) ? size(hole) : holds(hole, whole) ? size(whole) : 0n;
        expect(rest.reduce((sum, part) => sum + size(part), 0n)).toBe(size(whole) - removed);
        expect(rest.every((part) => holds(whole, part) && !holds(hole, part) && !holds(part, hole))).toBe(true);
        expect(rest.slice(1).every((part, i) => part.first > (rest[i] as Range).last)).toBe(true);
        // With one hole, each missing bit of the prefix costs one subnet, and no two of these can be merged, because
        // their sizes differ.
        expect(new Set(rest.map((part) => part.prefixLength)).size).toBe(rest.length);
      }),
      { numRuns: 500 },
    );
  });

  test('misses no address of a small subnet', () => {
    const pairs = families.chain((family) => fc.tuple(crowdedRanges(family), crowdedRanges(family)));
    fc.assert(
      fc.property(pairs, ([whole, hole]) => {
        const rest = without(subnetOf(whole), subnetOf(hole));
        for (let value = whole.first; value <= whole.last; value++) {
          const expected = holds(hole, { ...whole, first: value, last: value }) ? 0 : 1;
          expect(rest.filter((part) => part.contains(addressOf(whole.family, value)))).toHaveLength(expected);
        }
      }),
    );
  });
});

test('removes many holes from many subnets, of either family', () => {
  const parse = (...texts: string[]) => texts.map((text) => Subnet.parse(text));
  const rest = withoutAll(
    parse('10.0.0.0/24', '10.0.2.0/24', 'fd00::/64'),
    parse('10.0.0.0/26', '10.0.0.128/25', '10.0.2.0/23', '::/0'),
  );
  expect(rest.map(String)).toEqual(['10.0.0.64/26']);
});
