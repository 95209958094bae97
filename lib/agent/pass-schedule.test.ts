import { outcome } from '../../test/agent/facts';
import { PassSchedule } from './pass-schedule';
import type { Trigger } from './passes';

/** Passes take the given number of milliseconds, and succeed unless stated otherwise. */
function scheduled(takes = 0, succeeds = () => true) {
  const made: Trigger[] = [];
  const schedule = new PassSchedule((trigger) => {
    jest.advanceTimersByTime(takes);
    made.push(trigger);
    return succeeds() ? outcome() : undefined;
  });
  return { schedule, made };
}

const wait = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('merges several requests into one pass', () => {
  const { schedule, made } = scheduled();
  for (let i = 0; i < 10; i++) schedule.request('kernel event');
  wait(1);
  expect(made).toEqual(['kernel event']);
});

test('does not schedule a late pass in the past', () => {
  const { schedule } = scheduled();
  const planned = jest.spyOn(globalThis, 'setTimeout');
  schedule.request('kernel event');
  jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 5); // a busy process, whose timers are late
  schedule.request('list');
  expect(planned.mock.calls.map(([, ms]) => ms)).toEqual([0, 0]);
  jest.restoreAllMocks();
});

test('pauses between two passes for twice as long as the first one took', () => {
  const { schedule, made } = scheduled(10);
  schedule.request('kernel event');
  wait(0);
  schedule.request('kernel event');
  wait(19);
  expect(made).toHaveLength(1);
  wait(1);
  expect(made).toHaveLength(2);
});

test.each<[Trigger, Trigger]>([
  ['list', 'kernel event'],
  ['rollback', 'resync'],
  ['next hop', 'retry'],
])('uses %s as the trigger of a pass that %s requests as well, in either order', (named, other) => {
  for (const order of [
    [named, other],
    [other, named],
  ] as const) {
    const { schedule, made } = scheduled();
    for (const trigger of order) schedule.request(trigger);
    wait(1);
    expect(made).toEqual([named]);
  }
});

test('setting the trigger does not delay the pass', () => {
  const { schedule, made } = scheduled();
  schedule.request('kernel event', 50);
  schedule.request('list', 80);
  wait(50);
  expect(made).toEqual(['list']);
});

test('retries failures with growing delays, and at once after an event', () => {
  let isWell = false;
  const { schedule, made } = scheduled(0, () => isWell);
  schedule.request('list');
  wait(120_000);
  const tries = made.length;
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(20);
  isWell = true;
  schedule.request('kernel event');
  wait(0);
  expect(made.at(-1)).toBe('kernel event');
  wait(120_000);
  expect(made).toHaveLength(tries + 1);
});

test('makes no pass once stopped', () => {
  const { schedule, made } = scheduled();
  schedule.request('list');
  schedule.stop();
  wait(60_000);
  expect(made).toEqual([]);
});
