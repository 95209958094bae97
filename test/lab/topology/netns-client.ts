import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformSync } from 'esbuild';
import { node26 } from '../requirements';
import type { Namespace } from './namespaces';
import type { Commands, ConnectRequest, DatagramRequest, FetchAnswer, FetchRequest, Reply } from './netns-protocol';

/** A server in a namespace. */
export interface NetnsServer {
  readonly port: number;
  /** Stops the server and its connections. Later connections are refused. */
  close(): Promise<void>;
}

/** The HTTP server of {@link NetnsClient.serve}. */
export interface NetnsHttpServer extends NetnsServer {
  readonly url: string;
  /** The addresses of the clients that received an answer, in order. */
  seen(): Promise<string[]>;
}

let stripped: string | undefined;

/** The helper program with its types stripped in advance, which would otherwise slow down the start of each process. */
function program(): string {
  stripped ??= transformSync(readFileSync(join(__dirname, 'netns-program.ts'), 'utf8'), {
    loader: 'ts',
    format: 'cjs',
    target: 'node26',
  }).code;
  return stripped;
}

const known = new WeakMap<Namespace, NetnsClient>();

/** Runs in a namespace what the test process outside cannot do there: requests, servers, reading /proc/net. */
export class NetnsClient {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  private lastId = 0;
  private errors = '';
  private ended = false;

  private constructor(readonly namespace: Namespace) {
    const command = [node26(), '--eval', program()];
    this.child = namespace.lab.spawn('nsenter', [`--net=${namespace.path}`, ...command], { stdio: 'pipe' });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.child.stdin?.on('error', () => undefined);
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', (line) => this.take(line));
    this.child.once('close', () => this.end());
    this.child.once('error', () => this.end());
  }

  /** The client of a namespace, started on first use. */
  static of(namespace: Namespace): NetnsClient {
    const client = known.get(namespace) ?? new NetnsClient(namespace);
    known.set(namespace, client);
    return client;
  }

  /** Sends an HTTP or HTTPS request on a new connection. Does not throw: see {@link FetchAnswer.error}. */
  fetch(url: string, options: Omit<FetchRequest, 'url'> = {}): Promise<FetchAnswer> {
    return this.call('fetch', { url, ...options });
  }

  /** Opens a TCP connection and closes it. @returns how long it took, and the error code if it failed */
  connect(request: ConnectRequest): Promise<{ ms: number; error?: string }> {
    return this.call('connect', request);
  }

  /** Sends a UDP datagram to a closed port. @returns the error that comes back: ECONNREFUSED if the datagram arrived */
  datagram(request: DatagramRequest): Promise<string> {
    return this.call('datagram', request);
  }

  /** Answers HTTP with `text`. @param port 0: any free one */
  async serve(address: string, port: number, text: string): Promise<NetnsHttpServer> {
    const started = await this.call('serve', { address, port, text });
    const host = address.includes(':') ? `[${address}]` : address;
    return {
      ...this.server(started),
      url: `http://${host}:${started.port}/`,
      seen: () => this.call('seen', { server: started.server }),
    };
  }

  /** Makes a server on a Unix socket of the test process reachable in the namespace. @param port 0: any free one */
  async listen(address: string, port: number, socket: string): Promise<NetnsServer> {
    return this.server(await this.call('listen', { address, port, to: { path: socket } }));
  }

  /** A TCP proxy as some clusters run on every node: it accepts connections before it has connected to the server. */
  async proxy(address: string, port: number, host: string): Promise<NetnsServer> {
    return this.server(await this.call('listen', { address, port, to: { host, port } }));
  }

  /** A file as seen in the namespace, e.g. /proc/net/netstat. */
  read(path: string): Promise<string> {
    return this.call('read', { path });
  }

  private server({ server, port }: { server: number; port: number }): NetnsServer {
    return {
      port,
      close: async () => {
        await this.call('close', { server });
      },
    };
  }

  private call<Name extends keyof Commands>(
    command: Name,
    args: Commands[Name]['takes'],
  ): Promise<Commands[Name]['gives']> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.gone());
        return;
      }
      const id = ++this.lastId;
      this.waiting.set(id, { resolve, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, command, args })}\n`);
    });
  }

  private take(line: string): void {
    const reply = JSON.parse(line) as Reply;
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.error === undefined) waiting?.resolve(reply.result as never);
    else waiting?.reject(new Error(`in ${this.namespace.name}: ${reply.error}`));
  }

  private end(): void {
    this.ended = true;
    for (const { reject } of this.waiting.values()) reject(this.gone());
    this.waiting.clear();
  }

  private gone(): Error {
    return new Error(`the helper in ${this.namespace.name} ended: ${this.errors.trim() || 'its lab was closed'}`);
  }
}
