import { WorkQueue } from './work-queue';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A queue whose work ends when the test says so. */
function started(atOnce = 2) {
  const running: { key: string; end: (error?: Error) => void }[] = [];
  const failures: string[] = [];
  const queue = new WorkQueue(
    (key) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => {
          running.splice(
            running.findIndex((one) => one.key === key),
            1,
          );
          if (error === undefined) resolve();
          else reject(error);
        };
        running.push({ key, end });
      }),
    (key, { message }) => failures.push(`${key}: ${message}`),
    atOnce,
  );
  const end = async (key: string, error?: Error) => {
    running.find((one) => one.key === key)?.end(error);
    await jest.advanceTimersByTimeAsync(0);
  };
  return { queue, end, failures, keys: () => running.map(({ key }) => key) };
}

test('runs a few keys at a time, and each key only once at a time; a key that is added meanwhile runs again', async () => {
  const { queue, end, keys } = started();
  for (const key of ['a', 'b', 'c', 'a', 'a']) queue.add(key);
  expect(keys()).toEqual(['a', 'b']);
  await end('b');
  expect(keys()).toEqual(['a', 'c']);
  await end('a');
  expect(keys()).toEqual(['c', 'a']);
  await end('a');
  await end('c');
  expect([keys(), queue.isFailing]).toEqual([[], false]);
});

test('retries a failed key after a growing pause, and at once when it is added', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  const { queue, end, keys, failures } = started();
  queue.add('a');
  await end('a', new Error('HTTP 500'));
  expect([keys(), queue.isFailing, failures]).toEqual([[], true, ['a: HTTP 500']]);
  await jest.advanceTimersByTimeAsync(500);
  expect(keys()).toEqual(['a']);
  await end('a', new Error('HTTP 500'));
  await jest.advanceTimersByTimeAsync(999);
  expect(keys()).toEqual([]);
  queue.add('a');
  expect(keys()).toEqual(['a']);
  await end('a');
  expect(queue.isFailing).toBe(false);
});

test('starts nothing once it is stopped', async () => {
  const { queue, end, keys } = started(1);
  queue.add('a');
  queue.add('b');
  queue.stop();
  await end('a', new Error('gone'));
  queue.add('c');
  await jest.advanceTimersByTimeAsync(60_000);
  expect(keys()).toEqual([]);
});
