import type { Address, Route } from '../../network';
import type { Neighbour } from '../kernel/neighbour';
import type { Hop, Link } from '../kernel/types';
import * as nl from '../netlink/constants';

/** How a next hop stands: `returning` answers again, but not for long enough yet. */
export type HealthState = 'up' | 'returning' | 'down';

export interface Health {
  readonly state: HealthState;
  /** Milliseconds of a steady clock. */
  readonly since: number;
  /** Looks in a row at which it had not answered the question of the look before; undefined before the first question. */
  readonly unanswered?: number;
}

/** At looks a second apart a dead next hop is out within 4 s: at most one until it is asked, and three without an answer. */
export const MOST_UNANSWERED = 3;
/** A next hop that was down has to answer for so long without a break before it is used again. */
export const HOLD_DOWN_MS = 10_000;

const ANSWERED = nl.NUD_REACHABLE | nl.NUD_NOARP | nl.NUD_PERMANENT;
/** Known, but not lately heard of: says nothing. */
const AGED = nl.NUD_STALE | nl.NUD_DELAY;
const IN_VAIN = nl.NUD_FAILED | nl.NUD_INCOMPLETE;

/**
 * What the kernel remembers of a next hop that nobody has watched yet. Unknown counts as up, since a route must not wait
 * for its next hop to be asked; one that the kernel has just asked in vain was dead for whoever watched it before.
 */
export function firstHealth(neighbour: Neighbour | undefined, now: number): Health {
  return { state: ((neighbour?.state ?? 0) & IN_VAIN) !== 0 ? 'down' : 'up', since: now };
}

/**
 * What follows from a look at a neighbour that was asked at the look before.
 * @param now milliseconds of a steady clock.
 */
export function nextHealth(health: Health, neighbour: Neighbour | undefined, now: number): Health {
  const state = neighbour?.state ?? nl.NUD_NONE;
  // Who was asked in vain and is known now was heard since.
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

/** A next hop that routes of the list have, used now or not. */
export interface NextHop {
  readonly address: Address;
  /** Interface index. */
  readonly link: number;
  /** Interface name. */
  readonly interface: string;
  /** No route has another one beside it, so that it is used whether it answers or not. */
  readonly isAlone: boolean;
}

export const nextHopKey = (address: Address, link: number): string => `${address}%${link}`;

/** The next hops of ways, each once, in order; those of which nobody can tell whether they are alive are left out. */
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
