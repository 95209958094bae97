import { type Address, Cover, MAIN_TABLE, routeKey, type Subnet, witnesses } from '../../network';
import type { Answer, KernelRoute, LookupQuestion, Snapshot } from '../kernel/types';
import { answerText, routeOf } from './answer';
import type { Destination } from './destinations';
import { findMoreSpecific, findTaken, type MoreSpecific, type Taken } from './more-specific';
import { NodeSources } from './node-sources';
import type { Asked } from './pods';
import type { ResolvedRoute } from './resolve';
import { hopsOf, sameWay } from './route-hops';
import { leadsToMain } from './rules';

/** The FIB lookups for routes, and what is needed to interpret their answers. */
export interface Verification {
  /** The routes that are asked about, one for each of the first questions. */
  readonly asked: readonly ResolvedRoute[];
  /** Entries inside their subnets, which the other questions are about. */
  readonly moreSpecific: MoreSpecific;
  readonly questions: readonly LookupQuestion[];
  /** Subnets, as text, that foreign routes cover completely. */
  readonly taken: readonly string[];
  /** Foreign routes in the main table that are more specific than the listed subnets or equal to them. */
  readonly others: readonly KernelRoute[];
  /** Whether an entry is another listed one of ours, of the same subnet and another metric. */
  readonly isSibling: (winner: KernelRoute, metric: number) => boolean;
}

/**
 * Asks the FIB whether routes are effective. Being present is not enough, because a rule, another table or another
 * metric may win. Only routes of the main table are checked, because plain lookups do not find those of other tables.
 * The address looked up is one that no longer prefix covers, ours or foreign, if possible in any table.
 * @param isOurs whether a route is ours.
 * @param destinations addresses to look up as well.
 */
export function verificationOf(
  resolved: readonly ResolvedRoute[],
  snapshot: Snapshot,
  isOurs: (route: KernelRoute) => boolean,
  destinations: readonly Destination[] = [],
): Verification {
  const { routes, rules, nexthops } = snapshot;
  const sources = new NodeSources(snapshot);
  const inMain = resolved.filter(({ route }) => route.table === MAIN_TABLE);
  const listed = inMain.map(({ route }) => route.subnet);
  const cover = new Cover(listed);
  const entries = routes.filter((route) => !isOurs(route) && cover.contains(route.subnet));
  const others = entries.filter(({ table }) => table === MAIN_TABLE);
  const inRules = rules.filter(({ destination }) => destination !== undefined && cover.contains(destination));
  const free = witnesses([...listed, ...subnetsOf(entries), ...inRules.flatMap(({ destination = [] }) => destination)]);
  let freeInMain: ReadonlyMap<string, Address | undefined> | undefined; // if other tables have entries for all of it
  const addressIn = (subnet: string) => {
    const address = free.get(subnet);
    if (address !== undefined) return address;
    freeInMain ??= witnesses([...listed, ...subnetsOf(others)]);
    return freeInMain.get(subnet);
  };
  const asked: ResolvedRoute[] = [];
  const questions: LookupQuestion[] = [];
  for (const item of inMain) {
    const address = addressIn(`${item.route.subnet}`);
    if (address === undefined) continue;
    asked.push(item);
    questions.push(sources.question(item, address));
  }
  const own = asked.length < inMain.length ? [...witnesses(listed)] : [];
  const moreSpecific = findMoreSpecific(inMain, entries, inRules, destinations, free, nexthops);
  let identities: ReadonlySet<string> | undefined;
  const isListed = (winner: KernelRoute) => {
    identities ??= new Set(inMain.map(({ route }) => routeKey(route)));
    return identities.has(routeKey(winner));
  };
  return {
    asked,
    moreSpecific,
    questions: [
      ...questions,
      ...moreSpecific.asked.map(({ item, question }) => sources.question(item, question.address)),
    ],
    taken: own.flatMap(([subnet, address]) => (address && addressIn(subnet) === undefined ? [subnet] : [])),
    others,
    isSibling: (winner, metric) => isOurs(winner) && winner.metric !== metric && isListed(winner),
  };
}

