import type { ServerResponse } from 'node:http';
import type { StoredEvent } from './api-store';

/** What a watch stream may carry. */
export type WatchEvent = StoredEvent | { readonly type: string; readonly object: object };

/** One open watch: a response that goes on, one JSON object a line. */
export class ApiWatch {
  /** Open, but not a byte comes any more: what a half-open connection looks like from the client. */
  silent = false;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly response: ServerResponse,
    /** The name in the field selector; undefined: all objects. */
    readonly name: string | undefined,
    readonly namespace: string,
  ) {
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    response.once('close', () => {
      for (const timer of this.timers) clearTimeout(timer);
    });
  }

  send(event: WatchEvent): void {
    this.sendRaw(`${JSON.stringify(event)}\n`);
  }

  /** Any bytes. */
  sendRaw(text: string): void {
    if (!this.silent && !this.response.writableEnded) this.response.write(text);
  }

  /** The first half of the event, then the end of the connection. */
  cut(event: WatchEvent): void {
    const line = JSON.stringify(event);
    if (this.silent) return;
    this.response.write(line.slice(0, line.length / 2), () => this.response.destroy());
  }

  /** A bookmark every `ms` milliseconds. */
  bookmark(ms: number, version: () => string): void {
    this.timers.push(setInterval(() => this.send(bookmarkOf(version())), ms));
  }

  /** Ends it properly after `seconds`, as timeoutSeconds demands. */
  endAfter(seconds: number): void {
    this.timers.push(setTimeout(() => !this.silent && this.end(), seconds * 1000));
  }

  /** Ends it properly. */
  end(): void {
    this.response.end();
  }

  onClose(callback: () => void): void {
    this.response.once('close', callback);
  }
}

/** Says how far the watch has come, without a change. */
export function bookmarkOf(resourceVersion: string): WatchEvent {
  return {
    type: 'BOOKMARK',
    object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion, creationTimestamp: null } },
  };
}
