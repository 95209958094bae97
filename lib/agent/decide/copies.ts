import { type Route, type RouteList, routeKey } from '../../network';
import { RT_TABLE_MAIN } from '../netlink/constants';

/** The list with a copy of each route of the main table in other tables too, unless the list has one there itself. */
export function withCopies(list: RouteList, tables: readonly number[]): RouteList {
  if (tables.length === 0) return list;
  const listed = new Set(list.routes.map(routeKey));
  const inMain = list.routes.filter(({ table }) => table === RT_TABLE_MAIN);
  const copies = tables.flatMap((table) => inMain.map((route): Route => ({ ...route, table })));
  return { ...list, routes: [...list.routes, ...copies.filter((copy) => !listed.has(routeKey(copy)))] };
}
