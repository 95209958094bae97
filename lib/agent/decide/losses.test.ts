import fc from 'fast-check';
import { chance, isCause, isDoubtful, isGone, NONE, sum, type Tally } from './losses';

/** The given number of connections, of which some were lost; the others were answered. */
const lost = (count: number, of: number): Tally => ({ answered: of - count, refused: 0, lost: count });

const tally = (most: number) =>
  fc
    .record({ answered: fc.nat(most), refused: fc.nat(most), lost: fc.nat(most) })
    .filter(({ answered, refused, lost }) => answered + refused + lost <= most);

/**
 * By definition: of all ways to divide the same outcomes between the two samples, those with as many losses in the
 * second.
 */
function chanceByCounting(first: Tally, second: Tally): number {
  const outcomes = [first, second].flatMap(({ answered, refused, lost }) => [
    ...Array(answered + refused).fill(0),
    ...Array(lost).fill(1),
  ]) as number[];
  const size = second.answered + second.refused + second.lost;
  let [ways, asMany] = [0, 0];
  for (let dealt = 0; dealt < 2 ** outcomes.length; dealt++) {
    const chosen = outcomes.filter((_, i) => ((dealt >> i) & 1) === 1);
    if (chosen.length !== size) continue;
    ways++;
    if (chosen.filter((isLost) => isLost === 1).length >= second.lost) asMany++;
  }
  return asMany / ways;
}

test('the probability equals that of counting all ways to divide the outcomes', () => {
  fc.assert(
    fc.property(tally(6), tally(6), (first, second) => {
      expect(chance(first, second)).toBeCloseTo(chanceByCounting(first, second), 10);
    }),
  );
});

test('an additional loss never speaks for a change, and an additional answer never against it', () => {
  fc.assert(
    fc.property(tally(8), tally(8), tally(8), (before, first, again) => {
      const worse = { ...again, lost: again.lost + 1, answered: Math.max(0, again.answered - 1) };
      if (again.answered > 0 && isGone(before, first, again)) expect(isGone(before, first, worse)).toBe(true);
      expect(chance(before, worse)).toBeLessThanOrEqual(chance(before, again) + (again.answered > 0 ? 1e-9 : 1));
    }),
  );
});

test('without losses, nothing is lost and no change is to blame', () => {
  fc.assert(
    fc.property(tally(8), fc.integer({ min: 1, max: 8 }), tally(8), (before, answered, undone) => {
      const good = { ...NONE, answered };
      expect(isGone(before, good, good)).toBe(false);
      expect(isCause(before, sum(good, good), undone)).toBe(false);
    }),
  );
});

test('refused or reset connections are not losses, but without any answer the server counts as lost', () => {
  const refusing = { answered: 0, refused: 8, lost: 0 };
  expect(isGone(lost(0, 4), { answered: 1, refused: 7, lost: 0 }, refusing)).toBe(false);
  expect(isGone(lost(0, 4), refusing, refusing)).toBe(true);
  expect(isCause(lost(0, 4), sum(refusing, refusing), lost(0, 8))).toBe(false);
});

test('one loss after the change leads to a second check', () => {
  expect([isDoubtful(lost(0, 4), lost(1, 8)), isDoubtful(lost(0, 4), lost(0, 8))]).toEqual([true, false]);
  expect([isDoubtful(lost(1, 4), lost(2, 8)), isDoubtful(lost(1, 4), lost(3, 8))]).toEqual([false, true]);
});

test('a loss that does not recur in the second check is ignored', () => {
  expect(isGone(lost(0, 4), lost(8, 8), lost(0, 8))).toBe(false);
});

test('a change is not to blame for losses that continue after it was undone', () => {
  expect(isCause(lost(0, 4), lost(16, 16), lost(0, 8))).toBe(true);
  expect(isCause(lost(0, 4), lost(16, 16), lost(8, 8))).toBe(false);
  expect(isCause(lost(0, 4), lost(16, 16), lost(6, 8))).toBe(false);
});

