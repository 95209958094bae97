import { CALM_MS, growingPause } from '../../program/flapping';
import type { Health } from './next-hop-health';

/** The probe state of a path: a next hop, the tunnel behind it, an on-premise target, and the way back. */
export interface PathHealth extends Health {
  /** Consecutive probes without an answer. */
  readonly misses: number;
  /** Time of the last answer, in milliseconds of a monotonic clock; undefined before the first. */
  readonly answered?: number;
  /** How often it went down without being up for CALM_MS in between. */
  readonly flaps: number;
  /** How long it must answer without interruption before it is used again. */
  readonly holdMs: number;
}

/**
 * At the default interval, a dead tunnel is detected within 32 s: at most 10 s to the first miss, 20 s to the third,
 * and a 2 s timeout.
 */
export const MOST_MISSES = 3;
/** The first pause; it doubles each further time that the path goes down within CALM_MS. */
export const PATH_HOLD_MS = 60_000;

/** @param state 'down' if the kernel's routes already avoid the next hop: a previous agent had found it dead. */
export function firstPathHealth(state: 'up' | 'down', now: number): PathHealth {
  return { state, since: now, misses: 0, flaps: state === 'up' ? 0 : 1, holdMs: PATH_HOLD_MS };
}

/**
 * The state after a probe.
 * @param othersAnswer whether another next hop reaches the network. Without one, silence says nothing about this next
 * hop, because the target or the whole network may be down.
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

/** Whether its last probe was answered recently. */
export function isAnswering({ misses, answered }: PathHealth, now: number, everyMs: number): boolean {
  return misses === 0 && answered !== undefined && now - answered < MOST_MISSES * everyMs;
}

const ORDER = ['up', 'returning', 'down'] as const;

/** Of several targets behind one next hop, the best counts: one answer proves that the path works. */
export function bestHealth(all: readonly Health[]): Health | undefined {
  return [...all].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))[0];
}

/** Of the neighbour table's state and the probes' state of a next hop, the worse counts. */
export function worseHealth(one: Health | undefined, other: Health | undefined): Health | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return ORDER.indexOf(other.state) > ORDER.indexOf(one.state) ? other : one;
}
