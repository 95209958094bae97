import { CALM_MS, growingPause } from '../../program/flapping';

/** The result of one probe of a server. */
export type ProbeResult =
  | { readonly ok: true; readonly milliseconds: number }
  /** `reason` as an event shows it: `connection refused`, `HTTP 500`. */
  | { readonly ok: false; readonly reason: string };

/** The state of a server in the EndpointSlice: whether it gets new connections. */
export type Mark = 'up' | 'down';

/** Consecutive results after which the mark changes. */
export interface Thresholds {
  readonly downAfter: number;
  readonly upAfter: number;
}

/** What is known about one server. All times are milliseconds of a steady clock. */
export interface Health {
  readonly mark: Mark;
  /** When the mark last changed, or when the server was first probed. */
  readonly since: number;
  /** Consecutive results; one of the two is 0. */
  readonly failures: number;
  readonly successes: number;
  /** When the present series of failures began; undefined if there is none. */
  readonly firstFailure: number | undefined;
  /** Why the last failed probe failed; undefined if none has failed. */
  readonly reason: string | undefined;
  /** Round-trip time of the last successful probe in milliseconds; undefined if there was none. */
  readonly milliseconds: number | undefined;
  /** How often it went down without being up for CALM_MS in between. */
  readonly flaps: number;
  /** It stays down until this time, whatever it answers. */
  readonly heldUntil: number;
  /** A server that is added to a Service gets connections after its first successful probe. */
  readonly isNew: boolean;
}

/** The pause of a server that goes down for the second time within CALM_MS; it doubles each further time. */
export const FIRST_PAUSE_MS = 30_000;

export function firstLook(mark: Mark, now: number, isNew = false): Health {
  return {
    mark,
    since: now,
    failures: 0,
    successes: 0,
    firstFailure: undefined,
    reason: isNew ? 'not probed yet' : undefined,
    milliseconds: undefined,
    flaps: 0,
    heldUntil: now,
    isNew,
  };
}

/**
 * Counts a result; the mark stays.
 * @param othersAnswer whether any server of the site has answered within the last round. If none does, a failure says
 * nothing about this server, so the series starts again once the others are back.
 */
export function observe(health: Health, result: ProbeResult, now: number, othersAnswer: boolean): Health {
  if (result.ok) {
    const { milliseconds } = result;
    return { ...health, failures: 0, firstFailure: undefined, successes: health.successes + 1, milliseconds };
  }
  const failed = { ...health, successes: 0, reason: result.reason };
  if (!othersAnswer) return { ...failed, failures: 0, firstFailure: undefined };
  return { ...failed, failures: health.failures + 1, firstFailure: health.firstFailure ?? now };
}

/** The mark that follows from its own results, if it differs from the present one. */
export function asks(health: Health, thresholds: Thresholds, now: number): Mark | undefined {
  if (health.mark === 'up') return isFailing(health, thresholds) ? 'down' : undefined;
  return answers(health, thresholds) && now >= health.heldUntil ? 'up' : undefined;
}

export const isFailing = ({ failures }: Health, { downAfter }: Thresholds): boolean => failures >= downAfter;

/** Whether it answers often enough to be up. */
export function answers({ successes, isNew }: Health, { upAfter }: Thresholds): boolean {
  return successes >= (isNew ? 1 : upAfter);
}

/** Whether it answers, but stays down because it went down repeatedly. */
export function isHeld(health: Health, thresholds: Thresholds, now: number): boolean {
  return health.mark === 'down' && answers(health, thresholds) && now < health.heldUntil;
}

/** The state with a new mark. A server that flaps stays down for growing, bounded pauses. */
export function marked(health: Health, mark: Mark, now: number): Health {
  if (mark === health.mark) return health;
  if (mark === 'up') return { ...health, mark, since: now, isNew: false };
  const wasCalm = now - health.since >= CALM_MS;
  const flaps = wasCalm ? 0 : health.flaps;
  return { ...health, mark, since: now, flaps: flaps + 1, heldUntil: now + pauseOf(flaps) };
}

/** The first time causes no pause. */
function pauseOf(flapsBefore: number): number {
  if (flapsBefore === 0) return 0;
  return growingPause(FIRST_PAUSE_MS, flapsBefore - 1);
}
