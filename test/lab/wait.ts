/** After a check, waits this many times as long as the check took, within limits, so that checks do not slow down their subject. */
const REST = 3;
const MOST_REST_MS = 50;

/**
 * Calls `look` until it returns a truthy value, and returns that. Waits `everyMs` in between, or longer if checks are slow,
 * so that a test takes only as long as its subject.
 *
 * @param what for the error: 'timed out after 5000 ms waiting for ' and e.g. 'the route to appear'
 * @param ms   deadline in milliseconds
 * @param look may be asynchronous; an exception ends the wait
 * @throws if the deadline passes
 */
export async function waitFor<T>(
  what: string,
  ms: number,
  look: () => T | Promise<T>,
  everyMs = 10,
): Promise<Exclude<Awaited<T>, false | null | undefined | '' | 0>> {
  const end = performance.now() + ms;
  for (;;) {
    const started = performance.now();
    const seen = await look();
    if (seen) return seen as Exclude<Awaited<T>, false | null | undefined | '' | 0>;
    if (performance.now() > end) throw new Error(`timed out after ${ms} ms waiting for ${what}`);
    const rest = Math.min(REST * (performance.now() - started), MOST_REST_MS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(everyMs, rest)));
  }
}

/** Returns `promise`, or rejects with an error that names `what` after `ms` milliseconds. */
export function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${ms} ms waiting for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
