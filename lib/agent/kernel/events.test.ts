import { closeSync, read, writeSync } from 'node:fs';
import { message, u8, u16, u32 } from '../testing/wire';
import type { KernelEvent } from './event';
import { KernelEvents } from './events';

jest.mock('node:fs', () => ({ read: jest.fn(), writeSync: jest.fn(), closeSync: jest.fn() }));

const link = (index: number) => message({ type: 16 }, u8(0, 0), u16(1), u32(index), u32(0), u32(0));
const seen = (...indices: number[]) => indices.map((index) => ({ kind: 'link', index }));

type Answer = (error: Error | null, length: number) => void;

/** What waits in the thread pool, and what it was asked to read into. */
let waiting: { readonly buffer: Buffer; readonly answer: Answer };
let queue: Buffer[];
let dropped: number;
let batches: (readonly KernelEvent[])[];
let events: KernelEvents;

/** What a read gives of a message: no more than fits. */
function taken(bytes: Buffer | undefined, buffer: Uint8Array): number {
  return bytes === undefined ? -1 : bytes.copy(buffer);
}

/** These messages come, one after the other, before the agent gets to it. */
function come(...messages: Buffer[]): void {
  queue.push(...messages);
  waiting.answer(null, taken(queue.shift(), waiting.buffer));
}

beforeEach(() => {
  [queue, batches, dropped] = [[], [], 0];
  jest.mocked(read as (...args: unknown[]) => void).mockImplementation((...args) => {
    waiting = { buffer: args[1] as Buffer, answer: args[5] as Answer };
  });
  events = new KernelEvents(
    { fd: 3, readQueued: (into) => taken(queue.shift(), into), dropped: () => dropped },
    (batch) => batches.push(batch),
  );
});

test('what is queued comes as one batch, in its order', () => {
  come(link(2), link(4));
  expect(batches).toEqual([seen(2, 4)]);
  come(link(5));
  expect(batches).toEqual([seen(2, 4), seen(5)]);
});

test('a storm comes in pieces, between which others have their turn, and none of it is lost', () => {
  const indices = Array.from({ length: 5000 }, (_, i) => i);
  come(...indices.map((index) => link(index)));
  while (queue.length > 0) come();
  expect(batches.length).toBeGreaterThan(1);
  expect(batches.flat()).toEqual(seen(...indices));
});

test('a batch leaves room for the largest message', () => {
  const large = message({ type: 16 }, u8(0, 0), u16(1), u32(9), u32(0), u32(0), Buffer.alloc(32_000));
  come(...Array.from({ length: 2000 }, (_, i) => link(i)), large, large);
  while (queue.length > 0) come();
  expect(batches.flat().filter((event) => event.kind === 'link' && event.index === 9)).toHaveLength(3);
  expect(batches.flat()).not.toContainEqual({ kind: 'overrun' });
});

test('what the kernel dropped is told once each time, whatever came with it', () => {
  dropped = 7;
  come(link(2));
  come(link(3));
  dropped = 8;
  come(link(4));
  expect(batches).toEqual([[{ kind: 'overrun' }], seen(3), [{ kind: 'overrun' }]]);
});

test('what cannot be understood is as good as lost', () => {
  come(link(2).subarray(0, 20));
  expect(batches).toEqual([[{ kind: 'overrun' }]]);
});

test('an error that stays does not make it spin', () => {
  jest.useFakeTimers();
  const { answer } = waiting;
  jest.mocked(read as (...args: unknown[]) => void).mockClear();
  answer(new Error('EBADF'), 0);
  expect(batches).toEqual([[{ kind: 'overrun' }]]);
  expect(read).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1_000);
  expect(read).toHaveBeenCalledTimes(1);
  jest.useRealTimers();
});

test('stopped, it wakes its own read and closes the socket, once', () => {
  events.stop();
  events.stop();
  expect(writeSync).toHaveBeenCalledTimes(1);
  come(link(2));
  expect(closeSync).toHaveBeenCalledTimes(1);
  expect(batches).toEqual([]);
});
