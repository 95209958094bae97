import http = require('node:http');
import type net = require('node:net');

import { OPEN_METRICS_TEXT, openMetrics, PROMETHEUS_TEXT } from './metrics-text';

/** The page at a path. */
export type Page = () => { readonly status: number; readonly type: string; readonly body: string };

/** An address and the pages served there. */
export interface Door {
  readonly address: string;
  readonly port: number;
  readonly pages: ReadonlyMap<string, Page>;
  /** The most connections that one peer may hold. */
  readonly mostOfPeer: number;
}

const RETRY_MS = 2_000;
const MOST_CONNECTIONS = 64;
/** Pending connections wait in the kernel; a longer queue costs nothing. */
const BACKLOG = 4096;
/** Timeouts that no connection outlives, whatever it sends or does not send. */
const IDLE_MS = 5_000;
const LIMITS = {
  requestTimeout: IDLE_MS,
  headersTimeout: IDLE_MS,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1024,
};
/**
 * A page that took 1 ms to make is reused for 20 ms: however many clients ask, making pages takes at most a twentieth
 * of the time.
 */
const REST = 20;

/**
 * Serves pages on one address. If the port is in use, this is reported and retried every 2 s: the routes matter more
 * than these pages. At the limit, a new connection replaces the oldest one, which is probably idle.
 * @returns a function that stops the server.
 */
export function serve(door: Door, onTrouble: (error: NodeJS.ErrnoException) => void): () => void {
  let retry: NodeJS.Timeout | undefined;
  let reported: string | undefined;
  const server = http.createServer(LIMITS, answer(door.pages));
  server.timeout = IDLE_MS;
  server.on('connection', replaceOldest(door.mostOfPeer));
  const listen = () => server.listen({ host: door.address, port: door.port, backlog: BACKLOG });
  server.on('error', (error) => {
    if (error.message !== reported) onTrouble(error);
    reported = error.message;
    // While the server listens, an error concerns a single connection that could not be accepted.
    if (!server.listening) retry = setTimeout(listen, RETRY_MS);
  });
  server.on('listening', () => {
    reported = undefined;
  });
  listen();
  return () => {
    clearTimeout(retry);
    server.close();
    server.closeAllConnections();
  };
}

/** The open connections, oldest first. */
function replaceOldest(mostOfPeer: number): (socket: net.Socket) => void {
  const open = new Map<net.Socket, string | undefined>();
  return (socket) => {
    const peer = socket.remoteAddress; // undefined once the socket is closed
    const ofPeer = [...open].filter(([, other]) => other === peer).map(([other]) => other);
    if (ofPeer.length >= mostOfPeer) ofPeer[0]?.destroy();
    else if (open.size >= MOST_CONNECTIONS) open.keys().next().value?.destroy();
    open.set(socket, peer);
    socket.once('close', () => open.delete(socket));
  };
}

function answer(pages: ReadonlyMap<string, Page>): http.RequestListener {
  const made = new Map([...pages].map(([path, page]) => [path, coalesced(page)]));
  return ({ method, url, socket, headers }, response) => {
    if (response.socket === null) return socket.destroy(); // pipelined requests, which only a flood sends
    const page = made.get((url ?? '').split('?')[0] as string);
    if (page === undefined)
      return send(response, 404, 'text/plain', `not found; available: ${[...pages.keys()].join(' ')}\n`);
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'GET only\n');
    const { status, type, body } = inFormat(headers.accept, page());
    send(response, status, type, method === 'HEAD' ? '' : body);
  };
}

/** Metrics are sent as OpenMetrics to clients that accept it, such as Prometheus. */
function inFormat(accept: string | undefined, page: ReturnType<ReturnType<typeof coalesced>>): typeof page {
  if (page.type !== PROMETHEUS_TEXT || !/\bapplication\/openmetrics-text\b/.test(accept ?? '')) return page;
  return { ...page, type: OPEN_METRICS_TEXT, body: Buffer.from(openMetrics(`${page.body}`)) };
}

/** A page with bounded cost: clients that ask at the same time share one body. */
function coalesced(page: Page): () => { status: number; type: string; body: Buffer } {
  let last: ReturnType<ReturnType<typeof coalesced>> | undefined;
  let until = 0;
  return () => {
    const started = performance.now();
    if (last !== undefined && started < until) return last;
    const { body, ...rest } = rendered(page);
    last = { ...rest, body: Buffer.from(body) };
    const ended = performance.now();
    until = ended + REST * (ended - started);
    return last;
  };
}

/** An error while a page is made is sent to the client; the program continues. */
function rendered(page: Page): ReturnType<Page> {
  try {
    return page();
  } catch (error) {
    return { status: 500, type: 'text/plain', body: `${(error as Error).message}\n` };
  }
}

function send(response: http.ServerResponse, status: number, type: string, body: string | Buffer): void {
  const headers = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', connection: 'close' };
  response.writeHead(status, headers).end(body);
}
