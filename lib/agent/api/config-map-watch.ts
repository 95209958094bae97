import { Backoff } from './backoff';
import { type ApiClient, ApiError, SilenceError } from './client';
import { body, lines } from './lines';
import { isOlder, readList, readWatchEvent, type Sighting } from './watch-event';

/** A list is one small answer. */
const LIST_SILENCE_MS = 10_000;
/** Bookmarks come about every minute, so silence of more than that is a dead watch. */
const WATCH_SILENCE_MS = 90_000;
/** The server ends a watch after this many seconds, spread so that nodes don't renew all at once. */
const WATCH_SECONDS = 300;
/** A watch that ends sooner than this was no success. */
const SHORT_WATCH_MS = 1_000;

/** How the watch stands; `connected` from the moment it is open, or the server answers again, to the next failure. */
export type WatchState =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  | { readonly state: 'failing'; readonly reason: string };

export interface WatchHandlers {
  onSighting(sighting: Sighting): void;
  onState(state: WatchState): void;
}

/**
 * Follows one ConfigMap by list and watch, for ever: reconnects with back-off, lists again when its version is too old,
 * and never takes a failure for an absence.
 */
export class ConfigMapWatch {
  private readonly stopping = new AbortController();
  private wake: () => void = () => undefined;
  private readonly backoff = new Backoff();
  /** What was seen last, to go on from; undefined when a list is needed. */
  private version: string | undefined;
  /** What is to be over before all is well again: a list when nothing was heard, a watch when one was refused. */
  private failing: 'list' | 'watch' | undefined;

  constructor(
    private readonly client: ApiClient,
    private readonly namespace: string,
    private readonly name: string,
    private readonly handlers: WatchHandlers,
  ) {}

  /** Resolves after stop(). */
  async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        this.version ??= await this.list();
        await this.watch(this.version);
      } catch (error) {
        // A silent watch may be one on which nothing happens: a list tells whether the server is alive.
        if (error instanceof SilenceError && this.version !== undefined) this.version = undefined;
        else if (!this.stopping.signal.aborted) await this.fail(error as Error);
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
    // A refusal may be about the version (410, or 504 after a restored etcd); a broken connection never is.
    if (status !== 410) this.failing = status !== undefined && this.version !== undefined ? 'watch' : 'list';
    if (status !== undefined) this.version = undefined;
    // 410 says that the version is too old, as happens to watches in quiet times; what was read still holds.
    if (status !== 410) this.handlers.onState({ state: 'failing', reason: error.message });
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

  private async list(): Promise<string> {
    const text = await body(
      await this.client.get({ path: this.path(''), silenceMs: LIST_SILENCE_MS, signal: this.stopping.signal }),
    );
    const { sighting, version } = readList(text, this.name);
    if (this.failing === 'list') this.connected();
    this.handlers.onSighting(sighting);
    return version;
  }

  private async watch(from: string): Promise<void> {
    const seconds = Math.round(WATCH_SECONDS * (0.8 + 0.4 * Math.random()));
    const query = `&watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${encodeURIComponent(from)}`;
    const answer = await this.client.get({
      path: this.path(query),
      silenceMs: WATCH_SILENCE_MS,
      signal: this.stopping.signal,
    });
    this.connected();
    const opened = performance.now();
    const stood = () => performance.now() - opened >= SHORT_WATCH_MS;
    try {
      for await (const line of lines(answer)) this.take(line);
    } finally {
      if (stood()) this.backoff.reset();
    }
    // The server ended it as asked, or was stopped in good order; one that ends at once would make us spin.
    if (!stood()) await this.pause(this.backoff.next());
  }

  /** The version moves with each event: to start again from an older one would play old lists over newer ones. */
  private take(line: string): void {
    const event = readWatchEvent(line, this.name);
    if (event === undefined || (this.version !== undefined && isOlder(event.version, this.version))) return;
    if (event.sighting !== undefined) this.handlers.onSighting(event.sighting);
    this.version = event.version;
  }

  private path(more: string): string {
    const selector = encodeURIComponent(`metadata.name=${this.name}`);
    return `/api/v1/namespaces/${this.namespace}/configmaps?fieldSelector=${selector}${more}`;
  }
}
