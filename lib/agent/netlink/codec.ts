import os = require('node:os');

import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_HDRLEN, NLMSGERR_ATTR_MSG } from './constants';

/** Netlink speaks the byte order of the host, unlike the addresses inside its attributes (man 7 netlink). */
const LITTLE = os.endianness() === 'LE';
const NLA_TYPE_MASK = 0x3fff;
const NLA_HDRLEN = 4;

/**
 * Maglev, which compiles the agent (docs/decisions/13), knows a DataView's signed reads and writes only; the unsigned
 * ones take seven times as long.
 */
const readU8 = (view: DataView, at: number): number => view.getInt8(at) & 0xff;
const readU16 = (view: DataView, at: number): number => view.getInt16(at, LITTLE) & 0xffff;
const readU32 = (view: DataView, at: number): number => view.getInt32(at, LITTLE) >>> 0;
const writeU16 = (view: DataView, at: number, value: number): void => view.setInt16(at, value, LITTLE);
const writeU32 = (view: DataView, at: number, value: number): void => view.setInt32(at, value, LITTLE);

const align = (length: number): number => (length + 3) & ~3;

/** Writes any number of messages one behind the other, as one write() takes them. */
export class MessageWriter {
  /** Of all messages so far. */
  length = 0;
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private start = 0;

  /** Forgets all messages, to write others into the same memory. */
  clear(): this {
    this.length = 0;
    return this;
  }

  /** Starts a message; its header's length is filled in by end(). */
  begin(type: number, flags: number, sequence: number): this {
    this.start = this.length;
    return this.u32(0).u16(type).u16(flags).u32(sequence).u32(0);
  }

  end(): this {
    writeU32(this.view, this.start, this.length - this.start);
    return this.pad();
  }

  /** Sets flags of the last message beyond those it began with. */
  addFlags(flags: number): this {
    writeU16(this.view, this.start + 6, readU16(this.view, this.start + 6) | flags);
    return this;
  }

  u8(value: number): this {
    this.reserve(1);
    this.bytes[this.length] = value;
    this.length += 1;
    return this;
  }

  u16(value: number): this {
    this.reserve(2);
    writeU16(this.view, this.length, value);
    this.length += 2;
    return this;
  }

  u32(value: number): this {
    this.reserve(4);
    writeU32(this.view, this.length, value);
    this.length += 4;
    return this;
  }

  /** Signed words of 32 bits in network order, as addresses are written. */
  attributeWords(type: number, { first, rest }: { readonly first: number; readonly rest: readonly number[] }): this {
    const length = 4 + 4 * rest.length;
    this.u16(NLA_HDRLEN + length).u16(type);
    this.reserve(length);
    this.view.setInt32(this.length, first);
    for (let i = 0; i < rest.length; i++) this.view.setInt32(this.length + 4 + 4 * i, rest[i] as number);
    this.length += length;
    return this;
  }

  attributeU32(type: number, value: number): this {
    return this.u16(NLA_HDRLEN + 4)
      .u16(type)
      .u32(value);
  }

  /** An attribute whose payload is whatever `write` writes. */
  nested(type: number, write: (writer: this) => void): this {
    const start = this.length;
    this.u16(0).u16(type);
    write(this);
    writeU16(this.view, start, this.length - start);
    return this.pad();
  }

  /** All messages so far. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private pad(): this {
    this.reserve(3);
    while (this.length % 4 !== 0) this.bytes[this.length++] = 0;
    return this;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** A message as it lies in the buffer it was read into. Valid only until the buffer is read into again. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Netlink port of the socket it belongs to; in events of the one that caused it, 0 for the kernel itself. */
  readonly port: number;
  readonly payload: Reader;
}

/**
 * The messages in `bytes`.
 * @throws RangeError when a length contradicts the bytes: nothing behind it can be trusted.
 */
export function parseMessages(bytes: Uint8Array): Message[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = bytes.length;
  const messages: Message[] = [];
  let at = 0;
  while (at + NLMSG_HDRLEN <= size) {
    const length = readU32(view, at);
    if (length < NLMSG_HDRLEN || at + length > size) {
      throw new RangeError(`netlink message of ${length} bytes at ${at} of ${size}`);
    }
    messages.push({
      type: readU16(view, at + 4),
      flags: readU16(view, at + 6),
      sequence: readU32(view, at + 8),
      port: readU32(view, at + 12),
      payload: new Reader(buffer, view, at + NLMSG_HDRLEN, at + length),
    });
    at += align(length);
  }
  return messages;
}

