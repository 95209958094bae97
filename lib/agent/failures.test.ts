import { Failures } from './failures';

test('blocks a list that is proven twice to be the cause, and doubles the pause when it fails again', () => {
  const failures = new Failures();
  expect(failures.add('a', true, '10.0.0.1')).toBeUndefined();
  const reason = failures.add('a', true, '10.0.0.1');
  expect(reason).toBe('10.0.0.1 could not be reached with the list but could without it, 2 times');
  expect(failures.block('a', reason as string, 1000)).toEqual({ reason, pauseMs: 900_000, due: 901_000 });
  expect(failures.block('a', reason as string, 2000).pauseMs).toBe(1_800_000);
  expect(failures.blockOf('a')?.due).toBe(1_802_000);
});

test('keeps the failures of another list only if that list is blocked', () => {
  const failures = new Failures();
  failures.add('a', false, 'x');
  failures.startWith('b');
  expect(failures.areOf('a')).toBe(false);
  failures.block('b', 'why', 0);
  failures.startWith('c');
  expect([failures.blockOf('c'), failures.blockOf('b')?.reason]).toEqual([undefined, 'why']);
  failures.add('c', false, 'x');
  expect(failures.areOf('b')).toBe(false);
  failures.clear();
  expect(failures.areOf('c')).toBe(false);
});

test('counts agents that ended while they tried the list, and blocks it after the third', () => {
  const failures = new Failures();
  expect(failures.resume('a', 2)).toBeUndefined();
  expect([failures.endedWith('a'), failures.endedWith('b')]).toEqual([2, 0]);
  expect(failures.resume('a', 3)).toBe('the agent ended 3 times before the list was confirmed');
});
