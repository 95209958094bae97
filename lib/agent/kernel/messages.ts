import { Address, bitsOf, type Family, isProbeTable, Subnet } from '../../network';
import type { MessageWriter, Reader } from '../netlink/codec';
import * as nl from '../netlink/constants';
import type { Hop, KernelRoute, Link, LookupQuestion, Nexthop, NodeAddress } from './types';

/** Requests to rtnetlink (man 7 rtnetlink), and its answers as our types. */

const SIZEOF_RTMSG = 12;
const SIZEOF_IFINFOMSG = 16;
const SIZEOF_IFADDRMSG = 8;
const SIZEOF_NHMSG = 8;
const SIZEOF_RTNEXTHOP = 8;
const SIZEOF_NEXTHOP_GRP = 8;
export const TCP = 6;

export const familyOf = (number: number): Family | undefined =>
  number === nl.AF_INET ? 4 : number === nl.AF_INET6 ? 6 : undefined;
export const numberOf = (family: Family): number => (family === 4 ? nl.AF_INET : nl.AF_INET6);

/** @throws RangeError if it is not a valid address. */
export function readAddress(reader: Reader | undefined): Address | undefined {
  if (reader === undefined) return undefined;
  const first = reader.i32be(0);
  if (reader.length === 4) return new Address(4, first);
  if (reader.length !== 16) throw new RangeError(`netlink address of ${reader.length} bytes`);
  return new Address(6, first, [reader.i32be(4), reader.i32be(8), reader.i32be(12)]);
}

export function dumpLinks(w: MessageWriter): void {
  w.begin(nl.RTM_GETLINK).u32(0).u32(0).u32(0).u32(0).attributeU32(nl.IFLA_EXT_MASK, nl.RTEXT_FILTER_SKIP_STATS);
}

export function dumpAddresses(w: MessageWriter): void {
  w.begin(nl.RTM_GETADDR).u32(0).u32(0);
}

export function dumpNexthops(w: MessageWriter): void {
  w.begin(nl.RTM_GETNEXTHOP).u32(0).u32(0);
}

export function dumpRoutes(w: MessageWriter, family: Family): void {
  w.begin(nl.RTM_GETROUTE).u8(numberOf(family)).u8(0).u16(0).u32(0).u32(0);
}

/**
 * Asks where the kernel sends packets to an address (a link-local one only on its link). With an input interface, the
 * kernel treats it as a forwarded packet, including rp_filter. IPv4 answers with the FIB entry itself and its real
 * table, IPv6 only with the way, because its FIB match is not reliable (see decide/verify.ts).
 */
export function lookUp(w: MessageWriter, { address, link, source, input, ports }: LookupQuestion): void {
  const { family } = address;
  const bits = bitsOf(family);
  w.begin(nl.RTM_GETROUTE)
    .u8(numberOf(family))
    .u8(bits)
    .u8(source === undefined ? 0 : bits)
    .u8(0)
    .u32(0);
  w.u32(family === 4 ? nl.RTM_F_FIB_MATCH | nl.RTM_F_LOOKUP_TABLE : 0);
  w.attributeWords(nl.RTA_DST, address);
  if (source !== undefined) w.attributeWords(nl.RTA_SRC, source);
  if (link !== undefined) w.attributeU32(nl.RTA_OIF, link);
  if (input !== undefined) w.attributeU32(nl.RTA_IIF, input);
  if (ports === undefined) return;
  w.nested(nl.RTA_IP_PROTO, () => w.u8(TCP));
  w.nested(nl.RTA_SPORT, () => bigEndian(w, ports[0])).nested(nl.RTA_DPORT, () => bigEndian(w, ports[1]));
}

const bigEndian = (w: MessageWriter, value: number) => w.u8(value >>> 8).u8(value & 0xff);

