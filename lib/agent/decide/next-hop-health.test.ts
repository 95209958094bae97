import fc from 'fast-check';
import { hop } from '../../../test/agent/ip';
import type { Hop } from '../kernel/types';
import * as nl from '../netlink/constants';
import {
  chooseHops,
  firstHealth,
  type Health,
  type HealthState,
  HOLD_DOWN_MS,
  MOST_UNANSWERED,
  nextHealth,
} from './next-hop-health';

const { NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_FAILED, NUD_INCOMPLETE, NUD_NOARP, NUD_PERMANENT } = nl;

/** The health of a next hop after checks one second apart; undefined: the kernel has no entry. */
function after(looks: readonly (number | undefined)[], start: Health = firstHealth(undefined, 0)): Health {
  return looks.reduce<Health>(
    (health, state, i) => nextHealth(health, state === undefined ? undefined : { state, flags: 0 }, 1000 * (i + 1)),
    start,
  );
}

const silence = (looks: number) => new Array(looks).fill(NUD_PROBE);
const answers = (looks: number) => new Array(looks).fill(NUD_REACHABLE);

test('an address that was not queried yet counts as up, whatever the kernel remembers', () => {
  for (const state of [undefined, NUD_FAILED, NUD_INCOMPLETE, NUD_STALE]) expect(after([state]).state).toBe('up');
});

test('an address that the kernel has just failed to resolve is down', () => {
  const first = (state: number) => firstHealth({ state, flags: 0 }, 0).state;
  expect([NUD_FAILED, NUD_INCOMPLETE].map(first)).toEqual(['down', 'down']);
  expect([NUD_REACHABLE, NUD_STALE, NUD_PROBE, NUD_PERMANENT].map(first)).toEqual(['up', 'up', 'up', 'up']);
});

test('an address that was down and whose entry only aged has answered since', () => {
  const down = after([NUD_STALE, ...silence(3)]);
  expect(after([NUD_STALE], down).state).toBe('returning');
});

test('is down after three checks without an answer; an answer restarts the count', () => {
  expect(after([NUD_STALE, ...silence(MOST_UNANSWERED - 1)]).state).toBe('up');
  expect(after([NUD_STALE, ...silence(MOST_UNANSWERED)])).toMatchObject({ state: 'down', since: 4000 });
  expect(after([NUD_STALE, ...silence(2), NUD_REACHABLE, ...silence(2)]).state).toBe('up');
  expect(after([undefined, NUD_INCOMPLETE, NUD_INCOMPLETE, NUD_FAILED]).state).toBe('down');
});

test('a static entry, or a link without neighbours, is up', () => {
  for (const state of [NUD_NOARP, NUD_PERMANENT]) expect(after([state, ...new Array(9).fill(state)]).state).toBe('up');
});

test('an aged entry proves nothing, for example after the process was stopped for a minute', () => {
  for (const state of [NUD_STALE, NUD_DELAY])
    expect(after([NUD_REACHABLE, ...new Array(9).fill(state)]).state).toBe('up');
});

test('is up only after answering for the whole hold-down, and one silent check makes it down again', () => {
  const down = after([NUD_STALE, ...silence(3)]);
  const looks = HOLD_DOWN_MS / 1000;
  expect(after(answers(1), down).state).toBe('returning');
  expect(after(answers(looks), down).state).toBe('returning');
  expect(after(answers(looks + 1), down).state).toBe('up');
  expect(after([...answers(looks), NUD_PROBE, ...answers(looks)], down).state).toBe('returning');
  expect(after([...answers(looks), NUD_FAILED], down)).toMatchObject({ state: 'down', since: 11_000 });
});

test('after any history, four silent checks make it down and answers for the hold-down make it up', () => {
  const state = fc.constantFrom(undefined, NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_FAILED, NUD_INCOMPLETE);
  fc.assert(
    fc.property(fc.array(state, { maxLength: 30 }), (history) => {
      const health = after(history);
      expect(after(silence(4), { ...health, since: 0 }).state).toBe('down');
      expect(after(answers(12), { ...health, since: 0 }).state).toBe('up');
    }),
  );
});

const HOPS = ['1', '3', '5'].map((host) => hop(`via 10.184.0.${host} dev priv`));

function choose(healths: readonly (HealthState | [HealthState, since: number])[], mode?: 'failover'): number[] {
  const known = new Map<Hop, Health>(
    HOPS.map((each, i) => {
      const [state, since] = [healths[i] ?? 'up'].flat() as [HealthState, number?];
      return [each, { state, since: since ?? 0 }];
    }),
  );
  return chooseHops(HOPS, mode, (each) => known.get(each)).map((each) => HOPS.indexOf(each));
}

test('uses those that are up; those in an unknown state count as up', () => {
  expect(choose(['up', 'up', 'up'])).toEqual([0, 1, 2]);
  expect(choose(['up', 'down', 'returning'])).toEqual([0]);
  expect(chooseHops(HOPS, undefined, () => undefined)).toEqual(HOPS);
});

test('in failover mode: the first one', () => {
  expect(choose(['up', 'up', 'up'], 'failover')).toEqual([0]);
  expect(choose(['returning', 'up', 'up'], 'failover')).toEqual([1]);
});

test('uses one that answers again at once if no other is up', () => {
  expect(choose(['down', 'returning', 'down'])).toEqual([1]);
  expect(choose(['down', 'returning', 'down'], 'failover')).toEqual([1]);
});

test('keeps those that answered last if none answers', () => {
  expect(
    choose([
      ['down', 1],
      ['down', 7],
      ['down', 3],
    ]),
  ).toEqual([1]);
  expect(
    choose([
      ['down', 7],
      ['down', 7],
      ['down', 3],
    ]),
  ).toEqual([0, 1]);
});

test('always returns at least one, only listed ones, and in failover mode exactly one', () => {
  const health = fc.tuple(fc.constantFrom<HealthState>('up', 'returning', 'down'), fc.nat(3));
  fc.assert(
    fc.property(fc.array(health, { minLength: 3, maxLength: 3 }), (healths) => {
      const chosen = choose(healths);
      expect(chosen.length).toBeGreaterThan(0);
      expect(choose(healths, 'failover')).toEqual(chosen.slice(0, 1));
    }),
  );
});
