/** So many times as long as a look took is rested after it, within bounds: looking must not slow down what is waited for. */
const REST = 3;
const MOST_REST_MS = 50;

/**
 * Looks again and again until `look` gives something truthy, and returns that. Rests `everyMs` in between, or a little
 * longer where looking takes long, so a test takes as long as the thing it waits for.
 *
 * @param what named in the error, e.g. 'the route to appear'
 * @param ms   deadline in milliseconds
 * @param look may be asynchronous; an exception ends the waiting
 * @throws when the deadline passes
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

/** `promise`, or an error that names `what` after `ms` milliseconds. */
export function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${ms} ms waiting for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
