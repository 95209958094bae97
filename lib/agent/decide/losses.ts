/**
 * Whether a change cost the node what it could reach. Each look is a small sample: behind one address there may be several
 * servers, of which a connection meets one by chance, and networks lose packets without any change. So the samples before
 * the change, with it, and after it was undone are compared by Fisher's exact test, never one connection with another.
 */

/** How so many connections to one target went; see Answer. */
export interface Tally {
  readonly answered: number;
  readonly refused: number;
  readonly lost: number;
}

export const NONE: Tally = { answered: 0, refused: 0, lost: 0 };

/** So unlikely by chance alone, more losses than before are reason enough to take a change back. */
const SUSPICION = 0.3;
/** So unlikely by chance alone, more losses with the change than without it are the fault of the change. */
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
 * How likely at least so many of all losses fall into the second sample by chance, if both have the same cause: Fisher's
 * exact test, one-sided.
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

/** Whether more was lost than before, by share, or nothing was answered: then the look is repeated. */
export function isDoubtful(before: Tally, after: Tally): boolean {
  return after.answered === 0 || after.lost * size(before) > before.lost * size(after);
}

/**
 * Whether the target is gone: nothing was answered in both looks after the change, or significantly more was lost than
 * before, in the second look as well as in the first. Connections that are refused or reset are no losses.
 */
export function isGone(before: Tally, first: Tally, again: Tally): boolean {
  const after = sum(first, again);
  if (after.answered === 0) return true;
  return isDoubtful(before, first) && isDoubtful(before, again) && chance(before, after) <= SUSPICION;
}

/** Whether the change was the cause: what was lost with it is significantly more than without it, before and after. */
export function isCause(before: Tally, changed: Tally, undone: Tally): boolean {
  const isBack = undone.answered > 0 && chance(before, undone) > SUSPICION;
  return isBack && chance(before, changed) <= SUSPICION && chance(sum(before, undone), changed) <= PROOF;
}
