import { type MessagePort, workerData } from 'node:worker_threads';
import { lines } from '../../lib/program/api/lines';

/**
 * Reads lines in a separate thread (see `readLines` in fuzz-lists.long.ts), so that the test can end a reader that hangs in a
 * loop or waits forever.
 */
export interface LineQuestion {
  readonly bytes: Uint8Array;
  /** Bytes per chunk of the stream. */
  readonly size: number;
}

export type LineAnswer = { readonly lines: readonly string[] } | { readonly error: string };

/** `done` becomes 1 once the port holds the answer. */
export interface LineReaderData {
  readonly port: MessagePort;
  readonly done: Int32Array;
}

/** The bytes in chunks, as a network might deliver them. */
async function* pieces({ bytes, size }: LineQuestion): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

async function answer(question: LineQuestion): Promise<LineAnswer> {
  const read: string[] = [];
  try {
    for await (const line of lines(pieces(question))) read.push(line);
    return { lines: read };
  } catch (error) {
    return { error: `${(error as Error).stack}` };
  }
}

const { port, done } = workerData as LineReaderData;
port.on('message', async (question: LineQuestion) => {
  port.postMessage(await answer(question));
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
});
