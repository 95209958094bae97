import { block, newRecord, reasonToBlock, type TrialRecord, withRollback } from './trial-record';

const after = (...proofs: readonly boolean[]): TrialRecord => proofs.reduce(withRollback, newRecord('hash'));

test('one loss does not block a list; two proven losses do, and so do three of any cause', () => {
  expect(reasonToBlock(after(true), 'a')).toBeUndefined();
  expect(reasonToBlock(after(false, false), 'a')).toBeUndefined();
  expect(reasonToBlock(after(true, false), 'a')).toBeUndefined();
  expect(reasonToBlock(after(true, true), 'a')).toBe(
    'a could not be reached with the list but could without it, 2 times',
  );
  expect(reasonToBlock(after(false, true, false), 'a')).toBe('a could not be reached with the list, 3 times');
});

test('a list during which three agents ended is blocked', () => {
  expect(reasonToBlock(newRecord('hash', 2), '')).toBeUndefined();
  expect(reasonToBlock(newRecord('hash', 3), '')).toBe('the agent ended 3 times before the list was confirmed');
});

test('a blocked list is retried after 15 minutes, then after twice as long each time, up to 4 hours', () => {
  let record = newRecord('hash');
  const pauses = Array.from({ length: 7 }, () => {
    const { blocked } = block(record, 'why', 1000);
    record = { ...record, blocked };
    expect(blocked.due).toBe(1000 + blocked.pauseMs);
    return blocked.pauseMs / 60_000;
  });
  expect(pauses).toEqual([15, 30, 60, 120, 240, 240, 240]);
});
