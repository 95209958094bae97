import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';

/** Where the kubelet projects the token and the cluster's CA (see the DaemonSet's volume api-access). */
const CREDENTIALS = '/var/run/secrets/kubernetes.io/serviceaccount';
/** A connection on which nothing is acknowledged is given up after 15 s and ten probes a second apart (libuv's). */
const KEEP_ALIVE_MS = 15_000;
const LONGEST_ERROR_BODY = 4096;

/** The API server answered with an error, or not at all. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; undefined when there was no answer. */
    readonly status?: number,
    /** What Retry-After asks for, in milliseconds. */
    readonly retryAfterMs = 0,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
  }
}

export interface ApiRequest {
  readonly path: string;
  /** Milliseconds without a byte, headers included, after which the answer is given up. */
  readonly silenceMs: number;
  /** Ends the request from outside. */
  readonly signal: AbortSignal;
}

/** Sends authenticated GET requests to the API server, each on a connection of its own. */
export class ApiClient {
  /** The address of the last connection; undefined before the first. */
  remoteAddress: string | undefined;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
  ) {}

  /**
   * The answer's body as it arrives, once its status is 200. Token and CA are read anew each time, as they rotate.
   * @throws ApiError for everything else; the returned stream may fail with one as well.
   */
  async *get({ path, silenceMs, signal }: ApiRequest): AsyncGenerator<Buffer> {
    const response = await this.open(path, silenceMs, signal);
    if (response.statusCode !== 200) throw await errorOf(response, path);
    try {
      for await (const chunk of response) yield chunk as Buffer;
    } catch (cause) {
      throw signal.aborted
        ? cause
        : new ApiError(`the connection broke: ${(cause as Error).message}`, undefined, 0, { cause });
    } finally {
      response.destroy();
    }
  }

  private open(path: string, silenceMs: number, signal: AbortSignal): Promise<IncomingMessage> {
    const token = this.readFile(`${CREDENTIALS}/token`).trim();
    const ca = this.readFile(`${CREDENTIALS}/ca.crt`);
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'onprem-link' };
    return new Promise((resolve, reject) => {
      const sent = request({
        host: this.host,
        port: this.port,
        path,
        ca,
        headers,
        agent: false,
        signal,
        timeout: silenceMs,
      });
      sent.on('socket', (socket) => {
        socket.setKeepAlive(true, KEEP_ALIVE_MS);
        socket.once('connect', () => {
          this.remoteAddress = socket.remoteAddress;
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`nothing heard for ${silenceMs / 1000} s`)));
      sent.on('response', resolve);
      sent.on('error', (cause) =>
        reject(
          new ApiError(`no answer: ${cause.message || (cause as { code?: string }).code}`, undefined, 0, { cause }),
        ),
      );
      sent.end();
    });
  }
}

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'the token was not accepted; it is read again for each try',
  403: 'the Role or RoleBinding of this DaemonSet is missing or changed',
};

async function errorOf(response: IncomingMessage, path: string): Promise<ApiError> {
  let body = '';
  try {
    for await (const chunk of response) if (body.length < LONGEST_ERROR_BODY) body += chunk;
  } catch {
    // The status says enough when the rest does not arrive.
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

/** The message of a Kubernetes Status object, if the body is one. */
function statusMessage(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message.slice(0, 200) : '';
  } catch {
    return '';
  }
}
