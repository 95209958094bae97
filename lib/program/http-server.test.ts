import { once } from 'node:events';
import { get, request } from 'node:http';
import net, { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { waitFor, within } from '../../test/lab/wait';
import { type Page, serve } from './http-server';

jest.setTimeout(60_000);

/** The server closes such a connection after 5 to 6 s. */
const DEADLINE_MS = 30_000;

const HOST = '127.0.0.1';
const text = (body: string) => () => ({ status: 200, type: 'text/plain', body });
const PAGES: readonly (readonly [string, Page])[] = [
  ['/livez/node-routes', text('alive\n')],
  [
    '/broken',
    () => {
      throw new Error('ENOBUFS');
    },
  ],
];

const door = (port: number, pages = PAGES, mostOfPeer = 64) => ({
  address: HOST,
  port,
  pages: new Map(pages),
  mostOfPeer,
});

test('sends metrics as OpenMetrics to clients that accept it', async () => {
  const port = await freePort();
  const pages: [string, Page][] = [
    ['/livez/node-routes', text('alive\n')],
    [
      '/metrics',
      () => ({ status: 200, type: 'text/plain; version=0.0.4', body: '# TYPE a_total counter\na_total 1\n' }),
    ],
  ];
  stops.push(serve(door(port, pages), () => undefined));
  await untilServed(port);
  const asked = async (accept: string) => {
    const answer = await fetch(`http://${HOST}:${port}/metrics`, { headers: { accept } });
    return [answer.headers.get('content-type'), await answer.text()];
  };
  expect(await asked('*/*')).toEqual([
    'text/plain; version=0.0.4; charset=utf-8',
    '# TYPE a_total counter\na_total 1\n',
  ]);
  expect(await asked('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).toEqual([
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    '# TYPE a counter\na_total 1\n# EOF\n',
  ]);
});

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function served(onTrouble: (error: Error) => void = () => undefined): Promise<number> {
  const port = await freePort();
  stops.push(serve(door(port), onTrouble));
  await untilServed(port);
  return port;
}

function until(what: string, holds: () => Promise<boolean>): Promise<unknown> {
  return waitFor(what, DEADLINE_MS, () => holds().catch(() => false));
}

const untilServed = (port: number, path = '/livez/node-routes') =>
  until('the server to answer', async () => (await ask(port, path)).status === 200);

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

function ask(port: number, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: HOST, port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }));
    });
    sent.on('error', reject).end();
  });
}

test('serves pages, whatever the query', async () => {
  const port = await served();
  const alive = { status: 200, type: 'text/plain; charset=utf-8', body: 'alive\n' };
  expect(await ask(port, '/livez/node-routes')).toEqual(alive);
  expect(await ask(port, '/livez/node-routes?timeout=1')).toEqual(alive);
  expect(await ask(port, '/livez/node-routes', 'HEAD')).toEqual({ ...alive, body: '' });
});

test('answers 404 for another path and 405 for another method', async () => {
  const port = await served();
  expect(await ask(port, '/livez')).toMatchObject({
    status: 404,
    body: 'not found; available: /livez/node-routes /broken\n',
  });
  expect(await ask(port, '/livez/node-routes', 'POST')).toMatchObject({ status: 405 });
});

test('reports a failing page to its client and continues', async () => {
  const port = await served();
  expect(await ask(port, '/broken')).toMatchObject({ status: 500, body: 'ENOBUFS\n' });
  expect(await ask(port, '/livez/node-routes')).toMatchObject({ status: 200 });
});

test('garbage ends only its own connection', async () => {
  const port = await served();
  const socket = connect(port, HOST);
  socket
    .resume()
    .on('error', () => undefined)
    .write('\x16\x03\x01 nonsense\r\n\r\n');
  await once(socket, 'close');
  expect(await ask(port, '/livez/node-routes')).toMatchObject({ status: 200 });
});

test('closes connections that send nothing, half a request, or a request in drips', async () => {
  const port = await served();
  const request = 'GET /livez/node-routes HTTP/1.1\r\nhost: a\r\nx: ';
  const sockets = [await idle(port), await idle(port, request), await idle(port, request)];
  const drip = setInterval(() => sockets[2]?.write('a'), 100);
  const closed = sockets.map((socket) => new Promise((resolve) => socket.resume().on('close', resolve)));
  try {
    await within('the server to close them', DEADLINE_MS, Promise.all(closed));
  } finally {
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
  }
});

