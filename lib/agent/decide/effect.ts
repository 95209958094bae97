import { type Address, routeKey, witnesses } from '../../network';
import type { KernelRoute, LookupQuestion, Snapshot } from '../kernel/types';
import { RT_TABLE_MAIN } from '../netlink/constants';
import { hopsOf, routeDescription, sameWay } from './hops';
import type { ResolvedRoute } from './resolve';

/** What the FIB is asked about routes, and what is needed to understand its answers. */
export interface Proof {
  /** Those asked about, one for each question. */
  readonly asked: readonly ResolvedRoute[];
  readonly questions: readonly LookupQuestion[];
  /** Subnets, as text, of which routes of others take every address. */
  readonly taken: readonly string[];
  /** Other people's routes in the main table. */
  readonly others: readonly KernelRoute[];
  /** Whether an entry is ours and of that metric, or listed too. */
  readonly isExpected: (winner: KernelRoute, metric: number) => boolean;
}

/**
 * Asks the FIB whether routes are effective: present is not enough where a rule, another table or another metric wins.
 * Only the main table's are asked for, since plain lookups find nothing of others. The address asked for is one that
 * no longer prefix takes, ours or other people's.
 * @param isOurs tells our routes from other people's.
 */
export function proofOf(
  resolved: readonly ResolvedRoute[],
  routes: readonly KernelRoute[],
  isOurs: (route: KernelRoute) => boolean,
): Proof {
  const inMain = resolved.filter(({ route }) => route.table === RT_TABLE_MAIN);
  const others = routes.filter((route) => route.table === RT_TABLE_MAIN && !isOurs(route));
  const listed = inMain.map(({ route }) => route.subnet);
  const free = witnesses([...listed, ...others.map(({ subnet }) => subnet)]);
  const asked = inMain.filter(({ route }) => free.get(`${route.subnet}`) !== undefined);
  const own = asked.length < inMain.length ? [...witnesses(listed)] : [];
  let identities: ReadonlySet<string> | undefined;
  const isListed = (winner: KernelRoute) => {
    identities ??= new Set(inMain.map(({ route }) => routeKey(route)));
    return identities.has(routeKey(winner));
  };
  return {
    asked,
    questions: asked.map(({ route }) => ({ address: free.get(`${route.subnet}`) as Address })),
    taken: own.flatMap(([subnet, address]) => (address && free.get(subnet) === undefined ? [subnet] : [])),
    others,
    isExpected: (winner, metric) => isOurs(winner) && (winner.metric === metric || isListed(winner)),
  };
}

/**
 * @param answers the FIB's for each question; undefined for none.
 * @returns for each route that loses, what wins, by the route's subnet.
 */
export function findShadowed(
  { asked, taken, others, isExpected }: Proof,
  answers: readonly (KernelRoute | undefined)[],
  snapshot: Pick<Snapshot, 'nexthops' | 'links'>,
): Map<string, string> {
  const shadowed = new Map(taken.map((subnet) => [subnet, 'routes of others inside it, which take all of it']));
  asked.forEach((way, i) => {
    const winner = answers[i];
    const { route } = way;
    const isEffective =
      route.subnet.family === 4 ? winsIPv4(way, winner, isExpected, snapshot) : winsIPv6(way, winner, others, snapshot);
    if (!isEffective)
      shadowed.set(`${route.subnet}`, winner === undefined ? 'no route' : routeDescription(winner, snapshot));
  });
  return shadowed;
}

/**
 * The answer is the FIB entry itself (RTM_F_FIB_MATCH). Of several listed routes of one subnet the others stand by;
 * somebody else's that goes the same way is as good.
 */
function winsIPv4(
  { route, way: { hops, members = hops } }: ResolvedRoute,
  winner: KernelRoute | undefined,
  isExpected: Proof['isExpected'],
  { nexthops }: Pick<Snapshot, 'nexthops'>,
): boolean {
  if (winner === undefined || !winner.subnet.equals(route.subnet)) return false;
  if (winner.table === route.table && isExpected(winner, route.metric)) return true;
  const taken = hopsOf(winner, nexthops);
  return sameWay(taken, hops) || sameWay(taken, members);
}

/**
 * IPv6 routes of one nexthop object share the kernel's cached lookup result, and an answer is filled in from whichever
 * route came first: a FIB match may name a neighbour, and ENETUNREACH comes once that neighbour is deleted, while
 * packets flow (docs/decisions). The way in a plain answer is right, so that is what counts; without an answer the
 * tables have to do.
 */
function winsIPv6(
  { route, way: { hops, members = hops } }: ResolvedRoute,
  winner: KernelRoute | undefined,
  others: readonly KernelRoute[],
  { nexthops }: Pick<Snapshot, 'nexthops'>,
): boolean {
  if (winner === undefined)
    return !others.some(({ subnet, metric }) => subnet.equals(route.subnet) && metric < route.metric);
  const taken = hopsOf(winner, nexthops);
  return taken.length > 0 && taken.every((hop) => members.some((wanted) => sameWay([hop], [wanted])));
}
