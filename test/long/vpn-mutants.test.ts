import { KINDS, mutantOf } from './vpn-mutants';
import { randomOf, randomSite } from './vpn-sites';

test('every kind of error has a place in some random site, and changes one file there', () => {
  const sites = Array.from({ length: 8 }, (_, seed) => ({ random: randomOf(seed), site: randomSite(randomOf(seed)) }));
  const kinds = KINDS.filter((kind) =>
    sites.some(({ site, random }) => {
      const mutant = mutantOf(site, kind, random);
      return mutant !== undefined && mutant.text !== site.tree.get(mutant.path);
    }),
  );
  expect(kinds).toEqual(KINDS);
});
