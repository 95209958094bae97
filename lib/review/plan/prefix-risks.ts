import { overlappingPairs, type Route, Subnet } from '../../network';
import { type Pool, wayOf } from './pool';
import { type Risk, warning } from './risk';
import type { PoolPlan } from './types';

const MOST_TOLD = 5;

/**
 * Overlapping prefixes of which at least one is new or moves. The longer prefix wins (RFC 1812, 5.2.4.3), so a reviewer
 * who reads only the new line cannot know where its packets go.
 */
export function prefixRisks({ name, routes }: PoolPlan, pool: Pool): Risk[] {
  const fresh = new Set(routes.added.map(({ subnet }) => subnet));
  const moved = new Set(routes.moved.map(({ subnet }) => subnet));
  const isTouched = ({ subnet }: Route) => fresh.has(`${subnet}`) || moved.has(`${subnet}`);
  const adjective = ({ subnet }: Route) =>
    fresh.has(`${subnet}`) ? 'new' : moved.has(`${subnet}`) ? 'moved' : 'present';
  const swallowing = [...byTable(pool.routes).values()]
    .flatMap((list) => overlappingPairs(list))
    .filter(([outer, inner]) => !outer.subnet.equals(inner.subnet) && (isTouched(outer) || isTouched(inner)))
    .map(([outer, inner]) => {
      const [wide, narrow] = [wayOf(outer, pool), wayOf(inner, pool)];
      const what = `the ${adjective(outer)} \`${outer.subnet}\` contains the ${adjective(inner)} \`${inner.subnet}\``;
      if (wide === narrow) return `${what}; both are routed the same way`;
      return `${what}, which goes \`${narrow}\` and not \`${wide}\`, because the longer prefix wins`;
    });
  return bounded(
    [
      ...swallowing,
      ...uncovered(
        routes.removed.map(({ subnet }) => subnet),
        pool,
      ),
    ],
    name,
  );
}

/** Removed routes whose addresses another route covers. */
function uncovered(removed: readonly string[], pool: Pool): string[] {
  const still = new Set(pool.routes.map(({ subnet }) => `${subnet}`));
  const gone = removed
    .filter((text) => !still.has(text))
    .map((text) => ({ subnet: Subnet.parse(text), route: undefined }));
  if (gone.length === 0) return [];
  const stays = pool.routes.map((route) => ({ subnet: route.subnet, route }));
  const takers = new Map<string, Route>(); // the innermost subnet is set last
  for (const [outer, inner] of overlappingPairs<{ subnet: Subnet; route: Route | undefined }>([...gone, ...stays]))
    if (inner.route === undefined && outer.route !== undefined) takers.set(`${inner.subnet}`, outer.route);
  return [...takers].map(
    ([subnet, taker]) =>
      `the removed \`${subnet}\` is part of \`${taker.subnet}\`: its packets then go \`${wayOf(taker, pool)}\``,
  );
}

function bounded(texts: readonly string[], pool: string): Risk[] {
  const shown =
    texts.length <= MOST_TOLD
      ? texts
      : [...texts.slice(0, MOST_TOLD), `… and ${texts.length - MOST_TOLD} more prefixes like these`];
  return shown.map((text) => warning(`pool \`${pool}\`: ${text}`));
}

function byTable(routes: readonly Route[]): Map<number, Route[]> {
  const tables = new Map<number, Route[]>();
  for (const route of routes) {
    const list = tables.get(route.table) ?? [];
    list.push(route);
    tables.set(route.table, list);
  }
  return tables;
}
