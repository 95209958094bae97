import { pause } from '../program/pause';
import { Preparation } from './preparation';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const wait = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

test('an abandoned one continues for the next request, and ends when it would have ended', async () => {
  const preparation = new Preparation();
  const begin = jest.fn((signal: AbortSignal) => pause(1000, signal));
  const first = new AbortController();
  const given = expect(preparation.join(begin, first.signal)).rejects.toThrow('replaced');
  await wait(600);
  first.abort(new Error('replaced'));
  await given;
  let isOver = false;
  const second = preparation.join(begin, new AbortController().signal).then(() => {
    isOver = true;
  });
  await wait(399);
  expect([isOver, begin.mock.calls.length]).toEqual([false, 1]);
  await wait(1);
  await second;
  expect(isOver).toBe(true);
});

test('another one begins after one that ended or was stopped', async () => {
  const preparation = new Preparation();
  const begin = jest.fn((signal: AbortSignal) => pause(1000, signal));
  const { signal } = new AbortController();
  const first = preparation.join(begin, signal);
  await wait(1000);
  await first;
  const second = expect(preparation.join(begin, signal)).rejects.toThrow();
  preparation.stop();
  await second;
  const third = preparation.join(begin, signal);
  await wait(1000);
  await third;
  expect(begin).toHaveBeenCalledTimes(3);
  expect(jest.getTimerCount()).toBe(0);
});

test('an error is reported to all that wait for it', async () => {
  const preparation = new Preparation();
  const begin = () => Promise.reject(new Error('no'));
  const { signal } = new AbortController();
  await Promise.all([
    expect(preparation.join(begin, signal)).rejects.toThrow('no'),
    expect(preparation.join(begin, signal)).rejects.toThrow('no'),
  ]);
});