test('a server that did not answer before the change is not lost by it', () => {
  expect(isCause(lost(12, 12), lost(16, 16), lost(0, 8))).toBe(false);
});

/** The probability that k of n connections are lost, for each k. */
function binomial(n: number, p: number): number[] {
  const ways = Array.from({ length: n + 1 }, (_, k) =>
    Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((one, other) => one * other, 1),
  );
  return ways.map((count, k) => count * p ** k * (1 - p) ** (n - k));
}

/** The check before a change: 4 connections, and 4 more if one was lost; with its probability. */
function looksBefore(rate: number): { p: number; seen: Tally }[] {
  const all = binomial(4, rate).flatMap((p, k) =>
    k === 0 ? [{ p, seen: lost(0, 4) }] : binomial(4, rate).map((q, m) => ({ p: p * q, seen: lost(k + m, 8) })),
  );
  return all.filter(({ seen }) => seen.answered > 0);
}

/** The two checks after a change, with 8 connections each; both are needed to find a loss. */
function looksAfter(rate: number, seen: Tally): { p: number; changed: Tally }[] {
  const looks = binomial(8, rate).map((p, k) => ({ p, look: lost(k, 8) }));
  const pairs = looks.flatMap((first) => looks.map((again) => ({ first, again })));
  return pairs
    .filter(({ first, again }) => isDoubtful(seen, first.look) && isGone(seen, first.look, again.look))
    .map(({ first, again }) => ({ p: first.p * again.p, changed: sum(first.look, again.look) }));
}

/**
 * The probability that a change is rolled back and found to be the cause, for the given loss rates without it and with
 * it.
 */
function outcomesOf(without: number, withIt: number): { takenBack: number; guilty: number } {
  const taken = looksBefore(without).flatMap(({ p, seen }) =>
    looksAfter(withIt, seen).map(({ p: q, changed }) => ({ p: p * q, seen, changed })),
  );
  const proofs = taken.flatMap(({ p, seen, changed }) =>
    binomial(8, without).map((q, k) => (isCause(seen, changed, lost(k, 8)) ? p * q : 0)),
  );
  const total = (chances: readonly number[]) => chances.reduce((one, other) => one + other, 0);
  return { takenBack: total(taken.map(({ p }) => p)), guilty: total(proofs) };
}

describe('over all random outcomes', () => {
  test('999 of 1,000 nodes roll back a change that cuts off two of three servers behind one address', () => {
    const { takenBack, guilty } = outcomesOf(0, 2 / 3);
    expect([takenBack > 0.998, guilty > 0.99]).toEqual([true, true]);
  });

  test('every node rolls back a change that takes all of them, even if two of three were dead before', () => {
    expect(outcomesOf(0, 1).guilty).toBeCloseTo(1, 6);
    expect(outcomesOf(1 / 3, 1).takenBack).toBeGreaterThan(0.999);
    // If none of the eight earlier connections reached the third server, it did not exist for this node.
    expect(outcomesOf(2 / 3, 1).takenBack).toBeGreaterThan(0.95);
  });

  test.each([
    ['one of three servers was dead before', 1 / 3, 0.2, 0.03],
    ['two of three were dead before', 2 / 3, 0.2, 0.03],
    ['one connection in ten is lost', 0.1, 0.02, 0.006],
    ['one connection in a hundred is lost', 0.01, 1e-5, 1e-5],
  ])('a harmless change is rarely blamed if %s, and never twice for that alone', (_, rate, most, mostGuilty) => {
    const { takenBack, guilty } = outcomesOf(rate, rate);
    expect(takenBack).toBeLessThan(most);
    expect(guilty).toBeLessThan(mostGuilty);
    expect(guilty ** 2).toBeLessThan(0.001); // a list is blocked only after two rollbacks
  });
});
