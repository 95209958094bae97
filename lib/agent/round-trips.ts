/** Upper bounds of the histogram's buckets in seconds. */
export const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2] as const;
/** Of so many the median and the longest are told. */
const LAST = 30;

/** How long the answers to probes took. */
export interface RoundTrips {
  /** Milliseconds of the last ones. */
  readonly last: readonly number[];
  /** Since the first: how many took no longer than each bound of BUCKETS, all of them, and their seconds. */
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
