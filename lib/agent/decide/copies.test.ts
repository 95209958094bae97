import { DEFAULT_RULES, readRouteList } from '../../network';
import { asStable } from '../stable';
import { withCopies } from './copies';

const list = readRouteList(
  ['192.168.0.0/24', { subnet: '192.168.1.0/24', table: 2 }, { subnet: '192.168.1.0/24', mtu: 1400 }],
  DEFAULT_RULES,
);
const texts = (tables: readonly number[]) =>
  withCopies({ list: asStable(list), tables: asStable(tables) }).routes.map(({ subnet, table, mtu }) =>
    `${subnet} ${table} ${mtu ?? ''}`.trim(),
  );

test('copies each route of the main table with its attributes, unless the list has a route there', () => {
  expect(texts([2, 7]).slice(3)).toEqual(['192.168.0.0/24 2', '192.168.0.0/24 7', '192.168.1.0/24 7 1400']);
});

test('returns the same list without tables', () =>
  expect(withCopies({ list: asStable(list), tables: asStable([]) })).toBe(list));
