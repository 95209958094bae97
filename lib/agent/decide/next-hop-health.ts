import type { Address, Route } from '../../network';
import type { Neighbour } from '../kernel/neighbour';
import type { Hop, Link } from '../kernel/types';
import * as nl from '../netlink/constants';

/** The state of a next hop. `returning`: it answers again, but not yet for long enough. */
export type HealthState = 'up' | 'returning' | 'down';

export interface Health {
  readonly state: HealthState;
  /** Milliseconds of a steady clock. */
  readonly since: number;
  /** Consecutive checks at which it had not answered the previous check's query; undefined before the first query. */
  readonly unanswered?: number;
}

/**
 * With one check per second, a dead next hop is out of use within 4 s: at most one second until the first query, and
 * three without an answer.
 */
export const MOST_UNANSWERED = 3;
/** How long a next hop that was down must answer without interruption before it is used again. */
export const HOLD_DOWN_MS = 10_000;

const ANSWERED = nl.NUD_REACHABLE | nl.NUD_NOARP | nl.NUD_PERMANENT;
/** Known, but not confirmed recently: not conclusive. */
const AGED = nl.NUD_STALE | nl.NUD_DELAY;
const IN_VAIN = nl.NUD_FAILED | nl.NUD_INCOMPLETE;

/**
 * The initial state of a next hop, from the kernel's neighbour table. Unknown counts as up, because a route must not
 * wait until its next hop is queried. If the kernel has just queried it without an answer, the previous agent had found
 * it dead.
 */
export function firstHealth(neighbour: Neighbour | undefined, now: number): Health {
  return { state: ((neighbour?.state ?? 0) & IN_VAIN) !== 0 ? 'down' : 'up', since: now };
}

/**
 * The state after a check of a neighbour that was queried at the previous check.
 * @param now milliseconds of a steady clock.
 */
export function nextHealth(health: Health, neighbour: Neighbour | undefined, now: number): Health {
  const state = neighbour?.state ?? nl.NUD_NONE;
  // A neighbour that had not answered and is known now has answered since.
  const isHeard = (state & ANSWERED) !== 0 || (health.state !== 'up' && (state & AGED) !== 0);
  if (isHeard) return { ...answered(health, now), unanswered: 0 };
  const isFirst = health.unanswered === undefined;
  if (isFirst || (state & AGED) !== 0) return { ...health, unanswered: health.unanswered ?? 0 };
  const unanswered = (health.unanswered ?? 0) + 1;
  const isOut = health.state === 'returning' || (health.state === 'up' && unanswered >= MOST_UNANSWERED);
  return isOut ? { state: 'down', since: now, unanswered } : { ...health, unanswered };
}

function answered(health: Health, now: number): Health {
  if (health.state === 'down') return { state: 'returning', since: now };
  if (health.state === 'returning' && now - health.since >= HOLD_DOWN_MS) return { state: 'up', since: now };
  return health;
}

/** What is known about a next hop; undefined if nothing is known. */
export type HealthOf = (hop: Hop) => Health | undefined;

/**
 * Which of several hops are used now: those that are up, or only the first of these. If none is up, those that answer.
 * If none answers, those that answered last. At least one is always used.
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

/** A next hop of listed routes, whether used now or not. */
export interface NextHop {
  readonly address: Address;
  /** Interface index. */
  readonly link: number;
  /** Interface name. */
  readonly interface: string;
  /** Whether it is the only next hop of all its routes, and therefore used whether it answers or not. */
  readonly isAlone: boolean;
}

export const nextHopKey = (address: Address, link: number): string => `${address}%${link}`;

/** The next hops of ways, without repetition, in order. Those that cannot be monitored are left out. */
export function nextHopsOf(
  ways: readonly { readonly hops: readonly Hop[]; readonly members?: readonly Hop[] }[],
  links: ReadonlyMap<number, Link>,
): NextHop[] {
  const found = new Map<string, NextHop>();
  for (const { hops, members } of ways) {
    for (const { gateway, link } of members ?? hops) {
      const { name, noNeighbours } = links.get(link) ?? {};
      if (gateway === undefined || name === undefined || noNeighbours) continue;
      const key = nextHopKey(gateway, link);
      const known = found.get(key);
      found.set(key, {
        address: gateway,
        link,
        interface: name,
        isAlone: members === undefined && (known?.isAlone ?? true),
      });
    }
  }
  return [...found.values()];
}
