import { Takeover } from './takeover';

interface Node {
  /** Whether another agent holds a lock, by protocol; unset: no agent does. */
  readonly held: Map<number, boolean>;
  isReady: boolean;
  /** Called by each check, so that a test can change something meanwhile. */
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

test('takes a lock that no agent holds after 60 s, not before, and only once', async () => {
  const { taken, acquire, released } = start(143);
  await seconds(59);
  expect([taken, acquire.mock.calls]).toEqual([[], []]);
  await seconds(2);
  expect(taken).toEqual([143]);
  await seconds(600);
  expect([taken, acquire.mock.calls, released]).toEqual([[143], [[143]], []]);
});

test('never takes a lock that an agent holds', async () => {
  const { node, taken, acquire } = start(143);
  node.held.set(143, true);
  await seconds(3600);
  expect([taken, acquire.mock.calls]).toEqual([[], []]);
});

test('starts the 60 s again if an agent appears for a moment', async () => {
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

test('does not count time without checks, for example while this agent was stopped', async () => {
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

test('takes nothing while the handler is not ready, and takes it as soon as it is', async () => {
  const { node, taken, acquire } = start(143);
  node.isReady = false;
  await seconds(300);
  expect(acquire).not.toHaveBeenCalled();
  node.isReady = true;
  await seconds(2);
  expect(taken).toEqual([143]);
});

test('does not take over if another agent takes the lock at the same moment', async () => {
  const { acquire, taken } = start(143);
  acquire.mockResolvedValueOnce('default/other'); // the lock was free when it was checked
  await seconds(61);
  expect([taken, acquire.mock.calls]).toEqual([[], [[143]]]);
});

test('watches each pool separately', async () => {
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

test('releases all locks at the end, including one that was just being taken', async () => {
  const { acquire, released, taken, takeover } = start(143, 144);
  acquire.mockImplementationOnce(async () => {
    takeover.stop();
    return undefined;
  });
  await seconds(300);
  expect(taken).toEqual([]);
  expect(released.sort()).toEqual([143, 143, 144]);
});

test('reports an unavailable lock once and requests it again', async () => {
  const { acquire, logged, taken } = start(143);
  acquire.mockRejectedValueOnce(new Error('EMFILE')).mockRejectedValueOnce(new Error('EMFILE'));
  await seconds(61);
  expect([taken, logged]).toEqual([[], ['error takeover.failed: EMFILE']]);
  await seconds(4);
  expect([taken, logged]).toEqual([[143], ['error takeover.failed: EMFILE']]);
});

test('checks nothing without disjoint pools', async () => {
  start();
  expect(jest.getTimerCount()).toBe(0);
});
