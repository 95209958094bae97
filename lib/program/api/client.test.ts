import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { Agent, createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createProxy, type Socket } from 'node:net';
import { generate } from 'selfsigned';
import { ApiClient, ApiError } from './client';
import { body } from './lines';

const PATH = '/api/v1/namespaces/onprem-link/configmaps?fieldSelector=metadata.name%3Dstatic-routes';
const certificates: Record<'ours' | 'others', { cert: string; key: string }> = {
  ours: { cert: '', key: '' },
  others: { cert: '', key: '' },
};
let server: Server;
let answer: RequestListener;
let credentials: Record<string, string>;

beforeAll(async () => {
  for (const name of ['ours', 'others'] as const) {
    const made = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    certificates[name] = { cert: made.cert, key: made.private };
  }
  server = createServer(certificates.ours, (request, response) => answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  credentials = { token: ' secret\n', 'ca.crt': certificates.ours.cert };
});

function client(port = (server.address() as AddressInfo).port, connections?: Agent): ApiClient {
  const read = (path: string) => {
    const content = credentials[path.split('/').at(-1) as string];
    if (content === undefined) throw new Error(`ENOENT: ${path}`);
    return content;
  };
  return new ApiClient('127.0.0.1', port, read, connections);
}

const signal = () => new AbortController().signal;
const get = (from = client(), idleTimeoutMs = 5_000) => from.get({ path: PATH, idleTimeoutMs, signal: signal() });
const text = async (from?: ApiClient, idleTimeoutMs?: number) => body(await get(from, idleTimeoutMs));

describe('an answer', () => {
  test('arrives as bytes when the request carries the token', async () => {
    const seen: unknown[] = [];
    answer = ({ method, url, headers }, response) => {
      seen.push([method, url, headers.authorization, headers.accept]);
      response.write('{"kind":');
      response.end('"ConfigMapList"}');
    };
    const asking = client();
    expect(await text(asking)).toBe('{"kind":"ConfigMapList"}');
    expect(seen).toEqual([['GET', PATH, 'Bearer secret', 'application/json']]);
    expect(asking.remoteAddress).toBe('127.0.0.1');
  });

  test('is available when its headers arrive, before the first byte of the body', async () => {
    let finish: () => void = () => undefined;
    answer = (_, response) => {
      response.flushHeaders();
      finish = () => response.end('late');
    };
    const arriving = await get();
    finish();
    expect(await body(arriving)).toBe('late');
  });

  test('uses the current token and CA for each request', async () => {
    answer = ({ headers }, response) => void response.end(headers.authorization);
    const asking = client();
    await text(asking);
    credentials.token = 'rotated';
    expect(await text(asking)).toBe('Bearer rotated');
    credentials['ca.crt'] = certificates.others.cert;
    await expect(text(asking)).rejects.toThrow(/^no answer: .*certificate/);
  });
});

describe('a write request', () => {
  const sent = { method: 'PATCH', type: 'application/apply-patch+yaml', body: '{"kind":"Lease"}' } as const;
  const write = (from: ApiClient) => from.get({ path: PATH, idleTimeoutMs: 5_000, signal: signal(), sent });

  test('sends its method, type and body, and accepts any success status', async () => {
    const seen: unknown[] = [];
    answer = async (request, response) => {
      seen.push([request.method, request.headers['content-type'], await body(request)]);
      response.writeHead(201).end('created');
    };
    expect(await body(await write(client()))).toBe('created');
    expect(seen).toEqual([['PATCH', sent.type, sent.body]]);
  });

  test('reuses a connection that is kept', async () => {
    const ports = new Set<number | undefined>();
    answer = ({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end('{}');
    };
    const agent = new Agent({ keepAlive: true });
    const warnings: unknown[] = [];
    const listen = (warning: unknown) => warnings.push(warning);
    process.on('warning', listen);
    for (let i = 0; i < 12; i++) await body(await write(client(undefined, agent)));
    agent.destroy();
    process.off('warning', listen);
    expect(warnings).toEqual([]); // such as one about too many listeners on a socket
    expect(ports.size).toBe(1);
  });
});

describe('a rejection', () => {
  const refusing = (status: number, headers: Record<string, string>, said: string) => {
    answer = (_, response) => void response.writeHead(status, headers).end(said);
  };
  const refused = () =>
    get().then(
      () => undefined,
      (error: ApiError) => error,
    );

  test('reports its status and the message of the Status object', async () => {
    refusing(500, {}, JSON.stringify({ kind: 'Status', message: 'etcdserver: leader changed' }));
    expect(await refused()).toMatchObject({
      name: 'ApiError',
      status: 500,
      message: 'HTTP 500 for /api/v1/namespaces/onprem-link/configmaps: etcdserver: leader changed',
    });
  });

  test.each([
    [401, /the token was not accepted/],
    [403, /the Role or RoleBinding of this program is missing/],
  ])('HTTP %i names the object to check', async (status, words) => {
    refusing(status, {}, '{"message":"Unauthorized"}');
    expect(await refused()).toMatchObject({ status, message: expect.stringMatching(words) });
  });

  test.each([
    ['7', 7_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
    ['soon', 0],
  ])('reads Retry-After: %s', async (value, retryAfterMs) => {
    refusing(429, { 'retry-after': value }, '');
    expect(await refused()).toMatchObject({ status: 429, retryAfterMs });
  });

  test.each(['<html>', '"text"', 'null', '{"message":7}'])(
    'reports only the status if the body is %s',
    async (said) => {
      refusing(502, {}, said);
      expect((await refused())?.message).toBe('HTTP 502 for /api/v1/namespaces/onprem-link/configmaps');
    },
  );

  test('stops reading an endless body', async () => {
    answer = (_, response) => {
      response.writeHead(503);
      const timer = setInterval(() => response.write('x'.repeat(1000)), 1);
      response.on('close', () => clearInterval(timer));
    };
    expect(await refused()).toMatchObject({ status: 503 });
  });

  test('includes a redirect', async () => {
    refusing(302, { location: 'https://192.0.2.1/' }, '');
    expect(await refused()).toMatchObject({ status: 302 });
  });
});

describe('no answer', () => {
  const noAnswer = { name: 'ApiError', status: undefined };

  test('is reported if no server listens on the port', async () => {
    await expect(text(client(1))).rejects.toMatchObject({
      ...noAnswer,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('is reported if no headers arrive in time', async () => {
    answer = () => undefined;
    await expect(text(client(), 100)).rejects.toMatchObject({
      ...noAnswer,
      message: 'no answer: no data for 0.1 s',
    });
  });

  test('is reported if the body stops arriving', async () => {
    answer = (_, response) => void response.write('{"type":');
    await expect(text(client(), 100)).rejects.toMatchObject({
      ...noAnswer,
      name: 'IdleTimeoutError',
      message: 'no data for 0.1 s',
    });
  });

  test('is reported if the connection is cut before the end', async () => {
    answer = (_, response) => void response.write('{"type":', () => response.destroy());
    await expect(text()).rejects.toMatchObject({ ...noAnswer, message: 'the connection broke: aborted' });
  });

  test('is reported if another CA signed the certificate', async () => {
    credentials['ca.crt'] = certificates.others.cert;
    await expect(text()).rejects.toBeInstanceOf(ApiError);
  });

  test('is reported if the token cannot be read', async () => {
    delete credentials.token;
    await expect(text()).rejects.toThrow('ENOENT');
  });
});

describe('the check that an API server answers', () => {
  const target = () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const prove = (host = '127.0.0.1', at = target()) =>
    new ApiClient(host, 443, (path) => credentials[path.split('/').at(-1) as string] as string).prove(at);

  test.each([200, 401, 403, 404, 429, 500, 503])('succeeds with HTTP %i, as with any status', async (status) => {
    const seen: unknown[] = [];
    answer = ({ method, url, headers }, response) => {
      seen.push([method, url, headers.authorization]);
      response.writeHead(status).flushHeaders(); // the rest never arrives
    };
    expect(await prove()).toBe('answered');
    expect(seen).toEqual([['GET', '/livez', 'Bearer secret']]);
  });

  test('fails if the CA did not sign the certificate', async () => {
    answer = (_, response) => void response.end();
    credentials['ca.crt'] = certificates.others.cert;
    expect(await prove()).toBe('lost');
  });

  test("requires a certificate for the client's host, whatever the target address", async () => {
    answer = (_, response) => void response.end();
    expect(await prove('127.0.0.1', { ...target(), host: 'localhost' })).toBe('answered');
    expect(await prove('172.21.0.1')).toBe('lost');
  });

  test('returns refused at once if no server listens', async () => {
    expect(await prove('127.0.0.1', { host: '127.0.0.1', port: 1 })).toBe('refused');
  });

  test.each<[string, (socket: Socket) => unknown, string]>([
    ['accepts and resets the connection', (socket) => socket.resetAndDestroy(), 'refused'],
    [
      'resets the connection after a delay, as if it had waited for its backend',
      (socket) => setTimeout(() => socket.destroy(), 1200),
      'lost',
    ],
    ['accepts and sends nothing', () => undefined, 'lost'],
    ['answers without TLS', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'lost'],
  ])('fails for a proxy that %s', async (_, behave, outcome) => {
    const sockets: Socket[] = [];
    const proxy = createProxy((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.once('data', () => behave(socket));
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    expect(await prove('127.0.0.1', { host: '127.0.0.1', port: (proxy.address() as AddressInfo).port })).toBe(outcome);
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });

  test('fails without a token', async () => {
    delete credentials.token;
    expect(await prove()).toBe('lost');
  });
});

test('aborts a request before and during the answer', async () => {
  const stop = new AbortController();
  answer = () => undefined;
  const waiting = client().get({ path: PATH, idleTimeoutMs: 5_000, signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  await expect(waiting).rejects.toThrow(/abort/);

  const later = new AbortController();
  answer = (_, response) => void response.write('x');
  const reading = body(await client().get({ path: PATH, idleTimeoutMs: 5_000, signal: later.signal }));
  setTimeout(() => later.abort(), 20);
  await expect(reading).rejects.toThrow();
});
