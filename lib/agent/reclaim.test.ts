import { reclaimer } from './reclaim';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('memory is given back once, when nothing has changed for five seconds', () => {
  const collect = jest.fn();
  const changed = reclaimer(collect);
  for (let i = 0; i < 10; i++) {
    changed();
    jest.advanceTimersByTime(4_999);
  }
  expect(collect).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(collect).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(3_600_000);
  expect(collect).toHaveBeenCalledTimes(1);
});

test('where it cannot be, that is no error', () => {
  reclaimer(undefined)();
  jest.advanceTimersByTime(5_000);
});
