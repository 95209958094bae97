import fc from 'fast-check';
import { addressOf, holds, type Range, rangeAround, rangeOf, subnetOf } from '../../test/oracle';
import { freeSubnet, PRIVATE_BLOCKS } from './free-range';
import { Subnet } from './subnet';

const BLOCKS = PRIVATE_BLOCKS.map((text) => Subnet.parse(text));

const subnets = (...texts: string[]) => texts.map((text) => Subnet.parse(text));

test.each<[number, string[], string | undefined]>([
  [24, [], '192.168.0.0/24'],
  [24, ['192.168.0.0/24', '192.168.1.0/24'], '192.168.2.0/24'],
  [24, ['192.168.0.128/25', '192.168.1.7/32'], '192.168.2.0/24'],
  [27, ['192.168.0.0/24'], '192.168.1.0/27'],
  [27, ['192.168.0.32/27'], '192.168.0.0/27'],
  [24, ['192.168.0.0/16'], '172.16.0.0/24'],
  [16, ['192.168.5.0/24', '172.16.0.0/13'], '172.24.0.0/16'],
  [12, ['192.168.0.0/16'], '172.16.0.0/12'],
  [9, ['10.1.0.0/16'], '10.128.0.0/9'],
  [8, ['10.1.0.0/16'], undefined],
  [7, [], undefined],
  [32, ['192.168.0.0/16', '172.16.0.0/12', '10.0.0.0/8'], undefined],
  [24, ['0.0.0.0/0'], undefined],
  [24, ['::/0'], '192.168.0.0/24'],
])('a free /%i beside %j is %s', (length, taken, free) => {
  expect(freeSubnet(length, subnets(...taken))?.toString()).toBe(free);
});

/** Ranges in and around private space, so crowded that there is often no room for a large one. */
const takenRanges = fc.array(
  fc
    .tuple(fc.constantFrom(...BLOCKS), fc.nat({ max: 0xffffff }), fc.integer({ min: 6, max: 32 }))
    .map(([block, offset, length]) => {
      const { first, last } = rangeOf(block);
      return rangeAround(4, first + (BigInt(offset) % (last - first + 1n)), length);
    }),
  { maxLength: 30 },
);

test('returns a private subnet of that length that overlaps nothing', () => {
  fc.assert(
    fc.property(takenRanges, fc.nat({ max: 32 }), (taken, length) => {
      const found = freeSubnet(length, taken.map(subnetOf));
      if (found === undefined) return;
      expect(found.prefixLength).toBe(length);
      expect(BLOCKS.some((block) => holds(rangeOf(block), rangeOf(found)))).toBe(true);
      for (const range of taken) expect(touch(range, rangeOf(found))).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('returns undefined only if every private subnet of that length is taken', () => {
  fc.assert(
    fc.property(takenRanges, fc.integer({ min: 7, max: 18 }), (taken, length) => {
      const found = freeSubnet(length, taken.map(subnetOf));
      const free = BLOCKS.map(rangeOf).some((block) =>
        subnetsIn(block, length).some((range) => !taken.some((other) => touch(range, other))),
      );
      expect(found !== undefined).toBe(free);
    }),
  );
});

/** Whether two ranges of numbers intersect, without using prefixes. */
function touch(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function subnetsIn(block: Range, length: number): Range[] {
  const size = 2n ** BigInt(32 - length);
  const all: Range[] = [];
  for (let first = block.first; first + size - 1n <= block.last; first += size)
    all.push(rangeOf(new Subnet(addressOf(4, first), length)));
  return all;
}
