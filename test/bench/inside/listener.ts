/**
 * Runs inside a node's network namespace and reports routing events with the time at which it read them, one JSON
 * object per line. ../listen.ts bundles it for Node 26, with the agent's own netlink socket and codec.
 *
 * The kernel returns one event per read, and up to 10,000 in a burst. The main thread therefore only reads and records,
 * and a worker writes the records: a listener slower than the kernel would measure itself.
 */
import { readSync, writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Messages } from '../../../lib/agent/netlink/codec';

// Required, not imported: its types are those of Node 26, and this folder is compiled with others.
const { openEventSocket, openNetlink } = require('../../../lib/agent/netlink/ffi') as {
  openNetlink(receiveBuffer: number): number;
  openEventSocket(
    receiveBuffer: number,
    groups: readonly number[],
    cause: number,
  ): { readonly fd: number; dropped(): number };
};

const [LINK, IPV4_ROUTE, IPV6_ROUTE, NEXTHOP] = [1, 7, 11, 32];
const [RTM_NEWLINK, RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEXTHOP] = [16, 24, 25, 104];
const IFF_UP = 1;
/** Size of the ring buffer: the largest number of events between two writes. */
const PLACES = 1 << 20;
const WRITE_MS = 5;
const READS_A_CHECK = 1000;

/** Shared by both threads: the number of recorded events, and the time and kind of each. */
class Notes {
  private readonly count: Int32Array;
  private readonly at: Float64Array;
  private readonly what: Float64Array;

  constructor(readonly memory = new SharedArrayBuffer(8 + PLACES * 16)) {
    this.count = new Int32Array(memory, 0, 2);
    this.at = new Float64Array(memory, 8, PLACES);
    this.what = new Float64Array(memory, 8 + PLACES * 8, PLACES);
  }

  get length(): number {
    return Atomics.load(this.count, 0);
  }

  /** @param detail for a route: its protocol number; for a link: whether it is up */
  note(at: number, type: number, detail: number): void {
    const { length } = this;
    this.at[length % PLACES] = at;
    this.what[length % PLACES] = type * 256 + detail;
    Atomics.store(this.count, 0, length + 1);
  }

  line(i: number): string {
    const what = this.what[i % PLACES] as number;
    const counts = { [nameOf(what >> 8, what & 255)]: 1 };
    return `${JSON.stringify({ at: this.at[i % PLACES], counts })}\n`;
  }
}

function nameOf(type: number, detail: number): string {
  if (type === RTM_NEWROUTE) return `add ${detail}`;
  if (type === RTM_DELROUTE) return `del ${detail}`;
  if (type === RTM_NEWNEXTHOP) return 'nexthop';
  return detail === 1 ? 'link' : 'link down';
}

function read(): never {
  const notes = new Notes();
  const receiveBuffer = 64 * 1024 * 1024;
  const nobody = openNetlink(0); // the event socket skips changes made through this one; nothing is
  const socket = openEventSocket(receiveBuffer, [LINK, IPV4_ROUTE, IPV6_ROUTE, NEXTHOP], nobody);
  const worker = new Worker(process.execArgv.at(-1) as string, { eval: true, workerData: notes.memory });
  worker.unref();
  const buffer = new Uint8Array(64 * 1024);
  const messages = new Messages(buffer);
  for (let reads = 0; ; reads++) {
    const length = readSync(socket.fd, buffer);
    if (reads % READS_A_CHECK === 0 && socket.dropped() > 0) throw new Error('events were lost');
    // CLOCK_MONOTONIC, the same in all processes.
    const at = Number(process.hrtime.bigint()) / 1e6;
    messages.of(length);
    while (messages.next()) note(messages, at, notes);
  }
}

function note(message: Messages, at: number, notes: Notes): void {
  const { type } = message;
  // rtm_protocol is the sixth byte of struct rtmsg.
  if (type === RTM_NEWROUTE || type === RTM_DELROUTE) notes.note(at, type, message.u8(5));
  else if (type === RTM_NEWLINK) notes.note(at, type, message.u32(8) & IFF_UP);
  else if (type === RTM_NEWNEXTHOP) notes.note(at, type, 0);
}

function write(notes: Notes): void {
  let done = 0;
  writeAll('{"ready":true}\n');
  setInterval(() => {
    let text = '';
    for (const until = notes.length; done < until; done++) text += notes.line(done);
    if (text !== '') writeAll(text);
  }, WRITE_MS);
}

/** Writes all of the text, even if the pipe takes only part of it at a time. */
function writeAll(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

if (isMainThread) read();
else write(new Notes(workerData as SharedArrayBuffer));
