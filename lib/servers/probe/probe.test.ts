import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { generate } from 'selfsigned';
import type { Probe } from '../../network';
import { probe } from './probe';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(server: Server, onConnection?: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection?.(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function certificate(name: string): Promise<{ cert: string; key: string }> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  });
  return { cert: made.cert, key: made.private };
}

const PATIENCE = { timeoutMs: 1_000, isPersistent: false };
const tcp = (port: number): Probe => ({ port, http: undefined, tls: undefined });
const HTTP = { path: '/healthz', host: 'orders.corp.example', status: [200, 299] } as const;
const web = (port: number, more: Partial<Probe> = {}): Probe => ({ port, http: HTTP, tls: undefined, ...more });
const ask = async (what: Probe, patience = PATIENCE) => (await probe('127.0.0.1', what, patience)).result;
const refused = { ok: false, reason: 'connection refused' };
const answered = { ok: true, milliseconds: expect.any(Number) };

describe('TCP', () => {
  test('a server that accepts is up, and its round trip is measured', async () => {
    const port = await listen(net.createServer());
    expect(await ask(tcp(port))).toEqual(answered);
  });

  test('a refused connection is down at once', async () => {
    const server = net.createServer();
    const port = await listen(server);
    server.close();
    expect(await ask(tcp(port))).toEqual(refused);
  });
});

describe('HTTP', () => {
  test('requests the path with the Host header, on a new connection', async () => {
    const seen: unknown[] = [];
    const port = await listen(
      http.createServer(({ url, headers }, response) => {
        seen.push([url, headers.host, headers.connection]);
        response.end('x'.repeat(1_000_000)); // nobody reads it
      }),
    );
    expect(await ask(web(port))).toEqual(answered);
    expect(seen).toEqual([['/healthz', 'orders.corp.example', 'close']]);
  });

  test.each([
    [500, 'HTTP 500'],
    [302, 'HTTP 302'],
    [404, 'HTTP 404'],
  ])('status %i is down, and redirects are not followed', async (status, reason) => {
    const port = await listen(
      http.createServer((_, response) => void response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end()),
    );
    expect(await ask(web(port))).toEqual({ ok: false, reason });
    expect(await ask(web(port, { http: { ...HTTP, status: [status, status] } }))).toEqual(answered);
  });

  test('a server that accepts and never answers is down after the deadline of the whole probe', async () => {
    const port = await listen(net.createServer());
    const asked = (timeoutMs: number) => ask(web(port), { timeoutMs, isPersistent: false });
    const longer = asked(20_000).then(() => 'the longer deadline');
    expect(await Promise.race([asked(300), longer])).toEqual({ ok: false, reason: 'no answer within 0.3 s' });
  });

  test('a server that sends its header slowly does not extend the deadline', async () => {
    const port = await listen(
      net.createServer((socket) => {
        const timer = setInterval(() => socket.write('H'), 50);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    expect(await ask(web(port), { timeoutMs: 300, isPersistent: false })).toMatchObject({ ok: false });
  });

  test.each([
    ['hangs up', (socket: Socket) => socket.destroy(), 'connection reset'],
    ['does not speak HTTP', (socket: Socket) => socket.end('220 mail.example ESMTP\r\n'), 'the answer is not HTTP'],
  ])('a server that %s is down', async (_, behave, reason) => {
    const port = await listen(net.createServer(), (socket) => socket.once('data', () => behave(socket)));
    expect(await ask(web(port))).toEqual({ ok: false, reason });
  });
});

describe('TLS', () => {
  const NAME = 'orders.corp.example';
  let ours: { cert: string; key: string };
  let others: { cert: string; key: string };
  beforeAll(async () => {
    ours = await certificate(NAME);
    others = await certificate('reports.corp.example');
  });

  const secure = (port: number, ca: string | undefined, serverName: string | undefined = NAME): Probe => ({
    ...tcp(port),
    tls: { serverName, ca },
  });

  test('without an authority, a handshake is enough; with one, issuer and name must match', async () => {
    const port = await listen(tls.createServer(ours));
    expect(await ask(secure(port, undefined))).toEqual(answered);
    expect(await ask(secure(port, ours.cert))).toEqual(answered);
    expect(await ask(secure(port, others.cert))).toEqual({
      ok: false,
      reason: expect.stringMatching(/^certificate: /),
    });
    expect(await ask(secure(port, ours.cert, 'reports.corp.example'))).toEqual({
      ok: false,
      reason: 'certificate: for another name',
    });
  });

  test('with HTTP, sends the request over TLS', async () => {
    const port = await listen(https.createServer(ours, (_, response) => void response.end('ok')));
    expect(await ask(web(port, { tls: { serverName: NAME, ca: ours.cert } }))).toEqual(answered);
    const wrong = await ask(web(port, { tls: { serverName: NAME, ca: others.cert } }));
    expect(wrong).toEqual({ ok: false, reason: expect.stringMatching(/^certificate: /) });
  });

  test('some of many concurrent probes wait for a place', async () => {
    let [open, most] = [0, 0];
    const secured = tls.createServer(ours);
    const slow = (socket: Socket) => {
      most = Math.max(most, ++open);
      socket.on('close', () => open--);
      setTimeout(() => secured.emit('connection', socket), 100);
    };
    const port = await listen(net.createServer(slow));
    const all = Array.from({ length: 200 }, () =>
      ask(secure(port, ours.cert), { timeoutMs: 20_000, isPersistent: true }),
    );
    for (const result of await Promise.all(all)) expect(result).toEqual(answered);
    expect(most).toBeLessThan(100); // 64, and some whose end the server has not seen yet
  });

  test('a server without TLS, or that resets the connection, is down', async () => {
    const plain = await listen(http.createServer());
    expect(await ask(secure(plain, undefined))).toEqual({ ok: false, reason: expect.stringMatching(/^TLS: |reset/) });
    const rude = await listen(net.createServer((socket) => socket.end()));
    expect(await ask(secure(rude, undefined))).toEqual({ ok: false, reason: 'connection reset' });
  });
});

describe('silence', () => {
  /** Answers only the given connection. */
  const answersTheNth = (nth: number) => {
    let count = 0;
    const server = net.createServer((socket) => {
      if (++count === nth) socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    });
    return { port: listen(server), count: () => count };
  };

  test('leads to further connections, of which one may get through', async () => {
    const { port, count } = answersTheNth(3);
    const { result, attempts } = await probe('127.0.0.1', web(await port), { timeoutMs: 2_000, isPersistent: true });
    expect(result).toEqual(answered);
    expect([attempts, count()]).toEqual([3, 3]);
  });

  test('of a server that is already down costs only one connection', async () => {
    const { port, count } = answersTheNth(2);
    expect(await ask(web(await port), { timeoutMs: 700, isPersistent: false })).toMatchObject({ ok: false });
    expect(count()).toBe(1);
  });

  test('leaves no connection and no timer behind', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await listen(net.createServer((socket) => void closed.push(once(socket.resume(), 'close'))));
    const { attempts } = await probe('127.0.0.1', web(port), { timeoutMs: 700, isPersistent: true });
    expect(attempts).toBeGreaterThan(2);
    await Promise.all(closed);
    expect(closed.length).toBe(attempts);
  });
});
