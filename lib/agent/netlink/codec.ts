import os = require('node:os');

import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_REQUEST, NLMSG_HDRLEN, NLMSGERR_ATTR_MSG } from './constants';

/** Netlink uses the host's byte order, unlike the addresses inside its attributes (man 7 netlink). */
const LITTLE = os.endianness() === 'LE';
const NLA_TYPE_MASK = 0x3fff;
const NLA_HDRLEN = 4;

/**
 * Maglev, which compiles the agent (docs/decisions/13), optimises only a DataView's signed reads and writes; unsigned
 * ones take seven times as long.
 */
const readU8 = (view: DataView, at: number): number => view.getInt8(at) & 0xff;
const readU16 = (view: DataView, at: number): number => view.getInt16(at, LITTLE) & 0xffff;
const readU32 = (view: DataView, at: number): number => view.getInt32(at, LITTLE) >>> 0;
const writeU16 = (view: DataView, at: number, value: number): void => view.setInt16(at, value, LITTLE);
const writeU32 = (view: DataView, at: number, value: number): void => view.setInt32(at, value, LITTLE);

const align = (length: number): number => (length + 3) & ~3;

/**
 * Writes any number of requests one after the other, to be sent with one write(). `length` is that of all so far,
 * `sequence` the number of the last.
 */
export class MessageWriter {
  length = 0;
  sequence = 0;
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private start = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  /** Starts a request; its header's length is filled in by end(). */
  begin(type: number, flags = 0): this {
    this.start = this.length;
    this.sequence = (this.sequence + 1) >>> 0;
    return this.u32(0)
      .u16(type)
      .u16(NLM_F_REQUEST | flags)
      .u32(this.sequence)
      .u32(0);
  }

  end(): this {
    writeU32(this.view, this.start, this.length - this.start);
    return this.pad();
  }

  /** Adds flags to the last message. */
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

  nested(type: number, write: (writer: this) => void): this {
    const start = this.length;
    this.u16(0).u16(type);
    write(this);
    writeU16(this.view, start, this.length - start);
    return this.pad();
  }

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

/**
 * A section of a message: fixed fields by their offset, attributes by their type. It copies nothing and finds
 * attributes by walking over them, because a dump of 10,000 routes is read while packets wait for a repair. Every
 * method throws a RangeError if a length contradicts the bytes, or if a read would exceed them.
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

  slice(from: number, to = this.length): Reader {
    if (from > to || to > this.length) throw new RangeError(`netlink bytes ${from} to ${to} of ${this.length}`);
    return new Reader(this.buffer, this.view, this.start + from, this.start + to);
  }

  /** Equal for equal bytes. @param ignored a section that does not count. */
  key(ignored?: Reader): string {
    const text = (from: number, to: number) => this.buffer.toString('latin1', from, to);
    if (ignored === undefined) return text(this.start, this.end);
    return text(this.start, ignored.start) + text(ignored.end, this.end);
  }

  /** Whether it has this key(), compared without creating another key. */
  hasKey(key: string | undefined, ignored?: Reader): boolean {
    const left = ignored === undefined ? 0 : ignored.length;
    if (key?.length !== this.length - left) return false;
    const gap = ignored === undefined ? this.end : ignored.start;
    for (let i = 0, at = this.start; i < key.length; i++, at++) {
      if (at === gap) at += left;
      if (readU8(this.view, at) !== key.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The bytes up to the first 0 as text. */
  text(): string {
    const text = this.buffer.toString('utf8', this.start, this.end);
    const end = text.indexOf('\0');
    return end === -1 ? text : text.slice(0, end);
  }

  /** The first attribute of a type, from byte `from` (after the fixed fields) on. */
  attribute(type: number, from = 0): Reader | undefined {
    const all = this.attributes(from);
    while (all.next()) if (all.type === type) return all.slice(0);
    return undefined;
  }

  attributes(from: number): Attributes {
    return new Attributes(this.buffer, this.view, this.start + align(from), this.end);
  }

  private within(at: number, bytes: number): number {
    if (at + bytes > this.length) throw new RangeError(`netlink field of ${bytes} bytes at ${at} of ${this.length}`);
    return this.start + at;
  }
}

/**
 * Iterates over attributes, for callers that need several of them. next() moves this reader to the next attribute, and
 * returns false after the last one. Reading 10,000 routes spends most of its time here.
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

/**
 * Iterates over the messages in a buffer. next() moves this reader to the content of the next message, and returns false
 * after the last one. The content is valid until the buffer is filled again. Each dump reads thousands of messages.
 */
export class Messages extends Reader {
  type = 0;
  flags = 0;
  sequence = 0;
  private nextAt = 0;
  private until: number;

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, length } = bytes;
    super(Buffer.from(buffer, byteOffset, length), new DataView(buffer, byteOffset, length), 0, 0);
    this.until = length;
  }

  /** Starts again with the first `length` bytes. */
  of(length: number): this {
    this.nextAt = 0;
    this.until = length;
    return this;
  }

  next(): boolean {
    const { view, nextAt: at, until } = this;
    if (at + NLMSG_HDRLEN > until) return false;
    const length = readU32(view, at);
    if (length < NLMSG_HDRLEN || at + length > until)
      throw new RangeError(`netlink message of ${length} bytes at ${at} of ${until}`);
    this.type = readU16(view, at + 4);
    this.flags = readU16(view, at + 6);
    this.sequence = readU32(view, at + 8);
    this.start = at + NLMSG_HDRLEN;
    this.end = at + length;
    this.nextAt = at + align(length);
    return true;
  }
}

/** The content of an NLMSG_ERROR: errno 0 is an acknowledgement. */
export interface Acknowledgement {
  /** Positive errno, 0 for success. */
  readonly errno: number;
  /** The kernel's error message (NETLINK_EXT_ACK), if any. */
  readonly words: string | undefined;
}

export function readAcknowledgement(message: Messages): Acknowledgement {
  const errno = -message.i32(0);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno, words: undefined };
  const requestLength = (message.flags & NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : message.u32(4);
  return { errno, words: message.attribute(NLMSGERR_ATTR_MSG, 4 + requestLength)?.text() };
}
