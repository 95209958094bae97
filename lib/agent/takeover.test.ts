import { Takeover } from './takeover';

interface Node {
  /** Whether somebody else holds a lock, by protocol; unset: nobody. */
  readonly held: Map<number, boolean>;
  isReady: boolean;
  /** Asked by a look, so that a test can let something happen meanwhile. */
  onLook: () => void;
}

const running: Takeover[] = [];

function start(...protocols: number[]) {
  const node: Node = { held: new Map(), isReady: true, onLook: () => undefined };
  const acquire = jest.fn(async (protocol: number) => (node.held.get(protocol) ? 'default/other' : undefined));
  const released: number[] = [];
  const taken: number[] = [];
  const logged: string[] = [];
  const takeover = new Takeover(
    protocols,
    (protocol) => ({
      isHeld: async () => {
        node.onLook();
        return node.held.get(protocol) ?? false;
      },
      acquire: () => acquire(protocol),
      release: () => released.push(protocol),
    }),
    { isReadyFor: () => node.isReady, takeOver: (protocol) => taken.push(protocol) },
    (level, event, message) => logged.push(`${level} ${event}: ${message}`),
  );
  running.push(takeover);
  takeover.start();
  return { node, acquire, released, taken, logged, takeover };
}

const seconds = (count: number) => jest.advanceTimersByTimeAsync(count * 1000);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  for (const takeover of running.splice(0)) takeover.stop();
  jest.useRealTimers();
});

test('a lock that nobody holds is taken after 60 s, not before, and once', async () => {
  const { taken, acquire, released } = start(143);
  await seconds(59);
  expect([taken, acquire.mock.calls]).toEqual([[], []]);
  await seconds(2);
  expect(taken).toEqual([143]);
  await seconds(600);
  expect([taken, acquire.mock.calls, released]).toEqual([[143], [[143]], []]);
});

test('one that somebody holds is never taken', async () => {
  const { node, taken, acquire } = start(143);
  node.held.set(143, true);
  await seconds(3600);
  expect([taken, acquire.mock.calls]).toEqual([[], []]);
});

test('an agent that shows itself for a moment starts the 60 s anew', async () => {
  const { node, taken } = start(143);
  await seconds(50);
  node.held.set(143, true);
  await seconds(2);
  node.held.set(143, false);
  await seconds(59);
  expect(taken).toEqual([]);
  await seconds(4);
  expect(taken).toEqual([143]);
});

test('time in which nobody looked, as while this agent was stopped, does not count', async () => {
  const { node, taken } = start(143);
  await seconds(30);
  node.onLook = () => {
    node.onLook = () => undefined;
    jest.advanceTimersByTime(3_600_000);
  };
  await seconds(2);
  await seconds(55);
  expect(taken).toEqual([]);
  await seconds(8);
  expect(taken).toEqual([143]);
});

test('nothing is taken while the handler is not ready, and as soon as it is', async () => {
  const { node, taken, acquire } = start(143);
  node.isReady = false;
  await seconds(300);
  expect(acquire).not.toHaveBeenCalled();
  node.isReady = true;
  await seconds(2);
  expect(taken).toEqual([143]);
});

test('who takes the lock at the same moment has it', async () => {
  const { acquire, taken } = start(143);
  acquire.mockResolvedValueOnce('default/other'); // it was free when it was looked at
  await seconds(61);
  expect([taken, acquire.mock.calls]).toEqual([[], [[143]]]);
});

test('each pool is watched for itself', async () => {
  const { node, taken } = start(143, 144, 145);
  node.held.set(144, true);
  await seconds(30);
  node.held.set(145, true);
  await seconds(2);
  node.held.set(145, false);
  await seconds(30);
  expect(taken).toEqual([143]);
  await seconds(35);
  expect(taken).toEqual([143, 145]);
});

test('the end gives back all locks, also one that was just being taken', async () => {
  const { acquire, released, taken, takeover } = start(143, 144);
  acquire.mockImplementationOnce(async () => {
    takeover.stop();
    return undefined;
  });
  await seconds(300);
  expect(taken).toEqual([]);
  expect(released.sort()).toEqual([143, 143, 144]);
});

test('an unavailable lock is reported once and requested again', async () => {
  const { acquire, logged, taken } = start(143);
  acquire.mockRejectedValueOnce(new Error('EMFILE')).mockRejectedValueOnce(new Error('EMFILE'));
  await seconds(61);
  expect([taken, logged]).toEqual([[], ['error takeover.failed: EMFILE']]);
  await seconds(4);
  expect([taken, logged]).toEqual([[143], ['error takeover.failed: EMFILE']]);
});

test('without disjoint pools nothing is ever looked at', async () => {
  start();
  expect(jest.getTimerCount()).toBe(0);
});
