/**
 * Decides whether a change made targets unreachable for the node. Each check is a small sample: one address may have
 * several servers behind it, of which a connection reaches a random one, and networks lose packets without any change.
 * Fisher's exact test therefore compares the samples before the change, with it, and after it was undone, never single
 * connections.
 */

/** The results of several connections to one target; see Answer. */
export interface Tally {
  readonly answered: number;
  readonly refused: number;
  readonly lost: number;
}

export const NONE: Tally = { answered: 0, refused: 0, lost: 0 };

/** Significance level at which more losses than before justify a rollback. */
const SUSPICION = 0.3;
/** Significance level at which more losses with the change than without it count as caused by the change. */
const PROOF = 0.05;

export function sum(...tallies: readonly Tally[]): Tally {
  return tallies.reduce((one, other) => ({
    answered: one.answered + other.answered,
    refused: one.refused + other.refused,
    lost: one.lost + other.lost,
  }));
}

const size = ({ answered, refused, lost }: Tally): number => answered + refused + lost;

/**
 * The probability that at least this many of all losses fall into the second sample by chance if both have the same
 * cause: Fisher's exact test, one-sided.
 */
export function chance(first: Tally, second: Tally): number {
  const losses = first.lost + second.lost;
  const all = size(first) + size(second);
  let likelihood = 0;
  for (let k = second.lost; k <= Math.min(losses, size(second)); k++)
    likelihood += (choose(losses, k) * choose(all - losses, size(second) - k)) / choose(all, size(second));
  return Math.min(1, likelihood);
}

function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

/** Whether a larger share was lost than before, or nothing was answered. If so, the check is repeated. */
export function isDoubtful(before: Tally, after: Tally): boolean {
  return after.answered === 0 || after.lost * size(before) > before.lost * size(after);
}

/**
 * Whether the target is lost: both checks after the change got no answer, or both lost significantly more than before.
 * Connections that are refused or reset do not count as losses.
 */
export function isGone(before: Tally, first: Tally, again: Tally): boolean {
  const after = sum(first, again);
  if (after.answered === 0) return true;
  return isDoubtful(before, first) && isDoubtful(before, again) && chance(before, after) <= SUSPICION;
}

/** Whether the change was the cause: significantly more was lost with it than without it, both before and after. */
export function isCause(before: Tally, changed: Tally, undone: Tally): boolean {
  const isBack = undone.answered > 0 && chance(before, undone) > SUSPICION;
  return isBack && chance(before, changed) <= SUSPICION && chance(sum(before, undone), changed) <= PROOF;
}
