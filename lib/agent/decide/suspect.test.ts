import { charged, condemn, type Suspect, suspectOf, verdictOn } from './suspect';

const after = (...proofs: readonly boolean[]): Suspect => proofs.reduce(charged, suspectOf('hash'));

test('one loss condemns nobody, two proven ones do, three of whatever cause do', () => {
  expect(verdictOn(after(true), 'a')).toBeUndefined();
  expect(verdictOn(after(false, false), 'a')).toBeUndefined();
  expect(verdictOn(after(true, false), 'a')).toBeUndefined();
  expect(verdictOn(after(true, true), 'a')).toBe('a could not be reached with it, and could be without it, 2 times');
  expect(verdictOn(after(false, true, false), 'a')).toBe('a could not be reached with it, 3 times');
});

test('a list with which three agents ended is condemned', () => {
  expect(verdictOn(suspectOf('hash', 2), '')).toBeUndefined();
  expect(verdictOn(suspectOf('hash', 3), '')).toBe('the agent ended 3 times before it was confirmed');
});

test('a condemned list is tried again after 15 minutes, then after twice as long each time, up to 4 hours', () => {
  let suspect = suspectOf('hash');
  const pauses = Array.from({ length: 7 }, () => {
    const { condemned } = condemn(suspect, 'why', 1000);
    suspect = { ...suspect, condemned };
    expect(condemned.due).toBe(1000 + condemned.pauseMs);
    return condemned.pauseMs / 60_000;
  });
  expect(pauses).toEqual([15, 30, 60, 120, 240, 240, 240]);
});
