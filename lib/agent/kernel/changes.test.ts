import { address, hop, subnet } from '../../../test/agent/ip';
import { written } from '../../../test/agent/messages';
import { attribute, attributes, ip4, ip6, rtmsg, u8, u16, u32 } from '../../../test/agent/wire';
import { writeChange } from './changes';
import type { Change, KernelRoute, RouteToWrite } from './types';

const REQUEST = 1;
const change = (change: Change, protocol = 142) => written((writer) => writeChange(writer, change, protocol));

const NHID = 142 * 2 ** 24 + 1;
const ROUTE: RouteToWrite = { subnet: subnet('192.168.1.0/24'), table: 254, metric: 0, nexthopId: NHID };
const put = (route: RouteToWrite, replace = false): Change => ({ kind: 'put-route', route, replace });
const del = (route: KernelRoute): Change => ({ kind: 'delete-route', route });
const KERNEL_ROUTE: KernelRoute = {
  subnet: subnet('192.168.1.0/24'),
  table: 254,
  metric: 0,
  protocol: 142,
  type: 1,
  hops: [],
};

describe('writes a route', () => {
  test('with its nexthop object, whose number is above 2^31', () => {
    expect(change(put(ROUTE)).payload).toEqual(
      Buffer.concat([
        rtmsg([2, 24, 0, 0, 254, 142, 0, 1]),
        attributes(
          attribute(1, ip4('192.168.1.0')), // RTA_DST
          attribute(15, u32(254)), // RTA_TABLE
          attribute(6, u32(0)), // RTA_PRIORITY
          attribute(30, u32(0x8e000001)), // RTA_NH_ID
          attribute(8, attribute(2, u32(0))), // RTA_METRICS { RTAX_MTU }: none
        ),
      ]),
    );
  });

  test('with source and MTU, in a table above 255, in IPv6', () => {
    const route: RouteToWrite = {
      subnet: subnet('2001:db8:a::/48'),
      table: 100_000,
      metric: 1024,
      nexthopId: 7,
      source: address('fd00::2'),
      mtu: 1400,
    };
    expect(change(put(route)).payload).toEqual(
      Buffer.concat([
        rtmsg([10, 48, 0, 0, 252, 142, 0, 1]), // RT_TABLE_COMPAT
        attributes(
          attribute(1, ip6('2001:db8:a:0:0:0:0:0')),
          attribute(15, u32(100_000)),
          attribute(6, u32(1024)),
          attribute(30, u32(7)),
          attribute(7, ip6('fd00:0:0:0:0:0:0:2')), // RTA_PREFSRC
          attribute(8, attribute(2, u32(1400))), // RTA_METRICS { RTAX_MTU }
        ),
      ]),
    );
  });

  test('exclusively if none of ours exists, and otherwise as a replacement', () => {
    expect(change(put(ROUTE))).toMatchObject({ type: 24, flags: 0x400 | 0x200 | REQUEST }); // CREATE | EXCL
    expect(change(put(ROUTE, true))).toMatchObject({ type: 24, flags: 0x400 | 0x100 | REQUEST }); // CREATE | REPLACE
  });
});

