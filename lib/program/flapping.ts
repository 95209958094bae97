/** After this long without going down, the history is discarded. */
export const CALM_MS = 600_000;
export const LONGEST_PAUSE_MS = 600_000;

/**
 * How long a target that goes down repeatedly stays down: twice as long each time. @param times how often it went down
 * before
 */
export function growingPause(firstMs: number, times: number): number {
  return Math.min(LONGEST_PAUSE_MS, firstMs * 2 ** times);
}
