/** Seconds that all of `npm run test:long` may take, more or less. */
const BUDGET = Number(process.env.LONG_BUDGET ?? 600);

/** Milliseconds for a share of the budget. */
export function share(fraction: number): number {
  return BUDGET * fraction * 1000;
}

/** As many runs as asked for, or fewer where the budget is smaller than the usual one. */
export function runs(count: number): number {
  return Math.max(1000, Math.round(count * Math.min(1, BUDGET / 600)));
}

/** Told at the start, so that a failure can be played again with LONG_SEED. */
export const SEED = Number(process.env.LONG_SEED ?? Math.floor(Math.random() * 2 ** 31));

process.stderr.write(`LONG_SEED=${SEED} LONG_BUDGET=${BUDGET}\n`);