describe('deletes a route by everything that distinguishes it', () => {
  const key = [attribute(1, ip4('192.168.1.0')), attribute(15, u32(254)), attribute(6, u32(0))];

  test('with its nexthop object', () => {
    const request = change(del({ ...KERNEL_ROUTE, nexthopId: NHID }), 200);
    expect(request.type).toBe(25);
    expect(request.flags).toBe(REQUEST);
    expect(request.payload).toEqual(
      Buffer.concat([rtmsg([2, 24, 0, 0, 254, 142, 255, 1]), attributes(...key, attribute(30, u32(NHID)))]),
    );
  });

  test('with its gateway, link and protocol', () => {
    const route = { ...KERNEL_ROUTE, protocol: 3, hops: [hop('via 10.184.0.1 dev priv')] };
    expect(change(del(route)).payload).toEqual(
      Buffer.concat([
        rtmsg([2, 24, 0, 0, 254, 3, 255, 1]),
        attributes(...key, attribute(4, u32(2)), attribute(5, ip4('10.184.0.1'))), // RTA_OIF, RTA_GATEWAY
      ]),
    );
  });

  test('with several IPv6 hops, whose gateways are longer', () => {
    const route = { ...KERNEL_ROUTE, hops: [hop('via fe80::1 dev priv'), hop('via fe80::2 dev pub')] };
    const rtnexthop = (link: number, gateway: string) => [u16(28), u8(0, 0), u32(link), attribute(5, ip6(gateway))];
    const two = [...rtnexthop(2, 'fe80:0:0:0:0:0:0:1'), ...rtnexthop(3, 'fe80:0:0:0:0:0:0:2')];
    expect(change(del(route)).payload).toEqual(
      Buffer.concat([rtmsg([2, 24, 0, 0, 254, 142, 255, 1]), attributes(...key, attribute(9, ...two))]),
    );
  });

  test('with several hops and their weights', () => {
    const route = { ...KERNEL_ROUTE, hops: [hop('via 10.184.0.1 dev priv weight 3'), hop('dev pub')] };
    expect(change(del(route)).payload).toEqual(
      Buffer.concat([
        rtmsg([2, 24, 0, 0, 254, 142, 255, 1]),
        attributes(
          ...key,
          attribute(
            9, // RTA_MULTIPATH of struct rtnexthop
            u16(16),
            u8(0, 2),
            u32(2),
            attribute(5, ip4('10.184.0.1')),
            u16(8),
            u8(0, 0),
            u32(3),
          ),
        ),
      ]),
    );
  });

  test('with the type of a blackhole', () => {
    expect(change(del({ ...KERNEL_ROUTE, type: 6 })).payload).toEqual(
      Buffer.concat([rtmsg([2, 24, 0, 0, 254, 142, 255, 6]), attributes(...key)]),
    );
  });
});

describe('writes a nexthop object', () => {
  const nexthopPut = (nexthop: Extract<Change, { kind: 'put-nexthop' }>['nexthop'], replace = false): Change => ({
    kind: 'put-nexthop',
    nexthop,
    replace,
  });

  test('with gateway, link and the onlink flag', () => {
    const nexthop = { id: NHID, protocol: 9, family: 4 as const, hop: hop('via 10.184.0.1 dev priv onlink') };
    const request = change(nexthopPut(nexthop));
    expect(request).toMatchObject({ type: 104, flags: 0x600 | REQUEST });
    expect(request.payload).toEqual(
      Buffer.concat([
        u8(2, 0, 142, 0), // struct nhmsg: family, scope, protocol, reserved
        u32(4), // RTNH_F_ONLINK
        attributes(attribute(1, u32(NHID)), attribute(5, u32(2)), attribute(6, ip4('10.184.0.1'))),
      ]),
    );
  });

  test('with only a link, in IPv6', () => {
    const nexthop = { id: 5, protocol: 142, family: 6 as const, hop: hop('dev pods') };
    expect(change(nexthopPut(nexthop)).payload).toEqual(
      Buffer.concat([u8(10, 0, 142, 0), u32(0), attributes(attribute(1, u32(5)), attribute(5, u32(4)))]),
    );
  });

  test('as a group without a family, with weights reduced by one', () => {
    const group = [
      { id: NHID, weight: 1 },
      { id: 6, weight: 256 },
    ];
    const request = change(nexthopPut({ id: 7, protocol: 142, group }, true));
    expect(request.flags).toBe(0x500 | REQUEST);
    expect(request.payload).toEqual(
      Buffer.concat([
        u8(0, 0, 142, 0),
        u32(0),
        attributes(attribute(1, u32(7)), attribute(2, u32(NHID), u8(0, 0, 0, 0), u32(6), u8(255, 0, 0, 0))),
      ]),
    );
  });

  test('and deletes it by its number', () => {
    const request = change({ kind: 'delete-nexthop', nexthop: { id: NHID, protocol: 142 } });
    expect(request.type).toBe(105);
    expect(request.payload).toEqual(Buffer.concat([u32(0), u32(0), attributes(attribute(1, u32(NHID)))]));
  });
});
