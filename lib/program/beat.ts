import { nextProbe, phaseOf } from './schedule';

/**
 * Calls `act` every `everyMs`, at a phase that depends on `key`. The next call starts only after the last one has
 * ended.
 * @param key identifies the beat and determines its phase
 * @returns a function that stops it
 */
export function onBeat(
  key: string,
  everyMs: number,
  act: (isStopped: () => boolean) => Promise<void>,
  now: () => number = () => performance.now(),
): () => void {
  const phase = phaseOf(key, everyMs);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let beat = Number.NEGATIVE_INFINITY;
  const wait = () => {
    const time = now();
    beat = nextProbe(phase, everyMs, Math.max(time, beat)); // a timer may fire slightly early
    timer = setTimeout(run, beat - time);
  };
  const run = async () => {
    await act(() => isStopped);
    if (!isStopped) wait();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
