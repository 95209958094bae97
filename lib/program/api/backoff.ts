const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * The wait after a failure: 0.5 s, doubled each time up to 30 s. The upper half is random, so that the nodes of a
 * cluster do not all return at once.
 */
export class Backoff {
  private failures = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** In milliseconds. @param retryAfterMs what the server asked for; honoured up to 30 s. */
  next(retryAfterMs = 0): number {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures++);
    const wait = ceiling * (0.5 + this.random() / 2);
    return Math.min(LONGEST_MS, Math.max(wait, retryAfterMs));
  }

  reset(): void {
    this.failures = 0;
  }
}
