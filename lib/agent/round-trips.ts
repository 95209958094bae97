/** Upper bounds of the histogram's buckets in seconds. */
export const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2] as const;
/** How many are kept for the reported median and maximum. */
const LAST = 30;

/** Round-trip times of probes. */
export interface RoundTrips {
  /** The last round-trip times, in milliseconds. */
  readonly last: readonly number[];
  /** Since the first probe: the count up to each bound of BUCKETS, the total count, and the sum in seconds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly seconds: number;
  add(milliseconds: number): void;
}

export function roundTrips(): RoundTrips {
  const last: number[] = [];
  const counts: number[] = BUCKETS.map(() => 0);
  return {
    last,
    counts,
    count: 0,
    seconds: 0,
    add(this: { count: number; seconds: number }, milliseconds: number) {
      last.push(milliseconds);
      if (last.length > LAST) last.shift();
      this.count++;
      this.seconds += milliseconds / 1000;
      BUCKETS.forEach((bound, i) => {
        if (milliseconds <= 1000 * bound) counts[i] = (counts[i] ?? 0) + 1;
      });
    },
  };
}
