import { Backoff } from './backoff';
import { type ApiClient, ApiError, IdleTimeoutError } from './client';
import { body, lines } from './lines';
import { type ConfigMapState, isOlder, readList, readWatchEvent } from './watch-event';

/** Enough for a list, which is one small answer. */
const LIST_IDLE_MS = 10_000;
/** Enough for the complete answer, from the request on, even if its bytes arrive slowly. */
const LIST_MS = 60_000;
/** Bookmarks arrive about every minute, so a longer time without a complete event means that the watch is dead. */
const WATCH_IDLE_MS = 90_000;
/**
 * The server ends a watch after about this many seconds; the value is spread so that nodes do not renew all at once.
 */
const WATCH_SECONDS = 300;
/** A watch that ends sooner than this counts as a failure. */
const SHORT_WATCH_MS = 1_000;

/**
 * The state of the watch. It is `connected` from the moment the watch opens, or the server answers again, until the
 * next failure.
 */
export type WatchState =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  | { readonly state: 'failing'; readonly reason: string };

export interface WatchHandlers {
  onConfigMap(configMap: ConfigMapState): void;
  onState(state: WatchState): void;
}

/**
 * Watches one ConfigMap indefinitely with list and watch: reconnects with back-off, and never mistakes a failure for a
 * missing ConfigMap.
 *
 * Only a watch that ran for its full time is continued without a list. After any other end, the API server may not hold
 * the same data: its etcd may have been restored from a backup. A watch from a version that the server never had stays
 * silent; a list answers 504 (Kubernetes API concepts, "Resource versions").
 */
export class ConfigMapWatch {
  private readonly stopping = new AbortController();
  private wake: () => void = () => undefined;
  private readonly backoff = new Backoff();
  /** The last version seen; no later answer may be older. Undefined if no version is known to be valid. */
  private version: string | undefined;
  private asking: 'list' | 'watch' = 'list';
  /**
   * The request that must succeed before the state is `connected` again: a list if there was no answer, a watch if a
   * watch was rejected.
   */
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

  /** Ends the pause between two attempts. */
  nudge(): void {
    this.wake();
  }

  private async fail(error: Error): Promise<void> {
    const { status, retryAfterMs } = error instanceof ApiError ? error : new ApiError(error.message);
    const isFromTheFuture = status === 504 && this.asking === 'list' && this.version !== undefined;
    // A rejection may be caused by the version; a broken connection never is.
    if (status !== undefined) this.version = undefined;
    if (isFromTheFuture) return;
    // 410 means that the version is too old, as happens to watches in quiet times; the data that was read is still
    // valid.
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
    const text = await this.within(LIST_MS, async (signal) => body(await this.get(notOlder, LIST_IDLE_MS, signal)));
    const { configMap, version } = readList(text, this.name);
    if (this.failing === 'list') this.connected();
    this.handlers.onConfigMap(configMap);
    this.version = version;
  }

  /** @returns whether the watch ran for its full time, so that the next one can continue from there. */
  private async watch(): Promise<boolean> {
    this.asking = 'watch';
    const seconds = Math.round(WATCH_SECONDS * (0.8 + 0.4 * Math.random()));
    const from = encodeURIComponent(this.version as string);
    const asked = performance.now();
    const path = `&watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${from}`;
    let isOpen = false;
    try {
      await this.within(WATCH_IDLE_MS, async (signal, wait) => {
        const answer = await this.get(path, WATCH_IDLE_MS, signal);
        isOpen = true;
        this.connected();
        await this.follow(lines(answer), wait);
      });
    } catch (error) {
      // A silent watch may mean that nothing happened: the list that follows shows whether the server is alive.
      if (!isOpen || !(error instanceof IdleTimeoutError)) throw error;
    }
    return performance.now() - asked >= seconds * 1000;
  }

  /** @param wait restarts the time-out for the next event. */
  private async follow(events: AsyncIterable<string>, wait: () => void): Promise<void> {
    const opened = performance.now();
    const stood = () => performance.now() - opened >= SHORT_WATCH_MS;
    try {
      wait();
      for await (const line of events) {
        wait();
        this.take(line);
      }
    } finally {
      if (stood()) this.backoff.reset();
    }
    // Without this pause, a watch that ends at once would cause a busy loop.
    if (!stood()) await this.pause(this.backoff.next());
  }

  /** The version advances with each event: restarting from an older one would replay old lists over newer ones. */
  private take(line: string): void {
    const event = readWatchEvent(line, this.name);
    if (event === undefined || (this.version !== undefined && isOlder(event.version, this.version))) return;
    if (event.configMap !== undefined) this.handlers.onConfigMap(event.configMap);
    this.version = event.version;
  }

  /**
   * Aborts `use` if it takes longer, counted from its last call of `wait`: a server, or a proxy in front of it, may send
   * bytes without ever completing an answer.
   */
  private async within<T>(
    milliseconds: number,
    use: (signal: AbortSignal, wait: () => void) => Promise<T>,
  ): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), milliseconds);
    try {
      return await use(AbortSignal.any([this.stopping.signal, late.signal]), () => timer.refresh());
    } catch (error) {
      throw late.signal.aborted ? new IdleTimeoutError(milliseconds, 'complete answer') : error;
    } finally {
      clearTimeout(timer);
    }
  }

  private get(more: string, idleTimeoutMs: number, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const selector = encodeURIComponent(`metadata.name=${this.name}`);
    const path = `/api/v1/namespaces/${this.namespace}/configmaps?fieldSelector=${selector}${more}`;
    return this.client.get({ path, idleTimeoutMs, signal });
  }
}
