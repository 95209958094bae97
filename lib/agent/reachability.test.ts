import { type AddressInfo, createServer } from 'node:net';
import { targetText } from '../network';
import { type Answer, tryToConnect, unreached } from './reachability';

const HOST = '127.0.0.1';
const NEVER = new AbortController().signal;

test('a connection is made, or refused', async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  expect(await tryToConnect({ host: HOST, port })).toBe('connected');
  await new Promise((resolve) => server.close(resolve));
  expect(await tryToConnect({ host: HOST, port })).toBe('refused');
});

test('targets are named as URLs name them', () => {
  expect([targetText({ host: '10.184.0.1', port: 443 }), targetText({ host: 'fd00::1', port: 443 })]).toEqual([
    '10.184.0.1:443',
    '[fd00::1]:443',
  ]);
});

describe('targets', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const [api, other] = [
    { host: '172.21.0.1', port: 443 },
    { host: '10.184.0.9', port: 22 },
  ];

  test('are tried until each is reached', async () => {
    const answers: Answer[] = ['none', 'refused', 'connected'];
    const tried = jest.fn(async (target) => (target === api ? 'connected' : (answers.shift() as Answer)));
    const lost = unreached([api, other], 10_000, NEVER, tried);
    await jest.advanceTimersByTimeAsync(1000);
    expect(await lost).toEqual([]);
    expect(tried.mock.calls.filter(([target]) => target === api)).toHaveLength(1);
  });

  test('that are not within the time are told with their last answer', async () => {
    const lost = unreached([api, other], 3000, NEVER, async (target) => (target === api ? 'connected' : 'refused'));
    await jest.advanceTimersByTimeAsync(2900);
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(300);
    expect(await lost).toEqual([{ target: other, answer: 'refused' }]);
  });

  test('are tried once without any time', async () => {
    const attempt = jest.fn(async (): Promise<Answer> => 'none');
    expect(await unreached([api], 0, NEVER, attempt)).toEqual([{ target: api, answer: 'none' }]);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  test('are given up when somebody says so', async () => {
    const controller = new AbortController();
    const lost = unreached([api], 10_000, controller.signal, async () => 'none');
    const ended = expect(lost).rejects.toThrow('enough');
    await jest.advanceTimersByTimeAsync(600);
    controller.abort(new Error('enough'));
    await ended;
    expect(jest.getTimerCount()).toBe(0);
  });
});
