import { MAIN_TABLE, type Route, type RouteList, routeKey } from '../../network';
import type { Stable } from '../stable';

/** What the copies depend on. */
type CopyInputs = { readonly list: Stable<RouteList>; readonly tables: Stable<readonly number[]> };

/** The list plus a copy of each main-table route in the other tables, unless the list itself has a route there. */
export function withCopies({ list, tables }: CopyInputs): RouteList {
  if (tables.length === 0) return list;
  const listed = new Set(list.routes.map(routeKey));
  const inMain = list.routes.filter(({ table }) => table === MAIN_TABLE);
  const copies = tables.flatMap((table) => inMain.map((route): Route => ({ ...route, table })));
  return { ...list, routes: [...list.routes, ...copies.filter((copy) => !listed.has(routeKey(copy)))] };
}
