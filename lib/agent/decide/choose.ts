import type { Route } from '../../network';
import type { Hop } from '../kernel/types';
import type { Health } from './health';

/** What is known of a next hop; undefined where nothing is. */
export type HealthOf = (hop: Hop) => Health | undefined;

/**
 * Which of several hops are used now: those that are up, or of these only the first. Where none is up, those that
 * answer; where none does, those that were the last to: there is always one.
 */
export function chooseHops(hops: readonly Hop[], mode: Route['mode'], healthOf: HealthOf): readonly Hop[] {
  const usable = usableHops(hops, healthOf);
  return mode === 'failover' ? usable.slice(0, 1) : usable;
}

function usableHops(hops: readonly Hop[], healthOf: HealthOf): readonly Hop[] {
  const stateOf = (hop: Hop) => healthOf(hop)?.state ?? 'up';
  for (const state of ['up', 'returning']) {
    const found = hops.filter((hop) => stateOf(hop) === state);
    if (found.length > 0) return found;
  }
  const since = (hop: Hop) => healthOf(hop)?.since ?? 0;
  const last = Math.max(...hops.map(since));
  return hops.filter((hop) => since(hop) === last);
}
