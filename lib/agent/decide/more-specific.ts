import { type Address, bitsOf, Cover, MAIN_TABLE, Subnet } from '../../network';
import type { Answer, KernelRoute, LookupQuestion, Rule, Snapshot } from '../kernel/types';
import { RT_TABLE_LOCAL } from '../netlink/constants';
import { answerText, routeOf } from './answer';
import type { Destination } from './destinations';
import type { ResolvedRoute } from './resolve';
import { hopsOf, routeText, sameWay } from './route-hops';

/** Entries inside a listed subnet, or equal to it. */
interface Asked {
  readonly item: ResolvedRoute;
  readonly question: LookupQuestion;
  readonly entry?: KernelRoute;
  readonly destination?: Destination;
}

export interface MoreSpecific {
  /** Foreign entries in the main table, by listed subnet: the longest prefix wins, so each takes its part. */
  readonly parts: ReadonlyMap<string, readonly KernelRoute[]>;
  /** What only the FIB can answer: entries of tables that a rule may lead to first, and the destinations. */
  readonly asked: readonly Asked[];
}

interface Item {
  readonly subnet: Subnet;
  readonly listed?: ResolvedRoute;
  readonly entry?: KernelRoute;
  readonly destination?: Destination;
}

/** Another routing daemon may have thousands of entries in its own tables. */
const MOST_ASKED = 256;
const MOST_NAMED = 3;

/**
 * @param listed routes of the main table.
 * @param entries foreign entries inside their subnets, of all tables.
 * @param rules rules whose destinations lie inside their subnets.
 * @param free an address of each subnet that no other entry covers.
 */
export function findMoreSpecific(
  listed: readonly ResolvedRoute[],
  entries: readonly KernelRoute[],
  rules: readonly Rule[],
  destinations: readonly Destination[],
  free: ReadonlyMap<string, Address | undefined>,
  nexthops: Snapshot['nexthops'],
): MoreSpecific {
  const inner: Item[] = [
    ...entries.filter(({ qualified }) => !qualified).map((entry) => ({ subnet: entry.subnet, entry })),
    ...rules.flatMap(({ destination }) => (destination === undefined ? [] : { subnet: destination })),
    ...destinations.map((destination) => ({
      subnet: new Subnet(destination.address, bitsOf(destination.address.family)),
      destination,
    })),
  ];
  const parts = new Map<string, KernelRoute[]>();
  const asked: Asked[] = [];
  // Lists are long, and most contain no such entries.
  if (inner.length === 0) return { parts, asked };
  const cover = new Cover(inner.map(({ subnet }) => subnet));
  const around = listed.filter(({ route }) => cover.overlaps(route.subnet));
  const items: Item[] = [...around.map((item) => ({ subnet: item.route.subnet, listed: item })), ...inner];
  sweep(items, ({ subnet, entry, destination }, item) => {
    if (destination !== undefined) asked.push({ item, destination, question: { address: destination.address } });
    else if (entry !== undefined && sameWay(hopsOf(entry, nexthops), item.way.members ?? item.way.hops)) return;
    else if (entry?.table === MAIN_TABLE) {
      const key = `${item.route.subnet}`;
      parts.set(key, [...(parts.get(key) ?? []), entry]);
    } else {
      const address = free.get(`${subnet}`);
      if (address !== undefined && asked.length < MOST_ASKED)
        asked.push({ item, question: { address }, ...(entry && { entry }) });
    }
  });
  return { parts, asked };
}

/** Calls `take` for entries inside a listed subnet, but only for the outermost ones of each table. */
function sweep(items: readonly Item[], take: (inner: Item, listed: ResolvedRoute) => void): void {
  const open: Item[] = [];
  for (const item of [...items].sort((a, b) => a.subnet.compare(b.subnet))) {
    while (open.length > 0 && !(open.at(-1) as Item).subnet.contains(item.subnet)) open.pop();
    const around = open.findLast((each) => each.listed !== undefined || hides(each, item));
    if (around?.listed !== undefined && (item.destination !== undefined || !around.subnet.equals(item.subnet)))
      if (item.listed === undefined) take(item, around.listed);
    if (item.destination === undefined) open.push(item);
  }
}

/** Whether an entry inside another one is irrelevant: packets do not get that far. */
function hides({ entry: outer }: Item, { entry: inner, destination }: Item): boolean {
  return (
    destination === undefined && outer !== undefined && (outer.table === MAIN_TABLE || outer.table === inner?.table)
  );
}

export interface Taken {
  /** Descriptions of what takes parts of a listed subnet, by subnet. */
  readonly parts: ReadonlyMap<string, string>;
  /** Reasons why destinations are taken, by subnet. */
  readonly destinations: ReadonlyMap<string, string>;
}

/**
 * @param answers one for each question.
 * @param wins whether an answer is the route's own, or equivalent.
 */
export function findTaken(
  { parts, asked }: MoreSpecific,
  answers: readonly (Answer | undefined)[],
  wins: (item: ResolvedRoute, answer: Answer | undefined) => boolean,
  snapshot: Snapshot,
): Taken {
  const texts = new Map([...parts].map(([key, entries]) => [key, entries.map((entry) => partText(entry, snapshot))]));
  const destinations = new Map<string, string>();
  asked.forEach(({ item, question, entry, destination }, i) => {
    const answer = answers[i];
    if (wins(item, answer)) return;
    const key = `${item.route.subnet}`;
    const winner = question.address.family === 4 ? (routeOf(answer) ?? entry) : (entry ?? routeOf(answer));
    const text = winner === undefined ? answerText(answer, question.address, snapshot) : partText(winner, snapshot);
    if (destination === undefined) texts.set(key, [...(texts.get(key) ?? []), text]);
    else if (!destinations.has(key))
      destinations.set(key, `a lookup of ${destination.address}, ${destination.what}, finds ${text}`);
  });
  return { parts: new Map([...texts].map(([key, all]) => [key, partsText([...new Set(all)])])), destinations };
}

function partText(entry: KernelRoute, snapshot: Snapshot): string {
  const isPlain = entry.table === MAIN_TABLE || entry.table === RT_TABLE_LOCAL;
  return `${routeText(entry, snapshot)}${isPlain ? '' : ` in table ${entry.table}`}`;
}

function partsText(texts: readonly string[]): string {
  if (texts.length === 1) return `${texts[0]} takes a part`;
  const named = texts.slice(0, MOST_NAMED);
  const more = texts.length - named.length;
  const all =
    more === 0 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)}` : `${named.join(', ')} and ${more} more`;
  return `${all} take parts`;
}
