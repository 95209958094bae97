import { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';

/** A line of a container's output. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** The parsed line, if it is a JSON object. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Time of arrival, in milliseconds of performance.now(). */
  readonly at: number;
}

function parse(text: string): { json?: Record<string, unknown> } {
  if (!text.startsWith('{')) return {};
  try {
    return { json: JSON.parse(text) as Record<string, unknown> };
  } catch {
    return {};
  }
}

/** The output of a container, line by line, in the order of arrival. */
export class PodLogs {
  readonly lines: LogLine[] = [];
  private readonly news = new EventEmitter().setMaxListeners(0);

  /** Collects the lines of a stream until its end. */
  collect(stream: 'stdout' | 'stderr', from: Readable): void {
    let rest = '';
    const add = (text: string) => {
      this.lines.push({ stream, text, ...parse(text), at: performance.now() });
      this.news.emit('line');
    };
    from.setEncoding('utf8');
    from.on('data', (part: string) => {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) add(line);
    });
    from.on('end', () => {
      if (rest !== '') add(rest);
    });
  }

  /** The lines that are JSON objects. */
  get json(): Readonly<Record<string, unknown>>[] {
    return this.lines.flatMap((line) => (line.json ? [line.json] : []));
  }

  /** All lines as one text, for error messages. */
  toString(): string {
    return this.lines.map((line) => line.text).join('\n');
  }

  /**
   * Waits for the first line, among past and future ones, that `predicate` accepts.
   *
   * @param from ignores the first `from` lines; pass `lines.length` to wait for new lines only
   * @throws after `ms` milliseconds, with the last lines
   */
  waitFor(predicate: (line: LogLine) => boolean, ms: number, from = 0): Promise<LogLine> {
    let next = from;
    return new Promise((resolve, reject) => {
      const look = () => {
        for (; next < this.lines.length; next++) {
          const line = this.lines[next];
          if (line && predicate(line)) done(() => resolve(line));
        }
      };
      const timer = setTimeout(() => {
        const last = this.lines.slice(-20).map((line) => `  ${line.text}`);
        done(() =>
          reject(new Error(`timed out after ${ms} ms waiting for a log line; the last lines are:\n${last.join('\n')}`)),
        );
      }, ms);
      const done = (then: () => void) => {
        clearTimeout(timer);
        this.news.off('line', look);
        then();
      };
      this.news.on('line', look);
      look();
    });
  }
}