const subnetsOf = (routes: readonly KernelRoute[]): Subnet[] => routes.map(({ subnet }) => subnet);

/** The lookup results of routes, by subnet. */
export interface LookupResults extends Taken {
  /** For each route that loses, what wins. */
  readonly shadowed: ReadonlyMap<string, string>;
}

/** @param answers the FIB's for each question. */
export function readLookups(
  verification: Verification,
  answers: readonly (Answer | undefined)[],
  snapshot: Snapshot,
): LookupResults {
  const { asked, moreSpecific, taken, questions } = verification;
  const wins = winsIn(verification, snapshot);
  const shadowed = new Map(
    taken.map((subnet) => [subnet, 'more specific routes of other programs, which take all of it']),
  );
  asked.forEach((item, i) => {
    if (wins(item, answers[i])) return;
    const { address, source } = questions[i] as LookupQuestion;
    const from = source === undefined ? '' : ` for packets from ${source}`;
    shadowed.set(`${item.route.subnet}`, `${answerText(answers[i], address, snapshot)}${from}`);
  });
  return { shadowed, ...findTaken(moreSpecific, answers.slice(asked.length), wins, snapshot) };
}

/** Returns whether an answer is a route's own, or equivalent. */
export function winsIn({ isSibling, others }: Verification, snapshot: Snapshot) {
  return (item: ResolvedRoute, answer: Answer | undefined): boolean =>
    item.route.subnet.family === 4
      ? winsIPv4(item, routeOf(answer), isSibling, snapshot)
      : winsIPv6(item, answer, others, snapshot);
}

/** What packets from pods must also find: every route and every destination. */
export function askedFor({ asked, moreSpecific, questions }: Verification): Asked[] {
  const ofRoutes = asked.map((item, i) => ({ item, question: questions[i] as LookupQuestion }));
  return [...ofRoutes, ...moreSpecific.asked.filter(({ destination }) => destination !== undefined)];
}

/**
 * The answer is the FIB entry itself (RTM_F_FIB_MATCH). If several listed routes have the same subnet, all but one are
 * on standby. Otherwise, what counts is where the entry leads: an entry of ours that leads elsewhere proves nothing,
 * and a foreign one that takes the same way is equivalent.
 */
function winsIPv4(
  { route, way: { hops, members = hops } }: ResolvedRoute,
  winner: KernelRoute | undefined,
  isSibling: Verification['isSibling'],
  { nexthops }: Pick<Snapshot, 'nexthops'>,
): boolean {
  if (winner === undefined || !winner.subnet.equals(route.subnet)) return false;
  if (winner.table === route.table && isSibling(winner, route.metric)) return true;
  const taken = hopsOf(winner, nexthops);
  return sameWay(taken, hops) || sameWay(taken, members);
}

/**
 * IPv6 routes with the same nexthop object share the kernel's cached lookup result, which is filled from whichever
 * route came first. A FIB match may therefore name a sibling route, and after that route is deleted, lookups return
 * ENETUNREACH although packets flow (docs/decisions). The way in a plain answer is correct, so it counts; without an
 * answer, the tables must suffice.
 */
function winsIPv6(
  { route, way: { hops, members = hops } }: ResolvedRoute,
  answer: Answer | undefined,
  others: readonly KernelRoute[],
  { nexthops, rules }: Pick<Snapshot, 'nexthops' | 'rules'>,
): boolean {
  const winner = routeOf(answer);
  if (winner === undefined) {
    const isBeaten = others.some(({ subnet, metric }) => subnet.equals(route.subnet) && metric < route.metric);
    return answer === 'ENETUNREACH' && leadsToMain(rules, 6) && !isBeaten;
  }
  const taken = hopsOf(winner, nexthops);
  return taken.length > 0 && taken.every((hop) => members.some((wanted) => sameWay([hop], [wanted])));
}
