import { closeSync, read, writeSync } from 'node:fs';
import { messageIn } from '../../../test/agent/messages';
import { attribute, attributes, ip4, message, rtmsg, u8, u16, u32 } from '../../../test/agent/wire';
import { type KernelEvent, KernelEvents, readEvent } from './events';

jest.mock('node:fs', () => ({ read: jest.fn(), writeSync: jest.fn(), closeSync: jest.fn() }));

const link = (index: number) => message({ type: 16 }, u8(0, 0), u16(1), u32(index), u32(0), u32(0));
const seen = (...indices: number[]) => indices.map((index) => ({ kind: 'link', index }));

type Answer = (error: Error | null, length: number) => void;

/** The pending read of the thread pool, and its buffer. */
let waiting: { readonly buffer: Buffer; readonly answer: Answer };
let queue: Buffer[];
let dropped: number;
let batches: (readonly KernelEvent[])[];
let events: KernelEvents;

/** The result of reading a message: at most what fits into the buffer. */
function taken(bytes: Buffer | undefined, buffer: Uint8Array): number {
  return bytes === undefined ? -1 : bytes.copy(buffer);
}

/** Delivers these messages in order, before the agent handles them. */
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

test('delivers queued events as one batch, in order', () => {
  come(link(2), link(4));
  expect(batches).toEqual([seen(2, 4)]);
  come(link(5));
  expect(batches).toEqual([seen(2, 4), seen(5)]);
});

test('delivers a storm in parts, with pauses for other work, and without losses', () => {
  const indices = Array.from({ length: 5000 }, (_, i) => i);
  come(...indices.map((index) => link(index)));
  while (queue.length > 0) come();
  expect(batches.length).toBeGreaterThan(1);
  expect(batches.flat()).toEqual(seen(...indices));
});

test('leaves room for the largest message in a batch', () => {
  const large = message({ type: 16 }, u8(0, 0), u16(1), u32(9), u32(0), u32(0), Buffer.alloc(32_000));
  come(...Array.from({ length: 2000 }, (_, i) => link(i)), large, large);
  while (queue.length > 0) come();
  expect(batches.flat().filter((event) => event.kind === 'link' && event.index === 9)).toHaveLength(3);
  expect(batches.flat()).not.toContainEqual({ kind: 'overrun' });
});

test('reports each overrun once, whatever arrived with it', () => {
  dropped = 7;
  come(link(2));
  come(link(3));
  dropped = 8;
  come(link(4));
  expect(batches).toEqual([[{ kind: 'overrun' }], seen(3), [{ kind: 'overrun' }]]);
});

test('treats an invalid message as lost', () => {
  come(link(2).subarray(0, 20));
  expect(batches).toEqual([[{ kind: 'overrun' }]]);
});

test('a persistent error causes no busy loop', () => {
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

test('when stopped, wakes its own read and closes the socket once', () => {
  events.stop();
  events.stop();
  expect(writeSync).toHaveBeenCalledTimes(1);
  come(link(2));
  expect(closeSync).toHaveBeenCalledTimes(1);
  expect(batches).toEqual([]);
});

const event = (type: number, ...payload: Buffer[]) => readEvent(messageIn(message({ type }, ...payload)));

const ROUTE = [u8(2, 24, 0, 0, 254, 142, 0, 1), u32(0), attributes(attribute(1, ip4('192.168.1.0')))];

test('a route event contains the route, and whether it was removed', () => {
  expect(event(24, ...ROUTE)).toMatchObject({ kind: 'route', deleted: false, route: { protocol: 142 } });
  expect(event(25, ...ROUTE)).toMatchObject({ kind: 'route', deleted: true });
});

test('a route event shows whether it replaced another route; an appended one did not', () => {
  const withFlags = (flags: number) => readEvent(messageIn(message({ type: 24, flags }, ...ROUTE)));
  const [REPLACE, CREATE_EXCL, CREATE_APPEND] = [0x100, 0x600, 0xc00];
  expect(withFlags(REPLACE)).toMatchObject({ replaced: true });
  for (const flags of [CREATE_EXCL, CREATE_APPEND]) expect(withFlags(flags)).not.toHaveProperty('replaced');
});

test('ignores a broadcast route, which every new address causes, but not a local route, which may take packets', () => {
  expect(event(24, u8(2, 32, 0, 0, 255, 2, 254, 3), u32(0))).toBeUndefined();
  expect(event(24, u8(2, 32, 0, 0, 255, 2, 254, 2), u32(0))).toMatchObject({ kind: 'route', route: { table: 255 } });
});

test('an address or link event names it', () => {
  const address = attributes(attribute(1, ip4('10.184.0.2')));
  expect(event(20, u8(2, 26, 0, 0), u32(2), address)).toMatchObject({ kind: 'address', address: { link: 2 } });
  expect(event(21, u8(2, 26, 0, 0), u32(2), address)).toMatchObject({ kind: 'address' });
  expect(event(16, u8(0, 0), u16(1), u32(9), u32(0), u32(0))).toEqual({ kind: 'link', index: 9 });
  expect(event(17, u8(0, 0), u16(1), u32(9), u32(0), u32(0))).toEqual({ kind: 'link', index: 9 });
});

test.each([
  [104, 'nexthop'],
  [105, 'nexthop'],
])('message type %i is a %s event', (type, kind) => expect(event(type)).toEqual({ kind }));

test('acknowledgements and neighbours are not events', () => {
  expect(event(2, u32(0))).toBeUndefined();
  expect(event(28)).toBeUndefined();
});

test.each([32, 33])('message type %i is a rule event, unless it is a rule for probes', (type) => {
  const rule = (table: number) =>
    [u8(2, 0, 0, 0, 252, 0, 0, 1), u32(0), attributes(attribute(15, u32(table)))] as const;
  expect(event(type, ...rule(300))).toEqual({ kind: 'rule' });
  expect(event(type, ...rule(0x6f708e01))).toBeUndefined();
});

test('ignores routes in the tables for probes', () => {
  const route = (table: number) =>
    [rtmsg([2, 0, 0, 0, 252, 142, 0, 1]), attributes(attribute(15, u32(table)))] as const;
  expect(event(24, ...route(300))).toMatchObject({ kind: 'route', route: { table: 300 } });
  expect(event(24, ...route(0x6f708e01))).toBeUndefined();
});
