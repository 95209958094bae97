import http = require('node:http');

import type { Address } from '../../network';

/** What is served at a path. */
export type Page = () => { readonly status: number; readonly type: string; readonly body: string };

const RETRY_MS = 2_000;
/** The probes must not wait behind connections on which nobody asks anything. */
const LIMITS = {
  requestTimeout: 5_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/**
 * Serves pages on the node's own address only, since the port is open on the host's network. A port in use is told and
 * tried again every 2 s: routes matter more than being asked about them.
 * @returns stops the server.
 */
export function serve(
  pages: ReadonlyMap<string, Page>,
  address: Address,
  port: number,
  onTrouble: (error: NodeJS.ErrnoException) => void,
): () => void {
  let retry: NodeJS.Timeout | undefined;
  let told: string | undefined;
  const server = http.createServer(LIMITS, answer(pages));
  server.maxConnections = 64;
  const listen = () => server.listen(port, `${address}`);
  server.on('error', (error) => {
    if (error.message !== told) onTrouble(error);
    told = error.message;
    // While it listens, an error concerns one connection that could not be accepted.
    if (!server.listening) retry = setTimeout(listen, RETRY_MS);
  });
  server.on('listening', () => {
    told = undefined;
  });
  listen();
  return () => {
    clearTimeout(retry);
    server.close();
    server.closeAllConnections();
  };
}

function answer(pages: ReadonlyMap<string, Page>): http.RequestListener {
  return ({ method, url }, response) => {
    const page = pages.get((url ?? '').split('?')[0] as string);
    if (page === undefined)
      return send(response, 404, 'text/plain', `not here; there is ${[...pages.keys()].join(' ')}\n`);
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'GET only\n');
    const { status, type, body } = rendered(page);
    send(response, status, type, method === 'HEAD' ? '' : body);
  };
}

/** What goes wrong while a page is made is for who asked, and no reason to stop. */
function rendered(page: Page): ReturnType<Page> {
  try {
    return page();
  } catch (error) {
    return { status: 500, type: 'text/plain', body: `${(error as Error).message}\n` };
  }
}

function send(response: http.ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
}
