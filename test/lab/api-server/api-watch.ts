import type { ServerResponse } from 'node:http';
import type { StoredEvent } from './api-store';

/** An event of a watch stream, valid or not. */
export type WatchEvent = StoredEvent | { readonly type: string; readonly object: object };

/** An open watch: a response that stays open, with one JSON object per line. */
export class ApiWatch {
  /** The connection stays open, but no bytes arrive: to the client, it looks like a half-open connection. */
  silent = false;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly response: ServerResponse,
    /** The name in the field selector. undefined: all objects */
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

  /** Sends arbitrary bytes. */
  sendRaw(text: string): void {
    if (!this.silent && !this.response.writableEnded) this.response.write(text);
  }

  /** Sends the first half of the event, and closes the connection. */
  cut(event: WatchEvent): void {
    const line = JSON.stringify(event);
    if (this.silent) return;
    this.response.write(line.slice(0, line.length / 2), () => this.response.destroy());
  }

  /** Sends a bookmark every `ms` milliseconds. */
  bookmark(ms: number, version: () => string): void {
    this.timers.push(setInterval(() => this.send(bookmarkOf(version())), ms));
  }

  /** Ends the response properly after `seconds`, as timeoutSeconds requires. */
  endAfter(seconds: number): void {
    this.timers.push(setTimeout(() => !this.silent && this.end(), seconds * 1000));
  }

  /** Ends the response properly. */
  end(): void {
    this.response.end();
  }

  onClose(callback: () => void): void {
    this.response.once('close', callback);
  }
}

/** Reports the current version without a change. */
export function bookmarkOf(resourceVersion: string): WatchEvent {
  return {
    type: 'BOOKMARK',
    object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion, creationTimestamp: null } },
  };
}
