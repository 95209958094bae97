import { address, hop, subnet } from '../../../test/agent/ip';
import { messageIn, written } from '../../../test/agent/messages';
import { attribute, attributes, ip4, ip6, message, padded, rtmsg, u8, u16, u32 } from '../../../test/agent/wire';
import type { Address } from '../../network';
import {
  dumpAddresses,
  dumpLinks,
  dumpNexthops,
  dumpRoutes,
  isExpired,
  lookUp,
  readLink,
  readLookup,
  readNexthop,
  readNodeAddress,
  readRoute,
  readTimes,
} from './messages';

const REQUEST = 1;
const NHID = 142 * 2 ** 24 + 1;

const question = (address: Address, link?: number) =>
  written((writer) => lookUp(writer, { address, ...(link !== undefined && { link }) })).payload;

const readerOf = (...payload: Buffer[]) => messageIn(message({ type: 0 }, ...payload));

describe('requests', () => {
  test('dump one kind of object with an empty header, as strict checking requires', () => {
    const none = { flags: REQUEST, payload: Buffer.alloc(8) };
    expect(written(dumpLinks)).toEqual({
      type: 18,
      flags: REQUEST,
      payload: Buffer.concat([Buffer.alloc(16), attribute(29, u32(8))]),
    });
    expect(written(dumpAddresses)).toEqual({ type: 22, ...none });
    expect(written(dumpNexthops)).toEqual({ type: 106, ...none });
    const routes = (family: 4 | 6) => written((writer) => dumpRoutes(writer, family));
    expect(routes(4)).toEqual({ type: 26, flags: REQUEST, payload: rtmsg([2, 0, 0, 0, 0, 0, 0, 0]) });
    expect(routes(6).payload).toEqual(rtmsg([10, 0, 0, 0, 0, 0, 0, 0]));
  });

  test('ask IPv4 for the FIB entry of an address', () => {
    expect(question(address('192.168.1.1'))).toEqual(
      Buffer.concat([rtmsg([2, 32, 0, 0, 0, 0, 0, 0], 0x3000), attribute(1, ip4('192.168.1.1'))]),
    );
  });

  test('ask IPv6 for the route of an address, with its link if it is link-local', () => {
    expect(question(address('fe80::1'), 3)).toEqual(
      Buffer.concat([
        rtmsg([10, 128, 0, 0, 0, 0, 0, 0]),
        attributes(attribute(1, ip6('fe80:0:0:0:0:0:0:1')), attribute(4, u32(3))),
      ]),
    );
  });
});

