/** Something before and after the change; one of the two is missing if it is new or removed. */
export interface Pair<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** From here on two things of different names are the same one renamed. */
const ALIKE = 0.5;

/**
 * Pairs things by name first, then what is left by likeness, best first, so that what was renamed is not taken for gone
 * and new. Everything occurs once; the order is that of the names.
 * @param likeness from 0 to 1.
 */
export function pairUp<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  likeness: (before: T, after: T) => number,
): Pair<T>[] {
  const pairs = new Map<string, Pair<T>>();
  const gone: string[] = [];
  for (const [name, one] of before) {
    if (after.has(name)) pairs.set(name, { before: one, after: after.get(name) });
    else gone.push(name);
  }
  const fresh = [...after.keys()].filter((name) => !before.has(name));
  const candidates = gone
    .flatMap((from) => fresh.map((to) => ({ from, to, score: likeness(before.get(from) as T, after.get(to) as T) })))
    .filter(({ score }) => score >= ALIKE)
    .sort((a, b) => b.score - a.score || compareText(a.from, b.from) || compareText(a.to, b.to));
  const taken = new Set<string>();
  for (const { from, to } of candidates) {
    if (taken.has(`from ${from}`) || taken.has(`to ${to}`)) continue;
    taken.add(`from ${from}`).add(`to ${to}`);
    pairs.set(to, { before: before.get(from), after: after.get(to) });
  }
  for (const name of gone)
    if (!taken.has(`from ${name}`)) pairs.set(name, { before: before.get(name), after: undefined });
  for (const name of fresh)
    if (!taken.has(`to ${name}`)) pairs.set(name, { before: undefined, after: after.get(name) });
  return [...pairs].sort(([a], [b]) => compareText(a, b)).map(([, pair]) => pair);
}

/** Shared ones among all: 1 for the same sets, 0 for disjoint ones, and for two empty ones 0: they say nothing. */
export function overlapOf(a: Iterable<string>, b: Iterable<string>): number {
  const first = new Set(a);
  const second = new Set(b);
  const shared = [...first].filter((one) => second.has(one)).length;
  const all = first.size + second.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** By code units, the same in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
