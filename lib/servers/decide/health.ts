import { CALM_MS, growingPause } from '../../program/flapping';

/** How one probe of a server ended. */
export type ProbeResult =
  | { readonly ok: true; readonly milliseconds: number }
  /** `reason` as an event shows it: `connection refused`, `HTTP 500`. */
  | { readonly ok: false; readonly reason: string };

/** What the EndpointSlice says of a server: new connections go to it, or not. */
export type Mark = 'up' | 'down';

/** Results in a row after which the mark changes. */
export interface Thresholds {
  readonly downAfter: number;
  readonly upAfter: number;
}

/** What is known of one server. All times are milliseconds of a steady clock. */
export interface Health {
  readonly mark: Mark;
  /** When the mark changed, or the server was first looked at. */
  readonly since: number;
  /** Results in a row; one of the two is 0. */
  readonly failures: number;
  readonly successes: number;
  /** When the present row of failures began; undefined if there is none. */
  readonly firstFailure: number | undefined;
  /** Why the last failed probe failed; undefined if none has. */
  readonly reason: string | undefined;
  /** Round trip of the last successful probe in milliseconds; undefined if none was. */
  readonly milliseconds: number | undefined;
  /** How often it went down without being up for CALM_MS in between. */
  readonly flaps: number;
  /** It stays down until then, whatever it answers. */
  readonly heldUntil: number;
  /** A server that was added to a Service gets connections from its first successful probe on. */
  readonly isNew: boolean;
}

/** The pause of a server that goes down for the second time within CALM_MS; each further time doubles it. */
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
 * @param othersAnswer whether any server of the site has answered within the last round. A failure while none does says
 * nothing about this server, so the row begins again once the others are back.
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

/** The mark that its own results ask for, if it is another than the present one. */
export function asks(health: Health, thresholds: Thresholds, now: number): Mark | undefined {
  if (health.mark === 'up') return isFailing(health, thresholds) ? 'down' : undefined;
  return answers(health, thresholds) && now >= health.heldUntil ? 'up' : undefined;
}

export const isFailing = ({ failures }: Health, { downAfter }: Thresholds): boolean => failures >= downAfter;

/** It answers often enough to be up. */
export function answers({ successes, isNew }: Health, { upAfter }: Thresholds): boolean {
  return successes >= (isNew ? 1 : upAfter);
}

/** It answers, but stays out because it went down repeatedly. */
export function isHeld(health: Health, thresholds: Thresholds, now: number): boolean {
  return health.mark === 'down' && answers(health, thresholds) && now < health.heldUntil;
}

/** With another mark. A server that flaps stays down for growing, bounded pauses. */
export function marked(health: Health, mark: Mark, now: number): Health {
  if (mark === health.mark) return health;
  if (mark === 'up') return { ...health, mark, since: now, isNew: false };
  const wasCalm = now - health.since >= CALM_MS;
  const flaps = wasCalm ? 0 : health.flaps;
  return { ...health, mark, since: now, flaps: flaps + 1, heldUntil: now + pauseOf(flaps) };
}

/** The first time is a failure like any other. */
function pauseOf(flapsBefore: number): number {
  if (flapsBefore === 0) return 0;
  return growingPause(FIRST_PAUSE_MS, flapsBefore - 1);
}
