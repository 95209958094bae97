import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from './backoff';
import { type ApiClient, ApiError } from './client';
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

/** How the watch stands; `connected` from the first answer of the server to the next failure. */
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
  private waking = new AbortController();
  private readonly backoff = new Backoff();

  constructor(
    private readonly client: ApiClient,
    private readonly namespace: string,
    private readonly name: string,
    private readonly handlers: WatchHandlers,
  ) {}

  /** Resolves after stop(). */
  async run(): Promise<void> {
    let version: string | undefined;
    while (!this.stopping.signal.aborted) {
      try {
        version ??= await this.list();
        version = await this.watch(version);
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        // A refusal may be about the version (410, or 504 after a restored etcd); a broken connection never is.
        if (error instanceof ApiError && error.status !== undefined) version = undefined;
        await this.fail(error as Error);
      }
    }
  }

  stop(): void {
    this.stopping.abort();
    this.nudge();
  }

  /** Ends a pause between two tries: now is the time to know. */
  nudge(): void {
    this.waking.abort();
    this.waking = new AbortController();
  }

  private async fail(error: Error): Promise<void> {
    this.handlers.onState({ state: 'failing', reason: error.message });
    await this.pause(this.backoff.next(error instanceof ApiError ? error.retryAfterMs : 0));
  }

  private async pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.waking.signal }).catch(() => undefined);
  }

  private async list(): Promise<string> {
    const text = await body(
      this.client.get({ path: this.path(''), silenceMs: LIST_SILENCE_MS, signal: this.stopping.signal }),
    );
    const { sighting, version } = readList(text, this.name);
    this.handlers.onState({ state: 'connected' });
    this.handlers.onSighting(sighting);
    return version;
  }

  /** @returns the version to go on from; undefined when a list is needed. */
  private async watch(from: string): Promise<string | undefined> {
    const seconds = Math.round(WATCH_SECONDS * (0.8 + 0.4 * Math.random()));
    const query = `&watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${encodeURIComponent(from)}`;
    const answer = this.client.get({
      path: this.path(query),
      silenceMs: WATCH_SILENCE_MS,
      signal: this.stopping.signal,
    });
    const opened = performance.now();
    let version = from;
    for await (const line of lines(answer)) {
      const event = readWatchEvent(line, this.name);
      if (event === undefined) continue;
      if (event.kind === 'expired') {
        await this.pause(this.backoff.next());
        return undefined;
      }
      this.backoff.reset();
      this.handlers.onState({ state: 'connected' });
      if (isOlder(event.version, version)) continue;
      version = event.version;
      if (event.kind === 'sighting') this.handlers.onSighting(event.sighting);
    }
    // The server ended it as asked, or was stopped in good order; one that ends at once would make us spin.
    if (performance.now() - opened < SHORT_WATCH_MS) await this.pause(this.backoff.next());
    else this.backoff.reset();
    return version;
  }

  private path(more: string): string {
    const selector = encodeURIComponent(`metadata.name=${this.name}`);
    return `/api/v1/namespaces/${this.namespace}/configmaps?fieldSelector=${selector}${more}`;
  }
}