describe('parses a route', () => {
  const dst = attribute(1, ip4('10.0.0.0'));
  const read = (header: Buffer, ...all: Buffer[]) => readRoute(readerOf(header, attributes(...all)));

  test('with one hop', () => {
    expect(read(rtmsg([2, 8, 0, 0, 254, 3, 0, 1]), dst, attribute(4, u32(2)), attribute(5, ip4('10.184.0.1')))).toEqual(
      {
        subnet: subnet('10.0.0.0/8'),
        table: 254,
        metric: 0,
        protocol: 3,
        type: 1,
        hops: [hop('via 10.184.0.1 dev priv')],
      },
    );
  });

  test('with onlink, metric, source and MTU, in a table above 255', () => {
    expect(
      read(
        rtmsg([2, 8, 0, 0, 252, 4, 0, 1], 4),
        dst,
        attribute(15, u32(4_000_000_000)),
        attribute(6, u32(4_294_967_295)),
        attribute(4, u32(2)),
        attribute(5, ip4('10.184.0.1')),
        attribute(7, ip4('10.184.0.2')),
        attribute(8, attribute(2, u32(1400))),
      ),
    ).toEqual({
      subnet: subnet('10.0.0.0/8'),
      table: 4_000_000_000,
      metric: 4_294_967_295,
      protocol: 4,
      type: 1,
      hops: [hop('via 10.184.0.1 dev priv onlink')],
      source: address('10.184.0.2'),
      mtu: 1400,
    });
  });

  test('to the default destination, which has no RTA_DST', () => {
    expect(`${read(rtmsg([10, 0, 0, 0, 254, 9, 0, 1]))?.subnet}`).toBe('::/0');
    expect(`${read(rtmsg([2, 0, 0, 0, 254, 9, 0, 1]))?.subnet}`).toBe('0.0.0.0/0');
  });

  test('with only its nexthop object, although the kernel also reports the hop', () => {
    expect(
      read(rtmsg([2, 8, 0, 0, 254, 142, 0, 1]), dst, attribute(30, u32(NHID)), attribute(4, u32(2))),
    ).toMatchObject({ nexthopId: NHID, hops: [] });
  });

  test('to IPv4 through an IPv6 gateway, given as RTA_VIA', () => {
    const via = attribute(18, u16(10), ip6('fe80:0:0:0:0:0:0:1'));
    expect(read(rtmsg([2, 8, 0, 0, 254, 3, 0, 1]), dst, attribute(4, u32(3)), via)?.hops).toEqual([
      hop('via fe80::1 dev pub'),
    ]);
  });

  test('with several hops, without those of dead links', () => {
    const rtnexthop = (flags: number, weight: number, link: number, ...all: Buffer[]) => {
      const inner = attributes(...all);
      return padded(Buffer.concat([u16(8 + inner.length), u8(flags, weight - 1), u32(link), inner]));
    };
    const multipath = attribute(
      9,
      rtnexthop(4, 256, 2, attribute(5, ip4('10.184.0.1'))),
      rtnexthop(1, 1, 3, attribute(5, ip4('10.184.0.9'))),
      rtnexthop(0, 2, 3, attribute(18, u16(10), ip6('fe80:0:0:0:0:0:0:1'))),
      rtnexthop(0, 1, 4),
    );
    expect(read(rtmsg([2, 8, 0, 0, 254, 3, 0, 1]), dst, multipath)?.hops).toEqual([
      hop('via 10.184.0.1 dev priv onlink weight 256'),
      hop('via fe80::1 dev pub weight 2'),
      hop('dev pods'),
    ]);
  });

  test('as qualified if it applies to one type of service or source prefix only', () => {
    expect(read(rtmsg([2, 8, 0, 16, 254, 142, 0, 1]), dst)).toMatchObject({ qualified: true });
    expect(read(rtmsg([10, 0, 64, 0, 254, 142, 0, 1]))).toMatchObject({ qualified: true });
    expect(read(rtmsg([2, 8, 0, 0, 254, 142, 0, 1]), dst)).not.toHaveProperty('qualified');
  });

  test.each([
    ['broadcast', rtmsg([2, 32, 0, 0, 255, 2, 254, 3])],
    ['anycast', rtmsg([10, 128, 0, 0, 255, 2, 254, 4])],
    ['multicast', rtmsg([10, 8, 0, 0, 255, 2, 254, 5])],
    ['a cached clone', rtmsg([10, 128, 0, 0, 254, 2, 0, 1], 0x200)],
    ['of another family', rtmsg([28, 20, 0, 0, 254, 2, 0, 1])],
  ])('and skips it if it is %s', (_, header) => expect(readRoute(readerOf(header))).toBeUndefined());

  test.each([2, 6, 7, 8, 9])('to the node itself or with a rejection (type %i)', (type) => {
    expect(read(rtmsg([2, 8, 0, 0, 254, 4, 0, type]), dst)).toMatchObject({ type, hops: [] });
  });

  test("the same whatever an IPv6 route's use and expiry are, and without changing its input", () => {
    const withUses = (uses: number) =>
      readerOf(
        u8(10, 64, 0, 0, 254, 142, 0, 1),
        u32(0),
        attributes(
          attribute(1, ip6('2001:db8:0:0:0:0:0:0')),
          attribute(12, u32(uses), u32(uses), u32(0), u32(0), u32(0), u32(0), u32(uses), u32(uses)),
          attribute(4, u32(2)),
        ),
      );
    const [one, other] = [withUses(7), withUses(8)];
    const bytes = one.key();
    const key = one.key(readTimes(one));
    expect(other.key(readTimes(other))).toBe(key);
    expect([one, other].map((each) => each.hasKey(key, readTimes(each)))).toEqual([true, true]);
    expect(other.hasKey(bytes)).toBe(false);
    expect(readRoute(one)).toMatchObject({ subnet: subnet('2001:db8::/64'), hops: [{ link: 2 }] });
    expect(one.key()).toBe(bytes);
  });

  test('as expired if its lifetime is over, which the kernel reports as a negative number', () => {
    const lives = (family: number, expires: number) =>
      isExpired(
        readTimes(
          readerOf(
            u8(family, 8, 0, 0, 254, 9, 0, 1),
            u32(0),
            attributes(attribute(12, u32(0), u32(0), u32(expires >>> 0), u32(0), u32(0), u32(0), u32(0), u32(0))),
          ),
        ),
      );
    expect([lives(10, -6000), lives(10, 0), lives(10, 6000), lives(2, -6000)]).toEqual([true, false, false, false]);
    expect(isExpired(readTimes(readerOf(rtmsg([10, 8, 0, 0, 254, 9, 0, 1]))))).toBe(false);
  });

  test("as an answer even if it is local, like one of the node's own addresses", () => {
    expect(readLookup(readerOf(rtmsg([2, 32, 0, 0, 255, 2, 254, 2]), dst))).toMatchObject({ table: 255, type: 2 });
  });
});

