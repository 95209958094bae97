import fc from 'fast-check';
import { routeKey } from '../../network';
import { families, rangesOf, subnetOf } from '../../network/oracle';
import { identityOf } from './identity';

const u32s = fc.oneof(fc.constantFrom(0, 1, 254, 255, 0xffff, 0x10000, 0xffffffff), fc.nat({ max: 0xffffffff }));
const routes = families.chain((family) =>
  fc.record({ subnet: rangesOf(family).map(subnetOf), table: u32s, metric: u32s }),
);

test('routes have the same identity exactly when they have the same key', () => {
  fc.assert(
    fc.property(routes, routes, fc.boolean(), (a, other, sameSubnet) => {
      const b = sameSubnet ? { ...other, subnet: a.subnet } : other;
      expect(identityOf(a) === identityOf(b)).toBe(routeKey(a) === routeKey(b));
      expect(identityOf({ ...a })).toBe(identityOf(a));
    }),
  );
});

test.each([
  ['table', { table: 1, metric: 0 }, { table: 0, metric: 1 }],
  ['large table', { table: 0x10001, metric: 0 }, { table: 1, metric: 0 }],
  ['large metric', { table: 254, metric: 0xffffffff }, { table: 254, metric: 0xffff }],
])('a route of another %s is another one', (_, one, other) => {
  const subnet = subnetOf({ family: 4, first: 0n, last: 255n, prefixLength: 24 });
  expect(identityOf({ subnet, ...one })).not.toBe(identityOf({ subnet, ...other }));
});
