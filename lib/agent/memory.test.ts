import { waitFor } from '../../test/lab/wait';
import { busyMeter, memoryReleaser } from './memory';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("returns memory once, after five seconds without changes: V8's first, then malloc's", () => {
  const given: string[] = [];
  const changed = memoryReleaser(
    () => given.push('malloc'),
    () => 0.01,
    () => given.push('V8'),
  );
  for (let i = 0; i < 10; i++) {
    changed();
    jest.advanceTimersByTime(4_999);
  }
  expect(given).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(given).toEqual(['V8', 'malloc']);
  jest.advanceTimersByTime(3_600_000);
  expect(given).toHaveLength(2);
});

test("works without V8's inspector", () => {
  const trim = jest.fn();
  memoryReleaser(trim, () => 0, undefined)();
  jest.advanceTimersByTime(5_000);
  expect(trim).toHaveBeenCalledTimes(1);
});

test('waits for five seconds with little work, so that a busy agent is not paused', () => {
  const gc = jest.fn();
  let share = 1;
  memoryReleaser(
    () => undefined,
    () => share,
    gc,
  )();
  jest.advanceTimersByTime(60_000);
  expect(gc).not.toHaveBeenCalled();
  share = 0.1;
  jest.advanceTimersByTime(5_000);
  expect(gc).toHaveBeenCalledTimes(1);
});

test('measures the share of busy time since the last call', async () => {
  jest.useRealTimers();
  const busy = busyMeter();
  await new Promise((resolve) => setImmediate(resolve)); // before its first turn, the event loop has no figures
  busy();
  const until = performance.now() + 50;
  while (performance.now() < until); // blocks the event loop
  await new Promise((resolve) => setImmediate(resolve));
  expect(busy()).toBeGreaterThan(0.5);
  await waitFor('a time with little to do', 20_000, () => busy() < 0.5, 200);
}, 30_000);
