import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { node26 } from '../lab/requirements';
import type { Namespace } from '../lab/topology/namespaces';
import { waitFor } from '../lab/wait';

/** Messages that were read from the kernel at the same time. */
interface Batch {
  /** Milliseconds of the monotonic clock, as `now()` returns them. */
  readonly at: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Milliseconds of the monotonic clock, which all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A program of `bench/inside`, bundled into one file for Node 26. */
export function bundled(name: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, 'inside', name)],
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    external: ['node:*'],
    write: false,
    logLevel: 'silent',
    tsconfigRaw: {},
  });
  return (outputFiles[0] as { text: string }).text;
}

/** The routing events of a namespace, with the time at which each was read. */
export class Listener {
  private batches: Batch[] = [];
  private isReady = false;

  private constructor(namespace: Namespace) {
    const command = [node26(), '--disable-warning=ExperimentalWarning', '--eval', bundled('listener.ts')];
    const child = namespace.lab.spawn('nsenter', [`--net=${namespace.path}`, ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (!child.stdout) throw new Error('the listener has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const read = JSON.parse(line) as Batch | { ready: true };
      if ('ready' in read) this.isReady = true;
      else this.batches.push(read);
    });
  }

  static async in(namespace: Namespace): Promise<Listener> {
    const listener = new Listener(namespace);
    await waitFor('the listener to start', 10_000, () => listener.isReady);
    return listener;
  }

  /** Discards the events received so far. */
  clear(): void {
    this.batches = [];
  }

  /** When the first message of a kind was read. Kinds: e.g. 'del 142', a deleted route of that protocol. */
  first(kind: string): number | undefined {
    return this.batches.find(({ counts }) => (counts[kind] ?? 0) > 0)?.at;
  }

  /** Waits for `count` messages of a kind since `clear()`. @returns when the last of them was read */
  async until(kind: string, count: number, ms = 60_000): Promise<number> {
    const reached = () => {
      let seen = 0;
      return this.batches.find(({ counts }) => {
        seen += counts[kind] ?? 0;
        return seen >= count;
      })?.at;
    };
    return waitFor(`${count} messages: ${kind}`, ms, reached, 5);
  }

  /** The number of messages of a kind since `clear()`. */
  count(kind: string): number {
    return this.batches.reduce((sum, { counts }) => sum + (counts[kind] ?? 0), 0);
  }
}
