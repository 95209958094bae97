import { address, hop } from '../../../test/agent/ip';
import { messageIn, written } from '../../../test/agent/messages';
import { attribute, attributes, ip4, message, rtmsg, u8, u16, u32 } from '../../../test/agent/wire';
import { type ProbeChange, readProbeRoute, readProbeRule, writeProbeChange } from './probe-objects';

const TABLE = 0x6f708e01;
const RULE = {
  source: address('10.184.0.2'),
  target: address('192.168.1.10'),
  port: 443,
  firstSourcePort: 61132,
  table: TABLE,
};
const change = (given: ProbeChange) => written((writer) => writeProbeChange(writer, given));
const RULE_BYTES = Buffer.concat([
  u8(2, 32, 32, 0, 0, 0, 0, 1), // to a table
  u32(0),
  attributes(
    attribute(1, ip4('192.168.1.10')), // FRA_DST
    attribute(2, ip4('10.184.0.2')), // FRA_SRC
    attribute(6, u32(7)), // FRA_PRIORITY
    attribute(15, u32(TABLE)), // FRA_TABLE
    attribute(21, u8(142)), // FRA_PROTOCOL
    attribute(22, u8(6)), // FRA_IP_PROTO: TCP
    attribute(23, u16(61132), u16(61135)), // FRA_SPORT_RANGE
    attribute(24, u16(443), u16(443)), // FRA_DPORT_RANGE
  ),
]);

test('a rule matches only probe packets, and is deleted with all its attributes', () => {
  expect(change({ kind: 'put-rule', rule: RULE })).toEqual({ type: 32, flags: 0x601, payload: RULE_BYTES });
  expect(change({ kind: 'delete-rule', rule: RULE })).toEqual({ type: 33, flags: 1, payload: RULE_BYTES });
});

test('reads its own rules as written, and ignores those of others', () => {
  expect(readProbeRule(messageIn(message({ type: 32 }, RULE_BYTES)))).toEqual(RULE);
  const others = Buffer.concat([u8(2, 0, 0, 0, 254, 0, 0, 1), u32(0), attributes(attribute(15, u32(254)))]);
  expect(readProbeRule(messageIn(message({ type: 32 }, others)))).toBeUndefined();
});

test('a table has a default route through its next hop', () => {
  const route = { family: 4, table: TABLE, hop: hop('via 10.184.0.1 dev priv onlink') } as const;
  const { type, flags, payload } = change({ kind: 'put-route', route });
  expect([type, flags]).toEqual([24, 0x501]);
  const header = rtmsg([2, 0, 0, 0, 252, 142, 0, 1]);
  header.writeUInt32LE(4, 8); // RTNH_F_ONLINK
  expect(payload).toEqual(
    Buffer.concat([
      header,
      attributes(attribute(15, u32(TABLE)), attribute(4, u32(2)), attribute(5, ip4('10.184.0.1'))),
    ]),
  );
  expect(readProbeRoute(messageIn(message({ type: 24 }, payload)))).toMatchObject({ table: TABLE, hops: [route.hop] });
});
