import { MAIN_TABLE, type Route, type RouteList, routeKey } from '../../network';
import type { Stable } from '../stable';

/** What the copies depend on. */
type CopyInputs = { readonly list: Stable<RouteList>; readonly tables: Stable<readonly number[]> };

/** The list with a copy of each route of the main table in other tables too, unless the list has one there itself. */
export function withCopies({ list, tables }: CopyInputs): RouteList {
  if (tables.length === 0) return list;
  const listed = new Set(list.routes.map(routeKey));
  const inMain = list.routes.filter(({ table }) => table === MAIN_TABLE);
  const copies = tables.flatMap((table) => inMain.map((route): Route => ({ ...route, table })));
  return { ...list, routes: [...list.routes, ...copies.filter((copy) => !listed.has(routeKey(copy)))] };
}