/** struct ifinfomsg: family, pad, type u16, index, flags, change. */
export function readLink(payload: Reader): Link {
  const flags = payload.u32(8);
  return {
    index: payload.i32(4),
    name: payload.attribute(nl.IFLA_IFNAME, SIZEOF_IFINFOMSG)?.text() ?? '',
    carrier: (flags & nl.IFF_UP) !== 0 && (flags & nl.IFF_LOWER_UP) !== 0,
    ...((flags & (nl.IFF_NOARP | nl.IFF_POINTOPOINT)) !== 0 && { noNeighbours: true }),
  };
}

/**
 * struct ifaddrmsg: family, prefix length, flags, scope, index. On a point-to-point link IFA_LOCAL is the node's own
 * address and IFA_ADDRESS the peer's, which is what is connected; elsewhere they are equal or IFA_LOCAL is missing.
 */
export function readNodeAddress(payload: Reader): NodeAddress | undefined {
  if (familyOf(payload.u8(0)) === undefined) return undefined; // other families have different address lengths
  const peer = readAddress(payload.attribute(nl.IFA_ADDRESS, SIZEOF_IFADDRMSG));
  const own = readAddress(payload.attribute(nl.IFA_LOCAL, SIZEOF_IFADDRMSG)) ?? peer;
  if (own === undefined) return undefined;
  return { link: payload.u32(4), address: own, connected: Subnet.around(peer ?? own, payload.u8(1)) };
}

/** Times and counters of an IPv6 route, which change without affecting the way (struct rta_cacheinfo). */
export function readTimes(payload: Reader): Reader | undefined {
  return payload.u8(0) === nl.AF_INET6 ? payload.attribute(nl.RTA_CACHEINFO, SIZEOF_RTMSG) : undefined;
}

/**
 * Whether an IPv6 route has expired (`expires` at offset 8, in clock ticks). From then on, the kernel skips it in
 * lookups, and it removes it up to 30 s later.
 */
export function isExpired(times: Reader | undefined): boolean {
  return (times?.i32(8) ?? 0) < 0;
}

/**
 * @returns undefined for families other than IP, cached clones, broadcast, anycast and multicast routes, and probe
 * routes.
 */
export function readRoute(payload: Reader): KernelRoute | undefined {
  const type = payload.u8(7);
  if ((payload.u32(8) & nl.RTM_F_CLONED) !== 0 || (type > nl.RTN_LOCAL && type <= nl.RTN_MULTICAST)) return undefined;
  const route = readLookup(payload);
  return route !== undefined && isProbeTable(route.table) ? undefined : route;
}

/**
 * struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags. The kernel also sends the hops of a
 * nexthop object, but the object itself is the better source.
 */
export function readLookup(payload: Reader): KernelRoute | undefined {
  const family = familyOf(payload.u8(0));
  if (family === undefined) return undefined;
  const { destination, table = payload.u8(4), metric = 0, nexthopId, source, mtu } = readRouteAttributes(payload);
  const subnet = new Subnet(destination ?? new Address(family, 0, family === 4 ? [] : [0, 0, 0]), payload.u8(1));
  const protocol = payload.u8(5);
  const type = payload.u8(7);
  // Most are built without spreads, because there are many; all of ours have the same fields.
  const route: KernelRoute =
    nexthopId === undefined
      ? { subnet, table, metric, protocol, type, hops: readHops(payload) }
      : { subnet, table, metric, protocol, type, hops: NO_HOPS, nexthopId };
  const isQualified = payload.u8(2) !== 0 || payload.u8(3) !== 0;
  if (!isQualified && source === undefined && mtu === undefined) return route;
  return {
    ...route,
    ...(isQualified && { qualified: true }),
    ...(source !== undefined && { source }),
    ...(mtu !== undefined && { mtu }),
  };
}

class RouteAttributes {
  destination: Address | undefined;
  table: number | undefined;
  metric: number | undefined;
  nexthopId: number | undefined;
  source: Address | undefined;
  mtu: number | undefined;
}

