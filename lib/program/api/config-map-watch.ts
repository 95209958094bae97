import { Backoff } from './backoff';
import { type ApiClient, ApiError, IdleTimeoutError } from './client';
import { body, lines } from './lines';
import { type ConfigMapState, isOlder, readList, readWatchEvent } from './watch-event';

/** A list is one small answer. */
const LIST_IDLE_MS = 10_000;
/** Bookmarks come about every minute, so nothing for longer than that means a dead watch. */
const WATCH_IDLE_MS = 90_000;
/** The server ends a watch after this many seconds, spread so that nodes don't renew all at once. */
const WATCH_SECONDS = 300;
/** A watch that ends sooner than this counts as a failure. */
const SHORT_WATCH_MS = 1_000;

/** How the watch stands; `connected` from the moment it is open, or the server answers again, to the next failure. */
export type WatchState =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  | { readonly state: 'failing'; readonly reason: string };

export interface WatchHandlers {
  onConfigMap(configMap: ConfigMapState): void;
  onState(state: WatchState): void;
}

/**
 * Watches one ConfigMap indefinitely with list and watch: reconnects with back-off, and never treats a failure as a
 * missing ConfigMap.
 *
 * Only a watch that ended when it should is continued without a list. After any other end the API server may not be the
 * one that we know: its etcd may have been restored from a backup. A watch from a version that it never had stays
 * silent; a list says 504 (Kubernetes API concepts, "Resource versions").
 */
export class ConfigMapWatch {
  private readonly stopping = new AbortController();
  private wake: () => void = () => undefined;
  private readonly backoff = new Backoff();
  /** What was seen last; no later answer may be older. Undefined when nothing is known to hold. */
  private version: string | undefined;
  private asking: 'list' | 'watch' = 'list';
  /** What must succeed before all is well again: a list if nothing was heard, a watch if a watch was rejected. */
  private failing: 'list' | 'watch' | undefined;

  constructor(
    private readonly client: ApiClient,
    private readonly namespace: string,
    private readonly name: string,
    private readonly handlers: WatchHandlers,
  ) {}

  /** Resolves after stop(). */
  async run(): Promise<void> {
    let isCurrent = false;
    while (!this.stopping.signal.aborted) {
      try {
        if (!isCurrent) await this.list();
        isCurrent = false;
        isCurrent = await this.watch();
      } catch (error) {
        if (!this.stopping.signal.aborted) await this.fail(error as Error);
      }
    }
  }

  stop(): void {
    this.stopping.abort();
    this.nudge();
  }

  /** Ends a pause between two tries. */
  nudge(): void {
    this.wake();
  }

  private async fail(error: Error): Promise<void> {
    const { status, retryAfterMs } = error instanceof ApiError ? error : new ApiError(error.message);
    const isFromTheFuture = status === 504 && this.asking === 'list' && this.version !== undefined;
    // A rejection may be about the version; a broken connection never is.
    if (status !== undefined) this.version = undefined;
    if (isFromTheFuture) return;
    // 410 says that the version is too old, as happens to watches in quiet times; what was read still holds.
    if (status !== 410) {
      this.failing = status === undefined ? 'list' : this.asking;
      this.handlers.onState({ state: 'failing', reason: error.message });
    }
    await this.pause(this.backoff.next(retryAfterMs));
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.stopping.signal.aborted) this.wake();
    });
  }

  private connected(): void {
    this.failing = undefined;
    this.handlers.onState({ state: 'connected' });
  }

  private async list(): Promise<void> {
    this.asking = 'list';
    const notOlder =
      this.version === undefined
        ? ''
        : `&resourceVersion=${encodeURIComponent(this.version)}&resourceVersionMatch=NotOlderThan`;
    const text = await body(await this.get(notOlder, LIST_IDLE_MS));
    const { configMap, version } = readList(text, this.name);
    if (this.failing === 'list') this.connected();
    this.handlers.onConfigMap(configMap);
    this.version = version;
  }

  /** @returns whether it ended as requested, so that the next one can continue from there. */
  private async watch(): Promise<boolean> {
    this.asking = 'watch';
    const seconds = Math.round(WATCH_SECONDS * (0.8 + 0.4 * Math.random()));
    const from = encodeURIComponent(this.version as string);
    const asked = performance.now();
    const answer = await this.get(
      `&watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${from}`,
      WATCH_IDLE_MS,
    );
    this.connected();
    const opened = performance.now();
    const stood = () => performance.now() - opened >= SHORT_WATCH_MS;
    try {
      for await (const line of lines(answer)) this.take(line);
    } catch (error) {
      // Nothing may have happened on a silent watch: the list that follows tells whether the server is alive.
      if (!(error instanceof IdleTimeoutError)) throw error;
    } finally {
      if (stood()) this.backoff.reset();
    }
    // A watch that ends at once would cause a busy loop.
    if (!stood()) await this.pause(this.backoff.next());
    return performance.now() - asked >= seconds * 1000;
  }

  /** The version moves with each event: to start again from an older one would play old lists over newer ones. */
  private take(line: string): void {
    const event = readWatchEvent(line, this.name);
    if (event === undefined || (this.version !== undefined && isOlder(event.version, this.version))) return;
    if (event.configMap !== undefined) this.handlers.onConfigMap(event.configMap);
    this.version = event.version;
  }

  private get(more: string, idleTimeoutMs: number): Promise<AsyncIterable<Buffer>> {
    const selector = encodeURIComponent(`metadata.name=${this.name}`);
    const path = `/api/v1/namespaces/${this.namespace}/configmaps?fieldSelector=${selector}${more}`;
    return this.client.get({ path, idleTimeoutMs, signal: this.stopping.signal });
  }
}
