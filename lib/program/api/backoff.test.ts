import { Backoff } from './backoff';

const waits = (random: number, times = 12) => {
  const backoff = new Backoff(() => random);
  return Array.from({ length: times }, () => backoff.next());
};

test('waits double from half a second to half a minute', () => {
  expect(waits(1)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
});

test('at least half of each is waited, the rest is chance', () => {
  expect(waits(0)).toEqual(waits(1).map((longest) => longest / 2));
});

test('no number of failures makes a wait longer', () => {
  expect(waits(1, 5000).at(-1)).toBe(30_000);
});

test('what the server asks for is waited, but no longer than half a minute', () => {
  const backoff = new Backoff(() => 0);
  expect(backoff.next(7_000)).toBe(7_000);
  expect(backoff.next(3_600_000)).toBe(30_000);
  expect(backoff.next(-5)).toBe(1_000);
});

test('a success resets the back-off', () => {
  const backoff = new Backoff(() => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(500);
});
