import { type MessagePort, workerData } from 'node:worker_threads';
import { lines } from '../../lib/program/api/lines';

/**
 * The reader of lines in a thread of its own (see `readLines` in fuzz.long.ts): what hangs there, in a loop or for a
 * promise, can be ended from outside.
 */
export interface LineQuestion {
  readonly bytes: Uint8Array;
  /** Of the pieces in which they arrive. */
  readonly size: number;
}

export type LineAnswer = { readonly lines: readonly string[] } | { readonly error: string };

/** `done` becomes 1 when the answer to a question lies in the port. */
export interface LineReaderData {
  readonly port: MessagePort;
  readonly done: Int32Array;
}

/** As a network might deliver them. */
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
