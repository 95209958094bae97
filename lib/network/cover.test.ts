import fc from 'fast-check';
import { Address } from './address';
import { Cover } from './cover';
import { Subnet } from './subnet';

const subnets = fc
  .tuple(fc.constantFrom<4 | 6>(4, 6), fc.integer(), fc.nat({ max: 32 }))
  .map(([family, word, length]) =>
    Subnet.around(new Address(family, word & 0xc00f, family === 4 ? [] : [0, 0, 0]), length),
  );

test('agrees with a comparison against every subnet', () => {
  fc.assert(
    fc.property(fc.array(subnets, { maxLength: 12 }), subnets, (all, other) => {
      const cover = new Cover(all);
      expect(cover.overlaps(other)).toBe(all.some((each) => each.overlaps(other)));
      expect(cover.contains(other)).toBe(all.some((each) => each.contains(other)));
      expect(cover.contains(other.last)).toBe(all.some((each) => each.contains(other.last)));
    }),
    { numRuns: 1000 },
  );
});
