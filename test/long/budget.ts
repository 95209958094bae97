/** The approximate number of seconds that `npm run test:long` may take in total. */
const BUDGET = Number(process.env.LONG_BUDGET ?? 600);

/** A share of the budget in milliseconds. */
export function share(fraction: number): number {
  return BUDGET * fraction * 1000;
}

/** The number of runs, reduced in proportion if the budget is smaller than the default. */
export function runs(count: number): number {
  return Math.max(1000, Math.round(count * Math.min(1, BUDGET / 600)));
}

/** Printed at the start: LONG_SEED=<seed> repeats a failed run. */
export const SEED = Number(process.env.LONG_SEED ?? Math.floor(Math.random() * 2 ** 31));

process.stderr.write(`LONG_SEED=${SEED} LONG_BUDGET=${BUDGET}\n`);