/**
 * A stretch of a message: fixed fields by their offset, attributes by their type. It copies nothing and looks
 * attributes up by walking over them, since a dump of 10,000 routes is read while packets wait for a repair.
 */
export class Reader {
  constructor(
    /** The same bytes as the view's. */
    protected readonly buffer: Buffer,
    protected readonly view: DataView,
    protected start: number,
    protected end: number,
  ) {}

  get length(): number {
    return this.end - this.start;
  }

  u8(at: number): number {
    return readU8(this.view, this.within(at, 1));
  }

  u16(at: number): number {
    return readU16(this.view, this.within(at, 2));
  }

  u32(at = 0): number {
    return readU32(this.view, this.within(at, 4));
  }

  i32(at: number): number {
    return this.view.getInt32(this.within(at, 4), LITTLE);
  }

  /** In network order, as addresses are written. */
  i32be(at: number): number {
    return this.view.getInt32(this.within(at, 4));
  }

  /** @throws RangeError when it would reach beyond this stretch. */
  slice(from: number, to = this.length): Reader {
    if (from > to || to > this.length) throw new RangeError(`netlink bytes ${from} to ${to} of ${this.length}`);
    return new Reader(this.buffer, this.view, this.start + from, this.start + to);
  }

  /** Equal for equal bytes. */
  key(): string {
    return this.buffer.toString('latin1', this.start, this.end);
  }

  /** Makes its bytes 0. */
  clear(): void {
    for (let at = this.start; at < this.end; at++) this.view.setInt8(at, 0);
  }

  /** The bytes up to the first 0 as text. */
  text(): string {
    const text = this.buffer.toString('utf8', this.start, this.end);
    const end = text.indexOf('\0');
    return end === -1 ? text : text.slice(0, end);
  }

  /**
   * The first attribute of a type, looked for from byte `from` (behind the fixed fields) on.
   * @throws RangeError when a length contradicts the bytes.
   */
  attribute(type: number, from = 0): Reader | undefined {
    const all = this.attributes(from);
    while (all.next()) if (all.type === type) return all.slice(0);
    return undefined;
  }

  /** All attributes behind the first `from` bytes. */
  attributes(from: number): Attributes {
    return new Attributes(this.buffer, this.view, this.start + align(from), this.end);
  }

  private within(at: number, bytes: number): number {
    if (at + bytes > this.length) throw new RangeError(`netlink field of ${bytes} bytes at ${at} of ${this.length}`);
    return this.start + at;
  }
}

/**
 * Attributes one after the other, for who wants several of them: by next() it becomes the stretch of the next one.
 * Most of reading 10,000 routes is this.
 */
export class Attributes extends Reader {
  type = 0;
  private nextAt: number;

  constructor(
    buffer: Buffer,
    view: DataView,
    from: number,
    private readonly until: number,
  ) {
    super(buffer, view, from, from);
    this.nextAt = from;
  }

  /**
   * @returns false when there is none left.
   * @throws RangeError when a length contradicts the bytes.
   */
  next(): boolean {
    const at = this.nextAt;
    if (at + NLA_HDRLEN > this.until) return false;
    const length = readU16(this.view, at);
    if (length < NLA_HDRLEN || at + length > this.until)
      throw new RangeError(`netlink attribute of ${length} bytes at ${at} of ${this.until}`);
    this.type = readU16(this.view, at + 2) & NLA_TYPE_MASK;
    this.start = at + NLA_HDRLEN;
    this.end = at + length;
    this.nextAt = at + align(length);
    return true;
  }
}

/** What an NLMSG_ERROR says: errno 0 is the acknowledgement. */
export interface Acknowledgement {
  /** Positive errno, 0 for success. */
  readonly errno: number;
  /** The kernel's own words (NETLINK_EXT_ACK), if it gave any. */
  readonly words: string | undefined;
}

export function readAcknowledgement(message: Message): Acknowledgement {
  const errno = -message.payload.i32(0);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno, words: undefined };
  const requestLength = (message.flags & NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : message.payload.u32(4);
  return { errno, words: message.payload.attribute(NLMSGERR_ATTR_MSG, 4 + requestLength)?.text() };
}
