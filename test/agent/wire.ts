import { endianness } from 'node:os';

/** Builds netlink bytes by hand, without the codec's code, so that tests can compare both. */

const LITTLE = endianness() === 'LE';

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  if (LITTLE) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (LITTLE) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

export function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** struct nlattr and its payload, without padding at the end. */
export function attribute(type: number, ...payload: Buffer[]): Buffer {
  const bytes = Buffer.concat(payload);
  return Buffer.concat([u16(4 + bytes.length), u16(type), bytes]);
}

export function attributes(...all: Buffer[]): Buffer {
  return Buffer.concat(all.map(padded));
}

export interface Header {
  readonly type: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly port?: number;
}

/** struct nlmsghdr and its payload, padded. */
export function message({ type, flags = 0, sequence = 0, port = 0 }: Header, ...payload: Buffer[]): Buffer {
  const bytes = Buffer.concat(payload);
  return padded(Buffer.concat([u32(16 + bytes.length), u16(type), u16(flags), u32(sequence), u32(port), bytes]));
}

export const ip4 = (text: string): Buffer => Buffer.from(text.split('.').map(Number));

/** An IPv6 address written as eight full groups. */
export const ip6 = (text: string): Buffer =>
  Buffer.from(
    text
      .split(':')
      .map((group) => group.padStart(4, '0'))
      .join(''),
    'hex',
  );

/** struct rtmsg: family, destination and source length, tos, table, protocol, scope, type, flags. */
export function rtmsg(
  fields: readonly [number, number, number, number, number, number, number, number],
  flags = 0,
): Buffer {
  return Buffer.concat([u8(...fields), u32(flags)]);
}
