import { nextProbe, phaseOf } from './schedule';

/**
 * Does something every `everyMs` at a phase of its own, the next time once the last one has ended.
 * @param key names it, and decides the phase
 * @returns what stops it
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
    beat = nextProbe(phase, everyMs, Math.max(time, beat)); // a timer may fire a moment before its time
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
