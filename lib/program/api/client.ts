import fs = require('node:fs');
import https = require('node:https');

import type { IncomingMessage } from 'node:http';

import tls = require('node:tls');

import type { Target } from '../../network';
import { type Answer, answerOf, PATIENCE_MS } from '../connection';

/** Where the kubelet projects the token and the cluster's CA (see the DaemonSet's volume api-access). */
const CREDENTIALS = '/var/run/secrets/kubernetes.io/serviceaccount';
/**
 * A connection without acknowledgements is closed after 15 s plus ten keepalive probes, one per second (libuv's
 * default).
 */
const KEEP_ALIVE_MS = 15_000;
/** The headers of every answer arrive at once, even those of a watch, however long its body takes. */
const ANSWER_MS = 10_000;
const LONGEST_ERROR_BODY = 4096;

/** The API server answered with an error, or not at all. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; undefined when there was no answer. */
    readonly status?: number,
    /** The value of Retry-After, in milliseconds. */
    readonly retryAfterMs = 0,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
  }
}

/** An answer began and then went silent: the API server may be down, or may have nothing to send. */
export class IdleTimeoutError extends ApiError {
  constructor(milliseconds: number, what = 'data') {
    super(`no ${what} for ${milliseconds / 1000} s`);
    this.name = 'IdleTimeoutError';
  }
}

export interface ApiRequest {
  readonly path: string;
  /** Milliseconds without data after which a started answer is aborted. */
  readonly idleTimeoutMs: number;
  /** Aborts the request when it fires. */
  readonly signal: AbortSignal;
  /** The body to send; without it, the request is a GET. */
  readonly sent?: ApiPayload;
}

export interface ApiPayload {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Media type of the body. */
  readonly type: string;
  readonly body: string;
}

/** Sends authenticated requests to the API server, each on its own connection unless connections are kept. */
export class ApiClient {
  /** The remote address of the last connection; undefined before the first. */
  remoteAddress: string | undefined;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly readFile: (path: string) => string = (path) => fs.readFileSync(path, 'utf8'),
    /** Whether to keep connections for later requests; if false, each request opens its own. */
    private readonly connections: https.Agent | false = false,
  ) {}

  /**
   * The answer's body as a stream; the first byte of a watch may take long.
   * @throws ApiError for every other answer, and for no answer; reading the body may throw one as well.
   */
  async get(request: ApiRequest): Promise<AsyncIterable<Buffer>> {
    const response = await this.open(request);
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) throw await errorOf(response, request.path);
    return bodyOf(response, request.signal);
  }

  /**
   * Whether an API server answers at `target`, on a new connection: TLS with a certificate that the cluster's CA
   * signed, then any HTTP status. Every API server's certificate is valid for the host that this client uses.
   */
  prove({ host, port }: Target): Promise<Answer> {
    const started = performance.now();
    return new Promise((resolve) => {
      const checkServerIdentity = (_: string, certificate: tls.PeerCertificate) =>
        tls.checkServerIdentity(this.host, certificate);
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const failed = (error: Error) => resolve(answerOf(error, performance.now() - started));
      try {
        const options = { host, port, path: '/livez', agent: false, signal, checkServerIdentity };
        const sent = https.request({ ...options, ...this.credentials() });
        sent.on('response', () => {
          resolve('answered');
          sent.destroy();
        });
        sent.on('error', failed);
        sent.end();
      } catch (error) {
        failed(error as Error); // the token or the CA cannot be read
      }
    });
  }

  /** The token and the CA are read for each request, because they rotate. */
  private credentials(): { readonly ca: string; readonly headers: Record<string, string> } {
    const token = this.readFile(`${CREDENTIALS}/token`).trim();
    const ca = this.readFile(`${CREDENTIALS}/ca.crt`);
    return {
      ca,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'onprem-link' },
    };
  }

  private open({ path, idleTimeoutMs, signal, sent: payload }: ApiRequest): Promise<IncomingMessage> {
    const { ca, headers } = this.credentials();
    const patience = Math.min(ANSWER_MS, idleTimeoutMs);
    return new Promise((resolve, reject) => {
      const { host, port, connections: agent } = this;
      const { method = 'GET', type, body } = payload ?? {};
      const all = type === undefined ? headers : { ...headers, 'content-type': type };
      const sent = https.request({ host, port, path, method, ca, headers: all, agent, signal, timeout: patience });
      sent.on('socket', (socket) => {
        if (!socket.connecting) return; // reused from an earlier request
        socket.setKeepAlive(true, KEEP_ALIVE_MS);
        socket.once('connect', () => {
          this.remoteAddress = socket.remoteAddress;
        });
      });
      let answer: IncomingMessage | undefined;
      // Once the answer has arrived, aborting the request would only report "aborted".
      sent.on('timeout', () => {
        if (answer === undefined) sent.destroy(new Error(`no data for ${patience / 1000} s`));
        else answer.destroy(new IdleTimeoutError(idleTimeoutMs));
      });
      sent.on('response', (response) => {
        answer = response;
        response.socket.setTimeout(idleTimeoutMs);
        resolve(response);
      });
      sent.on('error', (cause) => reject(asApiError('no answer', cause)));
      sent.end(body);
    });
  }
}

async function* bodyOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (cause) {
    throw signal.aborted ? cause : asApiError('the connection broke', cause as Error);
  } finally {
    response.destroy();
  }
}

function asApiError(what: string, cause: Error): ApiError {
  if (cause instanceof ApiError) return cause;
  return new ApiError(`${what}: ${cause.message || (cause as { code?: string }).code}`, undefined, 0, { cause });
}

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'the token was not accepted; each retry reads it again',
  403: 'the Role or RoleBinding of this program is missing or changed',
};

async function errorOf(response: IncomingMessage, path: string): Promise<ApiError> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += chunk;
      if (body.length > LONGEST_ERROR_BODY) break;
    }
  } catch {
    // If the rest of the body does not arrive, the status is enough.
  }
  const status = response.statusCode ?? 0;
  const words = REMEDIES[status] ?? statusMessage(body);
  const seconds = Number(response.headers['retry-after'] ?? 0);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : 0;
  return new ApiError(
    `HTTP ${status} for ${path.split('?')[0]}${words === '' ? '' : `: ${words}`}`,
    status,
    retryAfterMs,
  );
}

/** The message of a Kubernetes Status object, if the body contains one. */
function statusMessage(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message.slice(0, 200) : '';
  } catch {
    return '';
  }
}
