import { counted } from '../page/page';
import type { Pool } from './pool';

/**
 * How long one wave of a rolling update takes, roughly: the old pod ends (3 s), the new one starts and confirms its
 * list (15 s), the kubelet's probe notices (5 s), and the pod is Ready for minReadySeconds (5 s).
 */
const WAVE_S = 30;
/** Used if the number of nodes is not known. */
const EXAMPLE_NODES = 100;

/** How a rolling update proceeds: `2 of 60 nodes first, …, about 15 min for all`. */
export function paceText(pool: Pool): string {
  const nodes = pool.nodeCount;
  const first = firstWave(pool, nodes);
  const [who, waves, all] =
    first === undefined
      ? [`${pool.maxUnavailable} of the nodes first`, Math.ceil(100 / Number.parseInt(pool.maxUnavailable, 10)), 'all']
      : [
          nodes === undefined ? `${counted(first, 'node')} first` : `${first} of ${counted(nodes, 'node')} first`,
          Math.ceil((nodes ?? EXAMPLE_NODES) / first),
          nodes === undefined ? `${EXAMPLE_NODES} nodes` : 'all',
        ];
  return `${who}, the others when these are Ready; about ${durationText(waves * WAVE_S)} for ${all} (${counted(waves, 'wave')} of ${WAVE_S} s)`;
}

/** Whether the first wave already covers every node. */
export function isAllAtOnce(pool: Pool): boolean {
  const first = firstWave(pool, pool.nodeCount);
  return (
    pool.maxUnavailable === '100%' || (pool.nodeCount !== undefined && first !== undefined && first >= pool.nodeCount)
  );
}

/**
 * The size of the first wave. A percentage is rounded up, as the DaemonSet controller does; undefined if the number of
 * nodes is unknown.
 */
function firstWave({ maxUnavailable }: Pool, nodes: number | undefined): number | undefined {
  if (!maxUnavailable.endsWith('%')) return Math.min(Number(maxUnavailable), nodes ?? Number.POSITIVE_INFINITY);
  return nodes === undefined ? undefined : Math.ceil((nodes * Number.parseInt(maxUnavailable, 10)) / 100);
}

/** `90 s`, `15 min`, `8.5 h`. */
function durationText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
