import fc from 'fast-check';
import { CALM_MS, LONGEST_PAUSE_MS } from '../../program/flapping';
import {
  bestHealth,
  firstPathHealth,
  isAnswering,
  MOST_MISSES,
  nextPathHealth,
  PATH_HOLD_MS,
  type PathHealth,
  worseHealth,
} from './path-health';

const EVERY = 10_000;

/** Probes ten seconds apart: `+` is answered, `-` is not. */
function play(probes: string, health = firstPathHealth('up', 0), othersAnswer = true, now = 0) {
  for (const probe of probes) {
    now += EVERY;
    health = nextPathHealth(health, probe === '+', now, othersAnswer);
  }
  return { health, now };
}

test('a path is down after three probes in a row without an answer', () => {
  expect(play('+--').health.state).toBe('up');
  expect(play('+--+--').health.state).toBe('up');
  expect(play('+---').health).toMatchObject({ state: 'down', since: 4 * EVERY, misses: 3 });
});

test('silence proves nothing while no other next hop leads to the network', () => {
  const { health, now } = play('+------', undefined, false);
  expect(health).toMatchObject({ state: 'up', misses: 6 });
  expect(nextPathHealth(health, false, now + EVERY, true).state).toBe('down');
});

test('a path is up again after a minute of answers without a break', () => {
  expect(play('---++++++').health.state).toBe('returning');
  expect(play('---+++++++').health.state).toBe('up');
  expect(play('---++++++-').health.state).toBe('down');
  expect(play('---++++++-++++++').health.state).toBe('returning');
});

test('a path that goes down again must answer for longer, up to ten minutes, until it was up for ten minutes', () => {
  const round = `---${'+'.repeat(61)}`;
  const holds: number[] = [];
  let [health, now] = [firstPathHealth('up', 0), 0];
  for (let i = 0; i < 6; i++) {
    ({ health, now } = play('---', health, true, now));
    holds.push(health.holdMs);
    ({ health, now } = play('+'.repeat(health.holdMs / EVERY + 1), health, true, now));
    expect(health.state).toBe('up');
  }
  expect(holds).toEqual([1, 2, 4, 8, 10, 10].map((minutes) => minutes * 60_000));
  ({ health, now } = play(round, health, true, now + CALM_MS));
  expect(health.holdMs).toBe(PATH_HOLD_MS);
});

test('a path that the routes avoided before the agent started is not used at once', () => {
  expect(play('+++++++', firstPathHealth('down', 0)).health.state).toBe('up');
  expect(play('++++++', firstPathHealth('down', 0)).health.state).toBe('returning');
});

test('changes its state only after misses or a hold, and the hold is bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 300 }), (probes) => {
      let health: PathHealth = firstPathHealth('up', 0);
      let answers = 0;
      probes.forEach(([isAnswered, others], i) => {
        const before = health;
        answers = isAnswered ? answers + 1 : 0;
        health = nextPathHealth(before, isAnswered, i * EVERY, others);
        if (before.state === 'up' && health.state !== 'up')
          expect([health.misses >= MOST_MISSES, others]).toEqual([true, true]);
        if (before.state !== 'up' && health.state === 'up')
          expect((answers - 1) * EVERY).toBeGreaterThanOrEqual(PATH_HOLD_MS);
        expect(health.holdMs).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
      });
    }),
  );
});

test('the last answer is valid for three intervals', () => {
  const { health, now } = play('+');
  expect(isAnswering(firstPathHealth('up', 0), 0, EVERY)).toBe(false);
  expect(isAnswering(health, now + 2 * EVERY, EVERY)).toBe(true);
  expect(isAnswering(health, now + 3 * EVERY, EVERY)).toBe(false);
  expect(isAnswering(play('+-').health, now, EVERY)).toBe(false);
});

test('uses the best of several targets, and the worse of neighbour and probes', () => {
  const [up, returning, down] = (['up', 'returning', 'down'] as const).map((state) => ({ state, since: 0 }));
  expect(bestHealth([down, up, returning] as never)).toBe(up);
  expect(bestHealth([])).toBeUndefined();
  expect(worseHealth(up, down)).toBe(down);
  expect(worseHealth(returning, up)).toBe(returning);
  expect(worseHealth(undefined, up)).toBe(up);
});
