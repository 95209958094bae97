/** Wait, because changes come in bursts. */
const CALM_MS = 5_000;

/** A collection stops the agent for about 50 ms, which would delay a repair under load. */
const MOST_BUSY = 0.2;

/** `--expose-gc` brings it. */
type CollectGarbage = (how: { readonly flavor: 'last-resort' }) => void;

/** @returns the share of the time since the last call in which the event loop was busy, 0 to 1. */
export function busyMeter(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/**
 * Returns the memory that a changed list or table left behind, once the agent is idle: V8 and malloc would keep it for
 * the next change, which on most nodes may be a week away. While the agent is busy, it waits, because V8 then collects
 * by itself.
 * @param trim returns the memory that malloc keeps.
 * @param busy the share of the time since it was last asked in which the agent was busy.
 * @param gc V8's collection; undefined if it is not available.
 * @returns a function to call after each change.
 */
export function memoryReleaser(
  trim: () => void,
  busy: () => number,
  gc = (globalThis as { gc?: CollectGarbage }).gc,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const waitForCalm = () => {
    clearTimeout(timer);
    busy();
    timer = setTimeout(release, CALM_MS);
  };
  const release = () => {
    if (busy() > MOST_BUSY) return waitForCalm();
    gc?.({ flavor: 'last-resort' });
    trim(); // the collected objects may have been the last to hold malloc memory
  };
  return waitForCalm;
}

/** The part of node:ffi that is needed here. */
interface Ffi {
  dlopen(library: null, symbols: object): { readonly functions: { malloc_trim(pad: bigint): number } };
}

let trim: (() => void) | undefined;

/**
 * Returns free malloc memory outside V8's heap to the kernel: glibc's malloc_trim. musl does not have it, and returns
 * pages by itself.
 */
export function trimMemory(): void {
  trim ??= findTrim() ?? (() => undefined);
  trim();
}

function findTrim(): (() => void) | undefined {
  try {
    const { dlopen } = require('node:ffi') as Ffi;
    const { functions: libc } = dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    return () => libc.malloc_trim(0n);
  } catch {
    return undefined;
  }
}