test('reports a port in use once, retries, and serves when it is free', async () => {
  const port = await freePort();
  const other: Server = createServer().listen(port, HOST);
  await once(other, 'listening');
  const trouble: string[] = [];
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
  const stop = serve(door(port), ({ message }) => trouble.push(message));
  stops.push(stop);
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await jest.advanceTimersByTimeAsync(2_000);
  }
  expect(trouble).toEqual([expect.stringContaining('EADDRINUSE')]);
  other.close();
  await once(other, 'close');
  await jest.advanceTimersByTimeAsync(2_000);
  jest.useRealTimers();
  await untilServed(port);
});

test('an error of the listening server concerns one connection and starts no second server', async () => {
  const trouble: string[] = [];
  const listen = jest.spyOn(net.Server.prototype, 'listen');
  const port = await served(({ message }) => trouble.push(message));
  const server = listen.mock.contexts.at(-1) as Server;
  jest.useFakeTimers();
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(() => jest.advanceTimersByTime(10_000)).not.toThrow();
  jest.useRealTimers();
  listen.mockRestore();
  expect(trouble).toEqual(['accept EMFILE']);
  expect(await ask(port, '/livez/node-routes')).toMatchObject({ status: 200 });
});

test('stops serving when stopped, on open connections as well', async () => {
  const port = await served();
  const open = get({ host: HOST, port, path: '/livez/node-routes', headers: { connection: 'keep-alive' } });
  const [response] = await once(open, 'response');
  response.resume();
  for (const stop of stops.splice(0)) stop();
  await expect(ask(port, '/livez/node-routes')).rejects.toThrow('ECONNREFUSED');
});

/** Connects and sends only `text`; resolves once the connection is established. */
async function idle(port: number, text = ''): Promise<net.Socket> {
  const socket = connect(port, HOST);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

test.each([
  ['silent', ''],
  ['half-request', 'GET /livez/node-routes HTTP/1.1\r\nhost: a\r\n'],
])('500 %s connections do not block new clients, because a new connection replaces the oldest', async (_, text) => {
  const port = await served();
  const sockets = await Promise.all(Array.from({ length: 500 }, () => idle(port, text)));
  for (let i = 0; i < 5; i++) expect(await ask(port, '/livez/node-routes')).toMatchObject({ status: 200 });
  await until('the oldest to be closed', async () => sockets.filter(({ destroyed }) => !destroyed).length <= 64);
  for (const socket of sockets) socket.destroy();
});

test('a peer at its limit replaces its own oldest connection, not those of others', async () => {
  const port = await freePort();
  stops.push(serve(door(port, PAGES, 2), () => undefined));
  await untilServed(port);
  const other = connect({ port, host: HOST, localAddress: '127.0.0.2' });
  await once(other, 'connect');
  const first = await idle(port);
  const closed = once(first.resume(), 'close');
  const [second, third] = [await idle(port), await idle(port)];
  await closed;
  expect([other.destroyed, second.destroyed, third.destroyed]).toEqual([false, false, false]);
  for (const socket of [other, second, third]) socket.destroy();
});

test('makes a slow page once for all concurrent requests', async () => {
  let made = 0;
  const slow: Page = () => {
    const started = performance.now();
    while (performance.now() - started < 20);
    return { status: 200, type: 'text/plain', body: `${++made}` };
  };
  const port = await freePort();
  stops.push(serve(door(port, [['/slow', slow]]), () => undefined));
  await untilServed(port, '/slow');
  const bodies = await Promise.all(Array.from({ length: 10 }, async () => (await ask(port, '/slow')).body));
  expect(new Set(bodies).size).toBe(1);
  await until('the page to be made again', async () => (await ask(port, '/slow')).body !== bodies[0]);
});

test('answers one request per connection, and limits headers', async () => {
  const port = await served();
  const socket = await idle(port, 'GET /livez/node-routes HTTP/1.1\r\nhost: a\r\n\r\n');
  let answer = '';
  socket.setEncoding('utf8').on('data', (part) => {
    answer += part;
  });
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 200 .*connection: close/is);
  const long = await idle(port, `GET / HTTP/1.1\r\nx: ${'a'.repeat(9000)}\r\n\r\n`);
  const [reply] = await once(long.setEncoding('utf8'), 'data');
  expect(reply).toContain(' 431 ');
  long.destroy();
});

test('pipelined requests end their connection and cost only one answer', async () => {
  let made = 0;
  const port = await freePort();
  const page: Page = () => ({ status: 200, type: 'text/plain', body: `${++made}` });
  stops.push(serve(door(port, [['/', page]]), () => undefined));
  await untilServed(port, '/');
  const socket = await idle(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(1000));
  await once(socket.resume(), 'close');
  expect(made).toBeLessThan(10);
});