describe('parses nexthop objects, links and addresses', () => {
  test('an object with its hop', () => {
    const all = attributes(attribute(1, u32(NHID)), attribute(5, u32(2)), attribute(6, ip4('10.184.0.1')));
    expect(readNexthop(readerOf(u8(2, 0, 142, 0), u32(4), all))).toEqual({
      id: NHID,
      protocol: 142,
      family: 4,
      hop: hop('via 10.184.0.1 dev priv onlink'),
    });
  });

  test('a group with its members', () => {
    const all = attributes(attribute(1, u32(9)), attribute(2, u32(NHID), u8(4, 0, 0, 0), u32(8), u8(0, 0, 0, 0)));
    expect(readNexthop(readerOf(u8(0, 0, 142, 0), u32(0), all))).toEqual({
      id: 9,
      protocol: 142,
      group: [
        { id: NHID, weight: 5 },
        { id: 8, weight: 1 },
      ],
    });
  });

  test('a blackhole object, which leads nowhere', () => {
    const all = attributes(attribute(1, u32(9)), attribute(4));
    expect(readNexthop(readerOf(u8(2, 0, 3, 0), u32(0), all))).toEqual({ id: 9, protocol: 3, family: 4 });
  });

  test('a link', () => {
    const [UP, LOWER_UP, NOARP] = [0x1, 0x10000, 0x80];
    const link = (flags: number) => {
      const header = Buffer.concat([u8(0, 0), u16(1), u32(7), u32(flags), u32(0)]);
      return readLink(readerOf(header, attributes(attribute(3, Buffer.from('eth0\0')))));
    };
    expect(link(UP | LOWER_UP)).toEqual({ index: 7, name: 'eth0', carrier: true });
    expect(link(UP)).toMatchObject({ carrier: false });
    expect(link(UP | LOWER_UP | NOARP)).toMatchObject({ carrier: true, noNeighbours: true });
  });

  test("an address with its subnet, or the peer's subnet of a point-to-point link", () => {
    const header = Buffer.concat([u8(2, 26, 0, 0), u32(2)]);
    const plain = attributes(attribute(1, ip4('10.184.0.2')), attribute(2, ip4('10.184.0.2')));
    expect(readNodeAddress(readerOf(header, plain))).toEqual({
      link: 2,
      address: address('10.184.0.2'),
      connected: subnet('10.184.0.0/26'),
    });
    const peer = attributes(attribute(1, ip4('10.9.9.1')), attribute(2, ip4('10.184.0.2')));
    expect(readNodeAddress(readerOf(Buffer.concat([u8(2, 32, 0, 0), u32(2)]), peer))).toEqual({
      link: 2,
      address: address('10.184.0.2'),
      connected: subnet('10.9.9.1/32'),
    });
  });

  test('an IPv6 address, which has no IFA_LOCAL', () => {
    const header = Buffer.concat([u8(10, 64, 0, 0), u32(2)]);
    const read = readNodeAddress(readerOf(header, attributes(attribute(1, ip6('fd00:1:0:0:0:0:0:2')))));
    expect(`${read?.address}`).toBe('fd00:1::2');
    expect(read?.connected.equals(subnet('fd00:1::/64'))).toBe(true);
  });

  test.each([3, 5, 15, 17, 20])('rejects an address of %i bytes', (length) => {
    const header = Buffer.concat([u8(10, 64, 0, 0), u32(2)]);
    expect(() => readNodeAddress(readerOf(header, attributes(attribute(1, Buffer.alloc(length)))))).toThrow(RangeError);
  });

  test('ignores an address of another family, whatever its length', () => {
    expect(readNodeAddress(readerOf(Buffer.concat([u8(45, 0, 0, 0), u32(2)]), attribute(1, u8(9))))).toBeUndefined();
  });
});
