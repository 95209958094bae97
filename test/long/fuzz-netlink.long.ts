import { endianness } from 'node:os';
import fc from 'fast-check';
import { readEvent } from '../../lib/agent/kernel/events';
import * as messages from '../../lib/agent/kernel/messages';
import { readAcknowledgement } from '../../lib/agent/netlink/codec';
import { isProbeTable, MAIN_TABLE } from '../../lib/network';
import { messagesIn } from '../agent/messages';
import { attribute, attributes, message, u8, u16, u32 } from '../agent/wire';
import { type Range, ranges, subnetOf, WIDTH } from '../oracle';
import { SEED } from './budget';
import { attempt, fuzz, INPUTS, RUNS, VARIANTS } from './fuzz';

/**
 * No message from the kernel makes the agent throw an unexpected error or hang, and a whole one is read as it was sent.
 */

jest.setTimeout(600_000);

const byte = fc.nat(255);
const payload = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const address = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map((bytes) => Buffer.from(bytes));
const plain = fc
  .tuple(fc.nat(30), fc.oneof(payload, address, fc.nat().map(u32)))
  .map(([type, bytes]) => attribute(type, bytes));
const nest = fc
  .tuple(fc.nat(30), fc.array(plain, { maxLength: 3 }))
  .map(([type, inner]) => attribute(type, attributes(...inner)));
/** struct rtnexthop followed by attributes. */
const multipath = fc
  .array(fc.tuple(fc.nat(40), byte, byte, fc.nat(9), fc.array(plain, { maxLength: 2 })), { maxLength: 3 })
  .map((hops) =>
    attribute(
      9,
      ...hops.map(([wrong, flags, weight, link, inner]) => {
        const rest = attributes(...inner);
        return Buffer.concat([u16(wrong < 35 ? 8 + rest.length : wrong), u8(flags, weight), u32(link), rest]);
      }),
    ),
  );
/** The fixed part of each kind of message, mostly with a valid length and a known family. */
const fixed = fc
  .tuple(
    fc.constantFrom(2, 2, 10, 10, 0, 7),
    fc.uint8Array({ minLength: 15, maxLength: 15 }),
    fc.constantFrom(8, 12, 16, 16, 3),
  )
  .map(([family, rest, length]) => Buffer.from([family, ...rest]).subarray(0, length));
const netlinkMessage = fc
  .tuple(
    fc.oneof(fc.constantFrom(2, 3, 16, 17, 20, 21, 24, 24, 25, 32, 33, 104, 105), fc.nat(0xffff)),
    fc.nat(0xffff),
    fixed,
    fc.array(fc.oneof(plain, nest, multipath), { maxLength: 5 }),
  )
  .map(([type, flags, head, attrs]) => message({ type, flags }, head, attributes(...attrs)));
const netlinkBytes = fc.array(netlinkMessage, { minLength: 1, maxLength: 3 }).map((all) => Buffer.concat(all));

const READERS = [
  messages.readLink,
  messages.readNodeAddress,
  messages.readNexthop,
  messages.readRoute,
  messages.readLookup,
];

/** The number of messages according to their length fields; undefined if a length is invalid. */
function messagesSent(bytes: Buffer): number | undefined {
  let count = 0;
  for (let at = 0; at + 16 <= bytes.length; count++) {
    const length = endianness() === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    if (length < 16 || at + length > bytes.length) return undefined;
    at += Math.ceil(length / 4) * 4;
  }
  return count;
}

test(`${RUNS} netlink messages: each is read, and none crashes the agent`, () => {
  let understood = 0;
  fuzz(netlinkBytes, (bytes) => {
    const all = attempt(() => messagesIn(bytes), RangeError);
    if (all?.length !== messagesSent(bytes))
      throw new Error(`${all?.length} of ${messagesSent(bytes)} messages were read`);
    for (const one of all ?? []) {
      if (attempt(() => readEvent(one), RangeError) !== undefined) understood++;
      attempt(() => readAcknowledgement(one), RangeError);
      for (const read of READERS) attempt(() => read(one), RangeError);
    }
  });
  expect(understood).toBeGreaterThan(RUNS / 100);
});

interface SentRoute {
  readonly range: Range;
  readonly table: number;
  readonly metric: number;
  readonly protocol: number;
  readonly unknown: readonly Buffer[];
}

const route: fc.Arbitrary<SentRoute> = fc.record({
  range: ranges,
  table: fc.oneof(fc.constant(MAIN_TABLE), fc.nat(0xffffffff)),
  metric: fc.oneof(fc.constant(0), fc.nat(0xffffffff)),
  protocol: byte,
  unknown: fc.array(
    payload.map((bytes) => attribute(200, bytes)),
    { maxLength: 2 },
  ),
});

/** A unicast route as in a dump, with unknown attributes between the known ones. */
function routeMessage({ range, table, metric, protocol, unknown }: SentRoute): Buffer {
  const { family, first, prefixLength } = range;
  const compact = table < 256 ? table : 252;
  return message(
    { type: 24 },
    u8(family === 4 ? 2 : 10, prefixLength, 0, 0, compact, protocol, 0, 1),
    u32(0),
    attributes(
      ...unknown,
      attribute(15, u32(table)),
      ...(prefixLength === 0
        ? []
        : [attribute(1, Buffer.from(first.toString(16).padStart(WIDTH[family] / 4, '0'), 'hex'))]),
      ...unknown,
      ...(metric === 0 ? [] : [attribute(6, u32(metric))]),
      attribute(30, u32(142)),
    ),
  );
}

test(`${RUNS} kernel routes, up to ${2 * VARIANTS} per read: each is reported unchanged, except those of probes`, () => {
  const property = fc.property(fc.array(route, { minLength: 1, maxLength: 2 * VARIANTS, size: 'max' }), (sent) => {
    const read = messagesIn(Buffer.concat(sent.map(routeMessage))).map((one) => readEvent(one));
    const expected = sent.map(({ range, table, metric, protocol }) => {
      if (isProbeTable(table)) return undefined; // the agent ignores events of its own probes
      const route = { subnet: subnetOf(range), table, metric, protocol, type: 1, hops: [], nexthopId: 142 };
      return { kind: 'route', route, deleted: false };
    });
    expect(JSON.stringify(read)).toBe(JSON.stringify(expected));
  });
  fc.assert(property, { seed: SEED, numRuns: INPUTS });
});
