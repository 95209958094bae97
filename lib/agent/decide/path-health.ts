import { CALM_MS, growingPause } from '../../program/flapping';
import type { Health } from './next-hop-health';

/** What probes found out about a path: a next hop, the tunnel behind it and a target on premise, and the way back. */
export interface PathHealth extends Health {
  /** Probes without an answer in a row. */
  readonly misses: number;
  /** Of the last answer, in milliseconds of a steady clock; undefined before the first. */
  readonly answered?: number;
  /** How often it went down without having been up for CALM_MS in between. */
  readonly flaps: number;
  /** For so long it must answer without a break before it is used again. */
  readonly holdMs: number;
}

/** At the default pace a dead tunnel is found within 32 s: at most 10 s to the first miss, 20 s to the third, 2 s of waiting. */
export const MOST_MISSES = 3;
/** The first time; twice as long each further time that it goes down within CALM_MS. */
export const PATH_HOLD_MS = 60_000;

/** @param state 'down' where the kernel's routes avoid the next hop already: a former agent had found it dead. */
export function firstPathHealth(state: 'up' | 'down', now: number): PathHealth {
  return { state, since: now, misses: 0, flaps: state === 'up' ? 0 : 1, holdMs: PATH_HOLD_MS };
}

/**
 * What follows from a probe.
 * @param othersAnswer whether another next hop leads to the network: without one, silence says nothing about this next hop,
 * since the target itself or all of the network may be away.
 */
export function nextPathHealth(
  health: PathHealth,
  isAnswered: boolean,
  now: number,
  othersAnswer: boolean,
): PathHealth {
  if (isAnswered) return { ...health, ...afterAnswer(health, now), misses: 0, answered: now };
  const misses = health.misses + 1;
  if (health.state === 'returning') return { ...health, state: 'down', since: now, misses };
  if (health.state === 'up' && misses >= MOST_MISSES && othersAnswer) return { ...wentDown(health, now), misses };
  return { ...health, misses };
}

function afterAnswer({ state, since, holdMs }: PathHealth, now: number): Partial<PathHealth> {
  if (state === 'down') return { state: 'returning', since: now };
  return state === 'returning' && now - since >= holdMs ? { state: 'up', since: now } : {};
}

function wentDown(health: PathHealth, now: number): PathHealth {
  const flaps = now - health.since >= CALM_MS ? 0 : health.flaps;
  return { ...health, state: 'down', since: now, flaps: flaps + 1, holdMs: growingPause(PATH_HOLD_MS, flaps) };
}

/** Whether its last probe was answered, not long ago. */
export function isAnswering({ misses, answered }: PathHealth, now: number, everyMs: number): boolean {
  return misses === 0 && answered !== undefined && now - answered < MOST_MISSES * everyMs;
}

const ORDER = ['up', 'returning', 'down'] as const;

/** Of several targets behind one next hop the best counts: one that answers shows that the way is there. */
export function bestHealth(all: readonly Health[]): Health | undefined {
  return [...all].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))[0];
}

/** Of what the neighbour tables and the probes say about one next hop the worse counts. */
export function worseHealth(one: Health | undefined, other: Health | undefined): Health | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return ORDER.indexOf(other.state) > ORDER.indexOf(one.state) ? other : one;
}
