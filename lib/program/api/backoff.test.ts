import { Backoff } from './backoff';

const waits = (random: number, times = 12) => {
  const backoff = new Backoff(() => random);
  return Array.from({ length: times }, () => backoff.next());
};

test('doubles the wait from half a second to half a minute', () => {
  expect(waits(1)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
});

test('makes half of each wait random', () => {
  expect(waits(0)).toEqual(waits(1).map((longest) => longest / 2));
});

test('never waits longer, whatever the number of failures', () => {
  expect(waits(1, 5000).at(-1)).toBe(30_000);
});

test('waits as long as the server asks for, but at most half a minute', () => {
  const backoff = new Backoff(() => 0);
  expect(backoff.next(7_000)).toBe(7_000);
  expect(backoff.next(3_600_000)).toBe(30_000);
  expect(backoff.next(-5)).toBe(1_000);
});

test('starts again with the shortest wait after a success', () => {
  const backoff = new Backoff(() => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(500);
});