function readRouteAttributes(payload: Reader): RouteAttributes {
  const found = new RouteAttributes();
  const attributes = payload.attributes(SIZEOF_RTMSG);
  while (attributes.next()) {
    switch (attributes.type) {
      case nl.RTA_DST:
        found.destination = readAddress(attributes);
        break;
      case nl.RTA_TABLE:
        found.table = attributes.u32();
        break;
      case nl.RTA_PRIORITY:
        found.metric = attributes.u32();
        break;
      case nl.RTA_NH_ID:
        found.nexthopId = attributes.u32();
        break;
      case nl.RTA_PREFSRC:
        found.source = readAddress(attributes);
        break;
      case nl.RTA_METRICS:
        found.mtu = attributes.attribute(nl.RTAX_MTU)?.u32();
        break;
    }
  }
  return found;
}

const NO_HOPS: readonly Hop[] = [];

function readHops(payload: Reader): Hop[] {
  const multipath = payload.attribute(nl.RTA_MULTIPATH, SIZEOF_RTMSG);
  if (multipath !== undefined) return readMultipath(multipath);
  const link = payload.attribute(nl.RTA_OIF, SIZEOF_RTMSG)?.u32();
  const onlink = (payload.u32(8) & nl.RTNH_F_ONLINK) !== 0;
  return link === undefined ? [] : [{ ...readGateway(payload, SIZEOF_RTMSG), link, onlink, weight: 1 }];
}

/** struct rtnexthop: length u16, flags, hops (weight - 1), interface index; each followed by its attributes. */
function readMultipath(bytes: Reader): Hop[] {
  const hops: Hop[] = [];
  for (let at = 0; at + SIZEOF_RTNEXTHOP <= bytes.length; ) {
    const length = bytes.u16(at);
    if (length < SIZEOF_RTNEXTHOP) break;
    const flags = bytes.u8(at + 2);
    const gateway = readGateway(bytes.slice(at, at + length), SIZEOF_RTNEXTHOP);
    const onlink = (flags & nl.RTNH_F_ONLINK) !== 0;
    const hop = { ...gateway, link: bytes.i32(at + 4), onlink, weight: bytes.u8(at + 3) + 1 };
    if ((flags & nl.RTNH_F_DEAD) === 0) hops.push(hop);
    at += (length + 3) & ~3;
  }
  return hops;
}

/** RTA_VIA (family u16, address) is how IPv4 routes name an IPv6 gateway. */
function readGateway(payload: Reader, from: number): { gateway?: Address } {
  const via = payload.attribute(nl.RTA_VIA, from);
  const gateway = readAddress(payload.attribute(nl.RTA_GATEWAY, from)) ?? readAddress(via?.slice(2));
  return gateway === undefined ? {} : { gateway };
}

/** struct nhmsg: family, scope, protocol, reserved, flags; struct nexthop_grp: id, weight - 1, high byte, reserved. */
export function readNexthop(payload: Reader): Nexthop | undefined {
  const id = payload.attribute(nl.NHA_ID, SIZEOF_NHMSG)?.u32();
  if (id === undefined) return undefined;
  const family = familyOf(payload.u8(0));
  const link = payload.attribute(nl.NHA_OIF, SIZEOF_NHMSG)?.u32();
  const gateway = readAddress(payload.attribute(nl.NHA_GATEWAY, SIZEOF_NHMSG));
  const group = payload.attribute(nl.NHA_GROUP, SIZEOF_NHMSG);
  const onlink = (payload.u32(4) & nl.RTNH_F_ONLINK) !== 0;
  return {
    id,
    protocol: payload.u8(2),
    ...(family !== undefined && { family }),
    ...(link !== undefined && { hop: { ...(gateway && { gateway }), link, onlink, weight: 1 } }),
    ...(group !== undefined && { group: readGroup(group) }),
  };
}

function readGroup(bytes: Reader): { id: number; weight: number }[] {
  const members = [];
  for (let at = 0; at + SIZEOF_NEXTHOP_GRP <= bytes.length; at += SIZEOF_NEXTHOP_GRP) {
    members.push({ id: bytes.u32(at), weight: bytes.u8(at + 4) + 1 });
  }
  return members;
}
