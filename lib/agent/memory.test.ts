import { memoryReleaser } from './memory';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('memory is given back once, when nothing has changed for five seconds: first what V8 keeps, then malloc', () => {
  const given: string[] = [];
  const changed = memoryReleaser(
    () => given.push('malloc'),
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

test('where V8 cannot be asked, that is no error', () => {
  const trim = jest.fn();
  memoryReleaser(trim, undefined)();
  jest.advanceTimersByTime(5_000);
  expect(trim).toHaveBeenCalledTimes(1);
});
