/**
 * Looks again and again until `look` gives something truthy, and returns that. Never sleeps longer than `everyMs`, so a
 * test takes as long as the thing it waits for.
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
    const seen = await look();
    if (seen) return seen as Exclude<Awaited<T>, false | null | undefined | '' | 0>;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** `promise`, or an error that names `what` after `ms` milliseconds. */
export function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
