import type { Request } from '../netlink/channel';
import { type Message, MessageWriter, parseMessages } from '../netlink/codec';
import { address } from '../testing/ip';
import { attribute, attributes, ip4, ip6, message, u8, u16, u32 } from '../testing/wire';
import { askNeighbour, getNeighbour, readNeighbour } from './neighbour';

/** The request's type and flags, and what stands behind its header. */
function sent(request: Request | undefined): [type: number, flags: number, payload: Buffer] | undefined {
  if (request === undefined) return undefined;
  const writer = new MessageWriter().begin(request.type, 0, 0);
  request.write(writer);
  return [request.type, request.flags ?? 0, Buffer.from(writer.end().finish()).subarray(16)];
}

/** struct ndmsg: family, pad, pad u16, interface index, state u16, flags, type. */
const ndmsg = (family: number, link: number, state: number, flags = 0) =>
  Buffer.concat([u8(family, 0), u16(0), u32(link), u16(state), u8(flags, 0)]);

const KEY = { address: address('10.184.0.1'), link: 7 };
const DESTINATION = attributes(attribute(1, ip4('10.184.0.1')));

test('one entry is read by address and link', () => {
  expect(sent(getNeighbour(KEY))).toEqual([30, 0, Buffer.concat([ndmsg(2, 7, 0), DESTINATION])]);
  const six = { address: address('fe80::1'), link: 3 };
  const destination = attributes(attribute(1, ip6('fe80:0:0:0:0:0:0:1')));
  expect(sent(getNeighbour(six))).toEqual([30, 0, Buffer.concat([ndmsg(10, 3, 0), destination])]);
  const [answer] = parseMessages(message({ type: 28 }, ndmsg(2, 7, 0x40, 0x80), DESTINATION)) as [Message];
  expect(readNeighbour(answer.payload)).toEqual({ state: 0x40, flags: 0x80 });
});

test.each([
  ['reachable', 0x02],
  ['stale', 0x04],
  ['delay', 0x08],
])('one that is %s is verified, its flags (router, learned elsewhere) kept', (_, state) => {
  const expected = [28, 0, Buffer.concat([ndmsg(2, 7, 0x10, 0x90), DESTINATION])];
  expect(sent(askNeighbour(KEY, { state, flags: 0x90 }))).toEqual(expected);
});

test('one that is unknown or failed is created and resolved', () => {
  const created = (flags: number) => [28, 0x400, Buffer.concat([ndmsg(2, 7, 0, flags), DESTINATION])];
  expect(sent(askNeighbour(KEY, undefined))).toEqual(created(0x01));
  expect(sent(askNeighbour(KEY, { state: 0x20, flags: 0x80 }))).toEqual(created(0x81));
});

test.each([
  ['incomplete', 0x01],
  ['being probed', 0x10],
  ['without ARP', 0x40],
  ['permanent', 0x80],
])('one that is %s is left alone', (_, state) => {
  expect(askNeighbour(KEY, { state, flags: 0 })).toBeUndefined();
});

test('one that somebody has the kernel keep alive is left alone: asking would end that', () => {
  const extended = attributes(attribute(15, u32(1)));
  const [answer] = parseMessages(message({ type: 28 }, ndmsg(2, 7, 0x02, 0x10), DESTINATION, extended)) as [Message];
  const managed = readNeighbour(answer.payload);
  expect(managed).toEqual({ state: 0x02, flags: 0x10, isManaged: true });
  expect(askNeighbour(KEY, managed)).toBeUndefined();
});
