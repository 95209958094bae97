/** The same thing before and after the change; one side is missing if it was added or removed. */
export interface Pair<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** From this likeness on, two things with different names are taken as one that was renamed. */
const ALIKE = 0.5;

/**
 * Pairs things by name first, then the rest by likeness, best match first, so that a renamed thing is not reported as
 * removed and added. Everything occurs once, ordered by name.
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

/** Jaccard similarity: 1 for equal sets, 0 for disjoint sets, and 0 for two empty sets, which give no evidence. */
export function overlapOf(a: Iterable<string>, b: Iterable<string>): number {
  const first = new Set(a);
  const second = new Set(b);
  const shared = [...first].filter((one) => second.has(one)).length;
  const all = first.size + second.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** Compares by code units, so that the order is the same in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
