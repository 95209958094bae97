import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import type { Target } from '../network';
import { type Answer, answerOf } from '../program/connection';
import { lookAt, namesOf, tryToConnect } from './reachability';

const HOST = '127.0.0.1';
const NEVER = new AbortController().signal;
const [API, OTHER]: [Target, Target] = [
  { host: '172.21.0.1', port: 443 },
  { host: '10.184.0.9', port: 22 },
];

test('a connection is established or refused', async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  expect(await tryToConnect({ host: HOST, port })).toBe('answered');
  await new Promise((resolve) => server.close(resolve));
  expect(await tryToConnect({ host: HOST, port })).toBe('refused');
});

test.each([
  ['ECONNREFUSED', 2, 'refused'],
  ['ECONNRESET', 2, 'refused'],
  ['ECONNRESET', 2500, 'lost'],
  ['EHOSTUNREACH', 2, 'lost'],
  ['ETIMEDOUT', 3000, 'lost'],
  ['CERT_HAS_EXPIRED', 5, 'lost'],
] as const)('%s after %d ms means %s', (code, milliseconds, answer) => {
  expect(answerOf(Object.assign(new Error(), { code }), milliseconds)).toBe(answer);
});

test('formats targets as in URLs', () => {
  expect(namesOf([{ host: '10.184.0.1', port: 443 }])).toBe('10.184.0.1:443');
  expect(namesOf([API, { host: 'fd00::1', port: 443 }])).toBe('172.21.0.1:443 and [fd00::1]:443');
});

describe('a check', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('counts the results of its connections', async () => {
    const answers: Answer[] = ['lost', 'refused', 'answered', 'answered'];
    const found = lookAt(
      [API, OTHER],
      { connections: 4, windowMs: 2000 },
      async (target) => (target === API ? 'answered' : (answers.shift() as Answer)),
      NEVER,
      Math.random,
    );
    await jest.advanceTimersByTimeAsync(2000);
    expect([...(await found)]).toEqual([
      [API, { answered: 4, refused: 0, lost: 0 }],
      [OTHER, { answered: 2, refused: 1, lost: 1 }],
    ]);
  });

  test('makes each connection at a random time in the window, however long the answers take', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 3000 }),
        async (draws, answerMs) => {
          const started = performance.now();
          const times: number[] = [];
          const left = [...draws];
          const found = lookAt(
            [API],
            { connections: draws.length, windowMs: 2000 },
            () => {
              times.push(performance.now() - started);
              return new Promise((resolve) => setTimeout(() => resolve('answered'), answerMs));
            },
            NEVER,
            () => left.shift() as number,
          );
          await jest.advanceTimersByTimeAsync(2000 + answerMs + 50);
          expect((await found).get(API)?.answered).toBe(draws.length);
          const wanted = draws.map((draw) => draw * 2000).sort((a, b) => a - b);
          for (const [i, time] of times.entries())
            expect(Math.abs(time - (wanted[i] as number))).toBeLessThanOrEqual(10);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('without targets ends at once', async () => {
    expect([...(await lookAt([], { connections: 8, windowMs: 2000 }, jest.fn(), NEVER, Math.random))]).toEqual([]);
  });

  test('ends when it is aborted', async () => {
    const controller = new AbortController();
    const found = lookAt(
      [API],
      { connections: 8, windowMs: 2000 },
      async () => 'lost',
      controller.signal,
      () => 0.5,
    );
    const ended = expect(found).rejects.toThrow('enough');
    await jest.advanceTimersByTimeAsync(600);
    controller.abort(new Error('enough'));
    await ended;
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('a server that accepts and sends nothing is reachable: a TCP target promises no more', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  expect(await tryToConnect({ host: HOST, port: (server.address() as AddressInfo).port })).toBe('answered');
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
