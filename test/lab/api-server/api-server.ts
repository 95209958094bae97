import { mkdtempSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import type { Manifest } from '../dist';
import type { Lab } from '../topology/namespaces';
import { ApiOwners } from './api-owners';
import { type ApiRequest, type Asked, objectOf, parseRequest, type Refusal, refusal } from './api-request';
import { statusOf } from './api-status';
import { ApiStore, type Backup, type Stored, type StoredEvent } from './api-store';
import { ApiWatch, bookmarkOf, type WatchEvent } from './api-watch';
import { type KeyPair, makeAuthority, makeCertificate } from './certificates';
import type { Grant } from './rbac';

/** Options of the fake API server. */
export interface ApiServerOptions {
  /** IP addresses and names in its certificate. */
  readonly names: readonly string[];
  /** @default 'lab-token' */
  readonly token?: string;
  /** The permissions of a client with the token; see `grantsOf`. */
  readonly grants: readonly Grant[];
  /** Milliseconds between bookmarks. @default 60000 */
  readonly bookmarkMs?: number;
  /** How many events can be replayed. @default 1000 */
  readonly history?: number;
}

/** What happens to every connection during an outage. */
export type Outage = 'down' | 'no handshake' | 'no answer';

/**
 * A fake kube-apiserver for ConfigMaps in the test process: list, get and watch over HTTPS with a token, RBAC, resource
 * versions and bookmarks; get for namespaces and DaemonSets; and every way in which it can fail. It listens on a Unix
 * socket, which `NetnsClient.listen` connects to an address in a namespace.
 */
export class FakeApiServer {
  /** Valid tokens. Delete one to revoke it. */
  readonly tokens: Set<string>;
  /** The permissions of a valid token. They are checked when a request starts, so open watches keep theirs. */
  grants: readonly Grant[];
  /** Every request whose headers arrived, in order. */
  readonly requests: ApiRequest[] = [];
  readonly watches = new Set<ApiWatch>();
  readonly owners = new ApiOwners();
  /** How a resource version that is too old is rejected. The real API server does both. */
  goneAs: 'event' | 'status' = 'event';
  private readonly sockets = new Set<net.Socket>();
  private readonly front: net.Server;
  private outageNow: Outage | undefined;
  private failure: { code: number; retryAfter: number | undefined; left: number } | undefined;
  private cutNext: 'list' | 'event' | undefined;

  private constructor(
    /** The Unix socket. */
    readonly socket: string,
    private readonly authority: KeyPair,
    private readonly options: ApiServerOptions,
    private readonly tls: https.Server,
    readonly store: ApiStore,
  ) {
    this.tokens = new Set([options.token ?? 'lab-token']);
    this.grants = options.grants;
    tls.on('request', (request, response) => this.answer(request, response));
    tls.on('tlsClientError', () => undefined);
    store.subscribe((event) => this.publish(event));
    // A plain listener accepts connections first, because a TLS server would start the handshake at once.
    this.front = net.createServer((socket) => this.accept(socket));
  }

  static async start(lab: Lab, options: ApiServerOptions): Promise<FakeApiServer> {
    const authority = await makeAuthority('lab');
    const tls = https.createServer(await makeCertificate(authority, options.names));
    const socket = join(mkdtempSync(join(lab.folder, 'api-')), 'socket');
    const server = new FakeApiServer(socket, authority, options, tls, new ApiStore(1000, options.history));
    await new Promise<void>((resolve, reject) => server.front.once('error', reject).listen(socket, resolve));
    lab.defer(() => server.close());
    return server;
  }

  /** The certificate of the CA that clients trust, as PEM. */
  get ca(): string {
    return this.authority.cert;
  }

  /** Creates or replaces a ConfigMap. */
  put(object: Manifest): Stored {
    return this.store.put(object);
  }

  /** @throws if the ConfigMap does not exist */
  delete(namespace: string, name: string): void {
    this.store.delete(namespace, name);
  }

  /**
   * - 'down': open and new connections are reset.
   * - 'no handshake': new connections are accepted, but receive nothing. Open ones go silent.
   * - 'no answer': new connections complete the handshake, but requests get no answer. Open ones go silent.
   *
   * A connection that went silent stays silent. undefined ends the outage for new connections only.
   */
  outage(kind: Outage | undefined): void {
    this.outageNow = kind;
    if (kind === 'down') this.dropConnections();
    else if (kind) for (const watch of this.watches) watch.silent = true;
  }

  /** Resets all connections once, as a restart or a load balancer would. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /**
   * Answers requests with an error. Open watches continue.
   *
   * @param retryAfter seconds, sent as Retry-After. @default none
   * @param times number of requests. @default until `recover()`
   */
  fail(
    code: number,
    { retryAfter, times = Number.POSITIVE_INFINITY }: { retryAfter?: number; times?: number } = {},
  ): void {
    this.failure = { code, retryAfter, left: times };
  }

  /** Ends `fail`. */
  recover(): void {
    this.failure = undefined;
  }

  /** Cuts off the next list, or the next event on every watch, in the middle, and closes its connection. */
  cut(what: 'list' | 'event'): void {
    this.cutNext = what;
  }

  /** Discards the history: a watch from an older resource version gets 410. @param open whether open watches get it too, now */
  compact(open = false): void {
    this.store.compact();
    if (!open) return;
    for (const watch of this.watches) {
      watch.send({ type: 'ERROR', object: statusOf(410, 'too old resource version') });
      watch.end();
    }
  }

  /** Replaces etcd with a backup of it, with the API server stopped meanwhile. */
  restore(backup: Backup): void {
    this.store.restore(backup);
    this.dropConnections();
  }

  /** Sends an event without changing the store, e.g. out of order, without data, or of an unknown type. */
  send(event: WatchEvent): void {
    for (const watch of this.watches) watch.send(event);
  }

  /** Sends arbitrary bytes on every open watch. */
  sendRaw(text: string): void {
    for (const watch of this.watches) watch.sendRaw(text);
  }

  /** Sends a bookmark on every open watch now. */
  bookmark(): void {
    this.send(bookmarkOf(this.store.resourceVersion));
  }

  /** Presents another certificate to new connections; resets open ones. */
  async useCertificate(kind: 'right' | 'other authority' | 'other name' | 'expired'): Promise<void> {
    const authority = kind === 'other authority' ? await makeAuthority('lab') : this.authority;
    const names = kind === 'other name' ? ['192.0.2.77'] : this.options.names;
    this.tls.setSecureContext(await makeCertificate(authority, names, kind === 'expired'));
    this.dropConnections();
  }

  /** The requests of one kind so far. */
  requested(verb: ApiRequest['verb']): ApiRequest[] {
    return this.requests.filter((request) => request.verb === verb);
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.front.close(resolve));
  }

  private accept(socket: net.Socket): void {
    if (this.outageNow === 'down') {
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    if (this.outageNow !== 'no handshake') this.tls.emit('connection', socket);
  }

  private publish(event: StoredEvent): void {
    const { namespace, name } = event.object.metadata;
    const reached = [...this.watches].filter(
      (watch) => watch.namespace === namespace && (watch.name === undefined || watch.name === name),
    );
    const cut = this.cutNext === 'event' && reached.length > 0;
    if (cut) this.cutNext = undefined;
    for (const watch of reached) cut ? watch.cut(event) : watch.send(event);
  }

  private answer(incoming: IncomingMessage, response: ServerResponse): void {
    const asked = parseRequest(incoming);
    this.requests.push(asked.request);
    if (this.outageNow) return;
    const refused = this.failed() ?? refusal(asked, this);
    if (refused) {
      const { code, message, headers = {} } = refused;
      response.writeHead(code, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(statusOf(code, message)));
    } else if (asked.request.verb === 'watch') {
      this.watch(asked, response);
    } else {
      this.read(asked, response);
    }
  }

  /** The answer that `fail` has set. */
  private failed(): Refusal | undefined {
    if (!this.failure || this.failure.left-- <= 0) return undefined;
    const { code, retryAfter } = this.failure;
    const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    return { code, message: 'the lab says so', headers };
  }

  private read(asked: Asked, response: ServerResponse): void {
    const { request, namespace, name } = asked;
    const list = {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: this.store.resourceVersion },
      // The items of a list of a built-in type have neither kind nor apiVersion.
      items: this.store.list(namespace, name).map(({ kind: _, apiVersion: __, ...item }) => item),
    };
    const body = JSON.stringify(request.verb === 'list' ? list : objectOf(asked, this));
    const length = Buffer.byteLength(body);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
    if (request.verb !== 'list' || this.cutNext !== 'list') {
      response.end(body);
      return;
    }
    this.cutNext = undefined;
    response.write(body.slice(0, length / 2), () => response.destroy());
  }

  private watch({ request, namespace, name }: Asked, response: ServerResponse): void {
    const { resourceVersion, allowWatchBookmarks, timeoutSeconds } = request.query;
    const watch = new ApiWatch(response, name, namespace);
    const version = Number(resourceVersion ?? 0);
    // Without a version, or with 0, a watch starts with the existing objects.
    const current = () => this.store.list(namespace, name).map((object) => ({ type: 'ADDED' as const, object }));
    const missed = version === 0 ? current() : this.store.since(version);
    if (missed === 'gone') {
      watch.send({ type: 'ERROR', object: statusOf(410, `too old resource version: ${version}`) });
      watch.end();
      return;
    }
    const mine = ({ object: { metadata } }: StoredEvent) =>
      metadata.namespace === namespace && (name === undefined || metadata.name === name);
    for (const event of missed.filter(mine)) watch.send(event);
    // A watch from a future version, as after a restore of etcd, receives nothing, not even bookmarks.
    const isAhead = version > Number(this.store.resourceVersion);
    if (!isAhead) this.watches.add(watch);
    watch.onClose(() => this.watches.delete(watch));
    if (allowWatchBookmarks === 'true' && !isAhead) {
      watch.bookmark(this.options.bookmarkMs ?? 60_000, () => this.store.resourceVersion);
    }
    // The real API server chooses 30 to 60 minutes if the client sets no timeout.
    watch.endAfter(Number(timeoutSeconds ?? 1800));
  }
}
