import fs = require('node:fs');
import util = require('node:util');

import { type Acknowledgement, Messages, MessageWriter, type Reader, readAcknowledgement } from './codec';
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './constants';

/** Begins the request for an item, and writes what follows its header. */
export type Write<Q> = (writer: MessageWriter, item: Q) => void;

/** The kernel rejected a request. `code` is the errno's name, e.g. EEXIST. */
export class NetlinkError extends Error {
  readonly code: string;
  constructor({ errno, words }: Acknowledgement) {
    const code = util.getSystemErrorName(-errno);
    super(words === undefined ? code : `${words} (${code})`);
    this.name = 'NetlinkError';
    this.code = code;
  }
}

/** One write sends several messages; when it returns, the kernel has queued all answers. */
const MOST_MESSAGES = 512;
const MOST_BYTES = 64 * 1024;
/** The kernel fills dump parts up to 32 KiB if the reader offers that much (net/netlink/af_netlink.c). */
const READ_BYTES = 64 * 1024;
const MOST_DUMP_TRIES = 5;
const ONCE = [undefined];

/** Requests and their answers on one netlink socket, one after the other. */
export class NetlinkChannel {
  private readonly buffer = new Uint8Array(READ_BYTES);
  private readonly messages = new Messages(this.buffer);
  private readonly writer = new MessageWriter();

  constructor(private readonly fd: number) {}

  /**
   * Everything of one kind that the kernel reports, without items for which `read` returns undefined. Repeated if the
   * state changed meanwhile.
   * @throws NetlinkError if the kernel rejects the request; Error after five interrupted attempts.
   */
  dump<T>(write: (writer: MessageWriter) => void, read: (type: number, payload: Reader) => T | undefined): T[] {
    for (let attempt = 0; attempt < MOST_DUMP_TRIES; attempt++) {
      const found: T[] = [];
      if (this.dumpOnce(write, read, found)) return found;
    }
    throw new Error(`the kernel's tables changed during each of ${MOST_DUMP_TRIES} dumps`);
  }

  /**
   * Makes a change for each item. @returns one entry per item: undefined for success, or why the kernel rejected it,
   * which does not stop later items. The kernel always answers what it rejects (netlink_rcv_skb in
   * net/netlink/af_netlink.c), so only the last of a batch asks to be acknowledged.
   */
  change<Q>(items: readonly Q[], write: Write<Q>): (NetlinkError | undefined)[] {
    return this.batches(items, write, NLM_F_ACK, (message, results, place) => {
      if (message.type !== NLMSG_ERROR) return;
      const acknowledgement = readAcknowledgement(message);
      results[place] = acknowledgement.errno === 0 ? undefined : new NetlinkError(acknowledgement);
    });
  }

  /** Sends one request per item, each answered by one message or an error, and parses the answers with `read`. */
  ask<Q, T>(items: readonly Q[], write: Write<Q>, read: (payload: Reader) => T): (T | NetlinkError)[] {
    return this.batches<Q, T | NetlinkError>(items, write, 0, (message, results, place) => {
      results[place] = message.type === NLMSG_ERROR ? new NetlinkError(readAcknowledgement(message)) : read(message);
    }) as (T | NetlinkError)[];
  }

  /**
   * The kernel answers in order, so a batch is complete once the last request is answered.
   * @param lastFlags flags that make sure of that answer.
   */
  private batches<Q, T>(
    items: readonly Q[],
    write: Write<Q>,
    lastFlags: number,
    take: (message: Messages, results: (T | undefined)[], place: number) => void,
  ): (T | undefined)[] {
    const results = new Array<T | undefined>(items.length).fill(undefined);
    for (let done = 0; done < items.length; ) {
      const first = (this.writer.sequence + 1) >>> 0;
      const count = this.send(items, done, write, lastFlags);
      for (let ended = false; !ended; ) {
        const message = this.receive();
        while (message.next()) {
          const place = (message.sequence - first) >>> 0; // sequence numbers wrap, possibly within a batch
          if (place >= count) continue; // an answer to an earlier, abandoned request
          take(message, results, done + place);
          ended ||= place === count - 1;
        }
      }
      done += count;
    }
    return results;
  }

  /** Sends as many requests as fit into one batch, and returns how many. */
  private send<Q>(items: readonly Q[], from: number, write: Write<Q>, lastFlags: number): number {
    const { writer } = this;
    writer.clear();
    const most = Math.min(items.length - from, MOST_MESSAGES);
    let count = 0;
    while (count < most && writer.length < MOST_BYTES) {
      write(writer, items[from + count] as Q);
      writer.end();
      count++;
    }
    writer.addFlags(lastFlags);
    fs.writeSync(this.fd, writer.finish());
    return count;
  }

  /** @returns false if the tables changed meanwhile and the dump may be inconsistent. */
  private dumpOnce<T>(
    write: (writer: MessageWriter) => void,
    read: (type: number, payload: Reader) => T | undefined,
    found: T[],
  ): boolean {
    this.send(ONCE, 0, write, NLM_F_DUMP);
    let consistent = true;
    for (let ended = false; !ended; ) {
      const message = this.receive();
      while (message.next()) {
        if (message.sequence !== this.writer.sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        ended = endsDump(message);
        const value = ended ? undefined : read(message.type, message);
        if (value !== undefined) found.push(value);
      }
    }
    return consistent;
  }

  private receive(): Messages {
    return this.messages.of(fs.readSync(this.fd, this.buffer));
  }
}

/** @throws NetlinkError if the dump ended because the kernel rejected it. */
function endsDump(message: Messages): boolean {
  if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) return false;
  const errno = -message.i32(0);
  if (errno > 0)
    throw new NetlinkError(message.type === NLMSG_ERROR ? readAcknowledgement(message) : { errno, words: undefined });
  return true;
}
