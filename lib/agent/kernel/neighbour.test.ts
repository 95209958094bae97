import { address } from '../../../test/agent/ip';
import { messageIn } from '../../../test/agent/messages';
import { attribute, attributes, ip4, ip6, message, u8, u16, u32 } from '../../../test/agent/wire';
import { MessageWriter } from '../netlink/codec';
import { askNeighbour, getNeighbour, type Neighbour, questionTo, readNeighbour } from './neighbour';

const REQUEST = 1;

/** The request for an item, byte by byte. */
function sent<Q>(write: (writer: MessageWriter, item: Q) => void, item: Q): Buffer {
  const writer = new MessageWriter();
  write(writer, item);
  return Buffer.from(writer.end().finish());
}

/** The request that follows from an entry's state and flags. */
function asked(known: Neighbour | undefined): Buffer | undefined {
  const question = questionTo(KEY, known);
  return question && sent(askNeighbour, question);
}

/** struct ndmsg: family, pad, pad u16, interface index, state u16, flags, type. */
const ndmsg = (family: number, link: number, state: number, flags = 0) =>
  Buffer.concat([u8(family, 0), u16(0), u32(link), u16(state), u8(flags, 0)]);

const KEY = { address: address('10.184.0.1'), link: 7 };
const DESTINATION = attributes(attribute(1, ip4('10.184.0.1')));

test('reads an entry by address and link', () => {
  const header = { type: 30, flags: REQUEST, sequence: 1 };
  expect(sent(getNeighbour, KEY)).toEqual(message(header, ndmsg(2, 7, 0), DESTINATION));
  const six = { address: address('fe80::1'), link: 3 };
  const destination = attributes(attribute(1, ip6('fe80:0:0:0:0:0:0:1')));
  expect(sent(getNeighbour, six)).toEqual(message(header, ndmsg(10, 3, 0), destination));
  const answer = messageIn(message({ type: 28 }, ndmsg(2, 7, 0x40, 0x80), DESTINATION));
  expect(readNeighbour(answer)).toEqual({ state: 0x40, flags: 0x80 });
});

test.each([
  ['reachable', 0x02],
  ['stale', 0x04],
  ['delay', 0x08],
])('verifies one that is %s, and keeps its flags (router, learned elsewhere)', (_, state) => {
  const expected = message({ type: 28, flags: REQUEST, sequence: 1 }, ndmsg(2, 7, 0x10, 0x90), DESTINATION);
  expect(asked({ state, flags: 0x90 })).toEqual(expected);
});

test('creates and resolves one that is unknown or failed', () => {
  const created = (flags: number) =>
    message({ type: 28, flags: 0x400 | REQUEST, sequence: 1 }, ndmsg(2, 7, 0, flags), DESTINATION);
  expect(asked(undefined)).toEqual(created(0x01));
  expect(asked({ state: 0x20, flags: 0x80 })).toEqual(created(0x81));
});

test.each([
  ['incomplete', 0x01],
  ['being probed', 0x10],
  ['without ARP', 0x40],
  ['permanent', 0x80],
])('does not touch one that is %s', (_, state) => {
  expect(asked({ state, flags: 0 })).toBeUndefined();
});

test('does not touch one that the kernel keeps alive for another program, because a request would end that', () => {
  const extended = attributes(attribute(15, u32(1)));
  const answer = messageIn(message({ type: 28 }, ndmsg(2, 7, 0x02, 0x10), DESTINATION, extended));
  const managed = readNeighbour(answer);
  expect(managed).toEqual({ state: 0x02, flags: 0x10, isManaged: true });
  expect(asked(managed)).toBeUndefined();
});
