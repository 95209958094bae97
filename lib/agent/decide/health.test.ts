import fc from 'fast-check';
import * as nl from '../netlink/constants';
import { firstHealth, type Health, HOLD_DOWN_MS, MOST_UNANSWERED, nextHealth } from './health';

const { NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_FAILED, NUD_INCOMPLETE, NUD_NOARP, NUD_PERMANENT } = nl;

/** What is thought of a next hop after looks a second apart; undefined: the kernel has no entry. */
function after(looks: readonly (number | undefined)[], start: Health = firstHealth(undefined, 0)): Health {
  return looks.reduce<Health>(
    (health, state, i) => nextHealth(health, state === undefined ? undefined : { state, flags: 0 }, 1000 * (i + 1)),
    start,
  );
}

const silence = (looks: number) => new Array(looks).fill(NUD_PROBE);
const answers = (looks: number) => new Array(looks).fill(NUD_REACHABLE);

test('what was not asked yet counts as up, whatever the kernel remembers', () => {
  for (const state of [undefined, NUD_FAILED, NUD_INCOMPLETE, NUD_STALE]) expect(after([state]).state).toBe('up');
});

test('what the kernel had just asked in vain was dead before', () => {
  const first = (state: number) => firstHealth({ state, flags: 0 }, 0).state;
  expect([NUD_FAILED, NUD_INCOMPLETE].map(first)).toEqual(['down', 'down']);
  expect([NUD_REACHABLE, NUD_STALE, NUD_PROBE, NUD_PERMANENT].map(first)).toEqual(['up', 'up', 'up', 'up']);
});

test('what was down and has merely aged was heard since', () => {
  const down = after([NUD_STALE, ...silence(3)]);
  expect(after([NUD_STALE], down).state).toBe('returning');
});

test('three looks without an answer make it down, one with an answer begins anew', () => {
  expect(after([NUD_STALE, ...silence(MOST_UNANSWERED - 1)]).state).toBe('up');
  expect(after([NUD_STALE, ...silence(MOST_UNANSWERED)])).toMatchObject({ state: 'down', since: 4000 });
  expect(after([NUD_STALE, ...silence(2), NUD_REACHABLE, ...silence(2)]).state).toBe('up');
  expect(after([undefined, NUD_INCOMPLETE, NUD_INCOMPLETE, NUD_FAILED]).state).toBe('down');
});

test('an address set by hand, or a link without neighbours, is up', () => {
  for (const state of [NUD_NOARP, NUD_PERMANENT]) expect(after([state, ...new Array(9).fill(state)]).state).toBe('up');
});

test('what has merely aged says nothing: a process that was stopped for a minute finds that', () => {
  for (const state of [NUD_STALE, NUD_DELAY])
    expect(after([NUD_REACHABLE, ...new Array(9).fill(state)]).state).toBe('up');
});

test('what was down has to answer for the whole hold-down before it is up, and is down again by one silent look', () => {
  const down = after([NUD_STALE, ...silence(3)]);
  const looks = HOLD_DOWN_MS / 1000;
  expect(after(answers(1), down).state).toBe('returning');
  expect(after(answers(looks), down).state).toBe('returning');
  expect(after(answers(looks + 1), down).state).toBe('up');
  expect(after([...answers(looks), NUD_PROBE, ...answers(looks)], down).state).toBe('returning');
  expect(after([...answers(looks), NUD_FAILED], down)).toMatchObject({ state: 'down', since: 11_000 });
});

test('after any history, four silent looks make it down and answers for the hold-down make it up', () => {
  const state = fc.constantFrom(undefined, NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_FAILED, NUD_INCOMPLETE);
  fc.assert(
    fc.property(fc.array(state, { maxLength: 30 }), (history) => {
      const health = after(history);
      expect(after(silence(4), { ...health, since: 0 }).state).toBe('down');
      expect(after(answers(12), { ...health, since: 0 }).state).toBe('up');
    }),
  );
});
