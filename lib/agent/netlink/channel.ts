import fs = require('node:fs');
import util = require('node:util');

import {
  type Acknowledgement,
  type Message,
  MessageWriter,
  parseMessages,
  type Reader,
  readAcknowledgement,
} from './codec';
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR } from './constants';

/** A request: its type, the flags beyond REQUEST, and what stands behind the header. */
export interface Request {
  readonly type: number;
  readonly flags?: number;
  readonly write: (writer: MessageWriter) => void;
}

/** The kernel refused. `code` is the errno's name, e.g. EEXIST. */
export class NetlinkError extends Error {
  readonly code: string;
  constructor({ errno, words }: Acknowledgement) {
    const code = util.getSystemErrorName(-errno);
    super(words === undefined ? code : `${words} (${code})`);
    this.name = 'NetlinkError';
    this.code = code;
  }
}

/** Several messages go out by one write; the kernel has queued all their answers when the write returns. */
const MOST_MESSAGES = 512;
const MOST_BYTES = 64 * 1024;
/** The kernel fills dump parts up to 32 KiB when the reader offers that much (net/netlink/af_netlink.c). */
const READ_BYTES = 64 * 1024;
const MOST_DUMP_TRIES = 5;

/** Requests and their answers on one netlink socket, one after the other. */
export class NetlinkChannel {
  private sequence = 0;
  private readonly buffer = new Uint8Array(READ_BYTES);
  private readonly writer = new MessageWriter();
  /** The socket's own netlink port: events that carry it were caused by us. 0 until the first answer. */
  port = 0;

  constructor(private readonly fd: number) {}

  /**
   * Everything the kernel tells of one kind, as `read` makes it of each message, without what that makes undefined.
   * A dump that changed meanwhile is read again.
   * @throws NetlinkError when the kernel refuses; Error after five interrupted tries.
   */
  dump<T>(request: Request, read: (type: number, payload: Reader) => T | undefined): T[] {
    for (let attempt = 0; attempt < MOST_DUMP_TRIES; attempt++) {
      const found: T[] = [];
      if (this.dumpOnce(request, read, found)) return found;
    }
    throw new Error(`the kernel's tables changed during each of ${MOST_DUMP_TRIES} dumps`);
  }

  /**
   * Sends requests that change something. One place per request: undefined for success, or why the kernel refused it,
   * which does not stop those behind it. It answers what it refuses in any case (netlink_rcv_skb in
   * net/netlink/af_netlink.c), so only the last of a batch asks to be acknowledged.
   */
  change(requests: readonly Request[]): (NetlinkError | undefined)[] {
    return this.batches(requests, NLM_F_ACK, (message, results, place) => {
      if (message.type !== NLMSG_ERROR) return;
      const acknowledgement = readAcknowledgement(message);
      results[place] = acknowledgement.errno === 0 ? undefined : new NetlinkError(acknowledgement);
    });
  }

  /** Sends requests that are answered by one message or an error each, and reads the answers by `read`. */
  ask<T>(requests: readonly Request[], read: (payload: Reader) => T): (T | NetlinkError)[] {
    return this.batches<T | NetlinkError>(requests, 0, (message, results, place) => {
      results[place] =
        message.type === NLMSG_ERROR ? new NetlinkError(readAcknowledgement(message)) : read(message.payload);
    }) as (T | NetlinkError)[];
  }

  /**
   * The kernel answers in order, so a batch is complete with the answer to its last request.
   * @param lastFlags that make sure of that one.
   */
  private batches<T>(
    requests: readonly Request[],
    lastFlags: number,
    take: (message: Message, results: (T | undefined)[], place: number) => void,
  ): (T | undefined)[] {
    const results = new Array<T | undefined>(requests.length).fill(undefined);
    for (let done = 0; done < requests.length; ) {
      const first = (this.sequence + 1) >>> 0;
      const count = this.send(requests, done, lastFlags);
      for (let ended = false; !ended; ) {
        for (const message of this.receive()) {
          const place = (message.sequence - first) >>> 0; // sequence numbers wrap, and may do so within a batch
          if (place >= count) continue; // an answer to an earlier request that was given up
          take(message, results, done + place);
          ended ||= place === count - 1;
        }
      }
      done += count;
    }
    return results;
  }

  /** Writes as many requests as one batch takes, and returns how many. */
  private send(requests: readonly Request[], from: number, lastFlags: number): number {
    const { writer } = this;
    writer.clear();
    const most = Math.min(requests.length - from, MOST_MESSAGES);
    let count = 0;
    while (count < most && writer.length < MOST_BYTES) {
      const { type, flags = 0, write } = requests[from + count] as Request;
      this.sequence = (this.sequence + 1) >>> 0;
      writer.begin(type, NLM_F_REQUEST | flags, this.sequence);
      write(writer);
      writer.end();
      count++;
    }
    writer.addFlags(lastFlags);
    fs.writeSync(this.fd, writer.finish());
    return count;
  }

  /** @returns false when the tables changed meanwhile and the dump may be inconsistent. */
  private dumpOnce<T>(request: Request, read: (type: number, payload: Reader) => T | undefined, found: T[]): boolean {
    this.send([{ ...request, flags: NLM_F_DUMP }], 0, 0);
    let consistent = true;
    for (let ended = false; !ended; ) {
      for (const message of this.receive()) {
        if (message.sequence !== this.sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        ended = endsDump(message);
        const value = ended ? undefined : read(message.type, message.payload);
        if (value !== undefined) found.push(value);
      }
    }
    return consistent;
  }

  private receive(): Message[] {
    const messages = parseMessages(this.buffer.subarray(0, fs.readSync(this.fd, this.buffer, 0, READ_BYTES, null)));
    this.port ||= messages[0]?.port ?? 0;
    return messages;
  }
}

/** @throws NetlinkError when the dump ended because the kernel refused it. */
function endsDump(message: Message): boolean {
  if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) return false;
  const errno = -message.payload.i32(0);
  if (errno > 0)
    throw new NetlinkError(message.type === NLMSG_ERROR ? readAcknowledgement(message) : { errno, words: undefined });
  return true;
}
