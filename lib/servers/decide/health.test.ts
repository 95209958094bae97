import fc from 'fast-check';
import { CALM_MS, LONGEST_PAUSE_MS } from '../../program/flapping';
import {
  asks,
  FIRST_PAUSE_MS,
  firstLook,
  type Health,
  isHeld,
  marked,
  observe,
  type ProbeResult,
  type Thresholds,
} from './health';

const OK: ProbeResult = { ok: true, milliseconds: 3 };
const BAD: ProbeResult = { ok: false, reason: 'connection refused' };
const THRESHOLDS = { downAfter: 3, upAfter: 2 };

/** Results ten seconds apart. Each requested mark is confirmed. */
function play(health: Health, results: readonly ProbeResult[], from: number): { health: Health; now: number } {
  let now = from;
  for (const result of results) {
    now += 10_000;
    health = observe(health, result, now, true);
    health = marked(health, asks(health, THRESHOLDS, now) ?? health.mark, now);
  }
  return { health, now };
}

const repeat = (result: ProbeResult, times: number) => Array.from({ length: times }, () => result);

test('a server goes down with the third failure in a row, and up with the second success', () => {
  const { health: twice } = play(firstLook('up', 0), [BAD, BAD, OK, BAD, BAD], 0);
  expect(twice).toMatchObject({ mark: 'up', failures: 2, reason: 'connection refused' });
  const { health: down, now } = play(twice, [BAD], 50_000);
  expect(down).toMatchObject({ mark: 'down', since: now });
  expect(play(down, [OK], now).health.mark).toBe('down');
  expect(play(down, [OK, BAD, OK], now).health.mark).toBe('down');
  expect(play(down, [OK, OK], now).health.mark).toBe('up');
});

test('does not count failures while no server of the site answers, and they end the row', () => {
  let health = firstLook('up', 0);
  for (const [now, othersAnswer] of [
    [1, true],
    [2, true],
    [3, false],
    [4, true],
    [5, true],
  ] as const) {
    health = observe(health, BAD, now, othersAnswer);
    expect(asks(health, THRESHOLDS, now)).toBeUndefined();
  }
  expect(health).toMatchObject({ failures: 2, firstFailure: 4 });
});

test('a new server of a Service is up after its first success', () => {
  const fresh = firstLook('down', 0, true);
  expect(fresh.reason).toBe('not probed yet');
  expect(play(fresh, [BAD, OK], 0).health.mark).toBe('up');
});

test('a flapping server is held for growing, bounded pauses, which a calm period ends', () => {
  let health = firstLook('up', 0);
  let now = 0;
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    ({ health, now } = play(health, repeat(BAD, 3), now));
    pauses.push(health.heldUntil - now);
    const answering = play(health, repeat(OK, 2), now);
    expect(isHeld(answering.health, THRESHOLDS, answering.now)).toBe(health.heldUntil > answering.now);
    ({ health, now } = play(health, repeat(OK, Math.max(2, Math.ceil((health.heldUntil - now) / 10_000))), now));
    expect(health.mark).toBe('up');
  }
  const expected = [0, 1, 2, 4, 8, 16, 32, 64, 128].map((times) => Math.min(LONGEST_PAUSE_MS, times * FIRST_PAUSE_MS));
  expect(pauses).toEqual(expected);
  ({ health, now } = play(health, repeat(OK, CALM_MS / 10_000), now));
  ({ health, now } = play(health, repeat(BAD, 3), now));
  expect(health.heldUntil).toBe(now);
});

describe('for any sequence of results', () => {
  interface Step {
    readonly ok: boolean;
    readonly after: number;
    readonly othersAnswer: boolean;
  }
  const steps = fc.array(
    fc.record({ ok: fc.boolean(), after: fc.integer({ min: 1, max: 400_000 }), othersAnswer: fc.boolean() }),
    { maxLength: 200 },
  );
  const thresholds = fc.record({ downAfter: fc.integer({ min: 1, max: 5 }), upAfter: fc.integer({ min: 1, max: 5 }) });

  /** The states after each step, with the requests, and the kinds of the results so far. */
  function* run(list: readonly Step[], limits: Thresholds) {
    let health = firstLook('up', 0);
    let now = 0;
    const seen: string[] = [];
    for (const { ok, after, othersAnswer } of list) {
      now += after;
      health = observe(health, ok ? OK : BAD, now, othersAnswer);
      const failure = othersAnswer ? 'bad' : 'void';
      seen.push(ok ? 'ok' : failure);
      const mark = asks(health, limits, now);
      const before = health;
      health = marked(health, mark ?? health.mark, now);
      yield { before, mark, health, now, seen };
    }
  }

  test('a mark changes only after its threshold in a row, and a pause never exceeds its limit', () => {
    fc.assert(
      fc.property(steps, thresholds, (list, limits) => {
        for (const { before, mark, health, now, seen } of run(list, limits)) {
          if (mark === undefined) continue;
          expect(mark).not.toBe(before.mark);
          const row = mark === 'down' ? new Array(limits.downAfter).fill('bad') : new Array(limits.upAfter).fill('ok');
          expect(seen.slice(-row.length)).toEqual(row);
          expect(health.heldUntil - now).toBeLessThanOrEqual(mark === 'down' ? LONGEST_PAUSE_MS : 0);
        }
      }),
    );
  });

  test('a server that always answers is up once its thresholds and its pause are over', () => {
    fc.assert(
      fc.property(steps, thresholds, (list, limits) => {
        let { health, now } = [...run(list, limits)].at(-1) ?? { health: firstLook('up', 0), now: 0 };
        now = Math.max(now, health.heldUntil);
        for (let i = 0; i < limits.upAfter; i++) health = observe(health, OK, ++now, true);
        expect(marked(health, asks(health, limits, now) ?? health.mark, now).mark).toBe('up');
      }),
    );
  });
});
