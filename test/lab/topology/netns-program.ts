/**
 * Runs in a network namespace, which the test process is not in, and makes and serves requests there. It reads JSON lines
 * from stdin, writes answers to stdout, and ends when stdin closes.
 */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type https from 'node:https';
import net from 'node:net';
import { createInterface } from 'node:readline';
import type {
  Commands,
  ConnectRequest,
  DatagramRequest,
  FetchAnswer,
  FetchRequest,
  RelayTarget,
  Reply,
  Request as RequestLine,
} from './netns-protocol';

interface Served {
  readonly server: net.Server;
  readonly seen: string[];
  readonly endConnections: () => void;
}

/** Loaded on demand, because few need TLS, and loading it takes a third of the start. */
const loadHttps = () => process.getBuiltinModule('node:https') as typeof https;

const served = new Map<number, Served>();

type Handlers = {
  [Name in keyof Commands]: (
    args: Commands[Name]['takes'],
  ) => Commands[Name]['gives'] | Promise<Commands[Name]['gives']>;
};

function codeOf(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}

function request(asked: FetchRequest): Promise<FetchAnswer> {
  const { url, method = 'GET', headers = {}, body, source, ca, timeoutMs = 1000 } = asked;
  const start = performance.now();
  const ms = () => performance.now() - start;
  return new Promise((resolve) => {
    const none = (error: string) => resolve({ status: 0, headers: {}, body: '', ms: ms(), error });
    const options = { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) };
    const from = source === undefined ? {} : { localAddress: source };
    const sent = url.startsWith('https:')
      ? loadHttps().request(url, { ...options, ...from, ...(ca === undefined ? {} : { ca }) })
      : http.request(url, { ...options, ...from });
    const failed = (error: Error) => none(error.name === 'AbortError' ? 'TIMEOUT' : codeOf(error));
    sent.on('error', failed).on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('error', failed);
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text, ms: ms() }),
      );
    });
    sent.end(body);
  });
}

/** Linux sends datagrams with DF, and reports ICMP errors to the sockets that sent the packets (man 7 udp). */
function datagram({ address, bytes, timeoutMs = 1000 }: DatagramRequest): Promise<string> {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const done = (error: string) => {
      clearTimeout(timer);
      socket.close();
      resolve(error);
    };
    const timer = setTimeout(() => done('TIMEOUT'), timeoutMs);
    socket.once('error', (error) => done(codeOf(error)));
    socket.once('connect', () => socket.send(Buffer.alloc(bytes)));
    socket.connect(9, address);
  });
}

function connect({ address, port, source, timeoutMs = 1000 }: ConnectRequest): Promise<{ ms: number; error?: string }> {
  const start = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, ...(source === undefined ? {} : { localAddress: source }) });
    const done = (error?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ms: performance.now() - start, ...(error === undefined ? {} : { error }) });
    };
    const timer = setTimeout(() => done('TIMEOUT'), timeoutMs);
    socket.once('connect', () => done()).once('error', (error) => done(codeOf(error)));
  });
}

let lastServer = 0;

async function started(one: Served, address: string, port: number): Promise<{ server: number; port: number }> {
  // Rejects if an error comes first, e.g. EADDRINUSE.
  await once(one.server.listen({ host: address, port }), 'listening');
  served.set(++lastServer, one);
  return { server: lastServer, port: (one.server.address() as net.AddressInfo).port };
}

function relay(client: net.Socket, to: RelayTarget): void {
  const target = net.connect({ ...to, allowHalfOpen: true });
  // Forward a reset as a reset, not as an orderly close.
  target.on('error', () => client.resetAndDestroy());
  client.on('error', () => target.destroy());
  target.on('close', () => client.destroy());
  client.on('close', () => target.destroy());
  client.pipe(target).pipe(client);
}

const handlers: Handlers = {
  fetch: request,
  connect,
  datagram,
  serve: ({ address, port, text }) => {
    const seen: string[] = [];
    const server = http.createServer((asked, answer) => {
      seen.push(asked.socket.remoteAddress ?? '');
      answer.end(text);
    });
    return started({ server, seen, endConnections: () => server.closeAllConnections() }, address, port);
  },
  seen: ({ server }) => served.get(server)?.seen ?? [],
  listen: ({ address, port, to }) => {
    const clients = new Set<net.Socket>();
    const server = net.createServer({ allowHalfOpen: true }, (client) => {
      clients.add(client);
      client.once('close', () => clients.delete(client));
      relay(client, to);
    });
    const endConnections = () => {
      for (const client of clients) client.destroy();
    };
    return started({ server, seen: [], endConnections }, address, port);
  },
  close: ({ server }) => {
    const open = served.get(server);
    served.delete(server);
    open?.server.close();
    open?.endConnections();
    return null;
  },
  read: ({ path }) => readFileSync(path, 'utf8'),
};

async function answer(line: RequestLine): Promise<Reply> {
  try {
    return { id: line.id, result: await handlers[line.command](line.args) };
  } catch (error) {
    return { id: line.id, error: (error as Error).message };
  }
}

async function main(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    // Not awaited, so that requests run in parallel.
    void answer(JSON.parse(line) as RequestLine).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
  }
  process.exit(0);
}

void main();
