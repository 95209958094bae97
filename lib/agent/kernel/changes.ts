import type { MessageWriter } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { numberOf } from './messages';
import type { Change, Hop, KernelRoute, Nexthop, RouteToWrite } from './types';

/** Requests of rtnetlink (man 7 rtnetlink) that change something. */

const SIZEOF_RTNEXTHOP = 8;

/** Every object that a change writes has `protocol` as the mark of its owner. */
export function writeChange(w: MessageWriter, change: Change, protocol: number): void {
  switch (change.kind) {
    case 'put-nexthop':
    case 'refresh-nexthop':
      w.begin(nl.RTM_NEWNEXTHOP, putFlags(change.kind === 'refresh-nexthop' || change.replace));
      writeNexthop(w, change.nexthop, protocol);
      break;
    case 'put-route':
      w.begin(nl.RTM_NEWROUTE, putFlags(change.replace));
      writeRoute(w, change.route, protocol);
      break;
    case 'delete-route':
      w.begin(nl.RTM_DELROUTE);
      writeRouteToDelete(w, change.route);
      break;
    case 'delete-nexthop':
      w.begin(nl.RTM_DELNEXTHOP).u32(0).u32(0).attributeU32(nl.NHA_ID, change.nexthop.id);
  }
}

/** With EXCL, the kernel returns an error instead of changing an object that appeared since the last read. */
function putFlags(replace: boolean): number {
  return nl.NLM_F_CREATE | (replace ? nl.NLM_F_REPLACE : nl.NLM_F_EXCL);
}

function writeNexthop(w: MessageWriter, { id, family, hop, group }: Nexthop, protocol: number): void {
  w.u8(group || family === undefined ? nl.AF_UNSPEC : numberOf(family));
  w.u8(0).u8(protocol).u8(0);
  w.u32(hop?.onlink ? nl.RTNH_F_ONLINK : 0);
  w.attributeU32(nl.NHA_ID, id);
  if (hop !== undefined) w.attributeU32(nl.NHA_OIF, hop.link);
  if (hop?.gateway !== undefined) w.attributeWords(nl.NHA_GATEWAY, hop.gateway);
  if (group !== undefined) {
    w.nested(nl.NHA_GROUP, () => {
      for (const member of group)
        w.u32(member.id)
          .u8(member.weight - 1)
          .u8(0)
          .u16(0);
    });
  }
}

function writeRoute(w: MessageWriter, route: RouteToWrite, protocol: number): void {
  const { nexthopId, source, mtu = 0 } = route;
  rtmsg(w, route, protocol, nl.RT_SCOPE_UNIVERSE, nexthopId === undefined ? nl.RTN_UNREACHABLE : nl.RTN_UNICAST);
  routeKey(w, route);
  if (nexthopId === undefined) return;
  w.attributeU32(nl.RTA_NH_ID, nexthopId);
  if (source !== undefined) w.attributeWords(nl.RTA_PREFSRC, source);
  // 0 is none. Without any metrics the kernel would take those of another route with this object (fib_find_info_nh in
  // net/ipv4/fib_semantics.c).
  w.nested(nl.RTA_METRICS, () => w.attributeU32(nl.RTAX_MTU, mtu));
}

/**
 * Covers everything that distinguishes a route from others, including protocol and next hop, so that no foreign route can
 * match.
 */
function writeRouteToDelete(w: MessageWriter, route: KernelRoute): void {
  rtmsg(w, route, route.protocol, nl.RT_SCOPE_NOWHERE, route.type);
  routeKey(w, route);
  const [hop, ...more] = route.hops;
  if (route.nexthopId !== undefined) w.attributeU32(nl.RTA_NH_ID, route.nexthopId);
  else if (more.length > 0) writeMultipath(w, route.hops);
  else if (hop !== undefined) {
    w.attributeU32(nl.RTA_OIF, hop.link);
    if (hop.gateway?.family === route.subnet.family) w.attributeWords(nl.RTA_GATEWAY, hop.gateway);
  }
}

function writeMultipath(w: MessageWriter, hops: readonly Hop[]): void {
  w.nested(nl.RTA_MULTIPATH, () => {
    for (const { gateway, link, weight } of hops) {
      const attribute = gateway === undefined ? 0 : 8 + 4 * gateway.rest.length; // header and words
      w.u16(SIZEOF_RTNEXTHOP + attribute)
        .u8(0)
        .u8(weight - 1)
        .u32(link);
      if (gateway !== undefined) w.attributeWords(nl.RTA_GATEWAY, gateway);
    }
  });
}

/** rtm_table has one byte; larger table numbers are only in RTA_TABLE. */
function rtmsg(
  w: MessageWriter,
  { subnet, table }: RouteToWrite | KernelRoute,
  protocol: number,
  scope: number,
  type: number,
): void {
  w.u8(numberOf(subnet.family)).u8(subnet.prefixLength).u16(0);
  w.u8(table > 255 ? nl.RT_TABLE_COMPAT : table)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .u32(0);
}

function routeKey(w: MessageWriter, { subnet, table, metric }: RouteToWrite | KernelRoute): void {
  w.attributeWords(nl.RTA_DST, subnet.address).attributeU32(nl.RTA_TABLE, table).attributeU32(nl.RTA_PRIORITY, metric);
}
