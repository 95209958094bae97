/** Changes come in bunches. */
const CALM_MS = 5_000;

/** A collection stops the agent for some 50 ms, which a repair under load would have to wait for. */
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
 * Gives back the memory of what a changed list or table left behind, once it is calm: V8 and malloc themselves keep it
 * for the next change, which on most nodes comes next week. While the agent is busy it waits: V8 then collects by itself.
 * @param trim gives back what malloc keeps.
 * @param busy the share of the time since it was last asked in which the agent was busy.
 * @param gc V8's collection; undefined where it cannot be asked for.
 * @returns to be called after each change.
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
    trim(); // what was collected may have been the last to hold some of malloc's
  };
  return waitForCalm;
}

/** What of node:ffi is needed here. */
interface Ffi {
  dlopen(library: null, symbols: object): { readonly functions: { malloc_trim(pad: bigint): number } };
}

let trim: (() => void) | undefined;

/**
 * Gives the kernel back what lies free between allocations: glibc's malloc_trim, beyond V8's heap. musl has none, and
 * gives pages back by itself.
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
