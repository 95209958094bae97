import { type Address, bitsOf, type Family, isProbeTable, protocolOfTable } from '../../network';
import type { MessageWriter, Reader } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { familyOf, numberOf, readAddress, readLookup, TCP } from './messages';
import { ruleTable } from './rules';
import type { Hop, KernelRoute } from './types';

/**
 * Rule priority before those of any CNI, after the rule for local addresses (0). The rule matches only probe packets.
 */
const PRIORITY = 7;
const SIZEOF_RULE = 12;

/** Sends the packets of probes of one target through one next hop: `from ... to ... ipproto tcp sport ... dport ... lookup ...`. */
export interface ProbeRule {
  readonly source: Address;
  readonly target: Address;
  readonly port: number;
  /** The first of a range of PORTS_PER_HOP. */
  readonly firstSourcePort: number;
  readonly table: number;
}

/**
 * How many source ports probes use in turn, so that no new connection has the ports of one that the target still
 * remembers.
 */
export const PORTS_PER_HOP = 4;

/** The default route of a table for probes. */
export interface ProbeRoute {
  readonly family: Family;
  readonly table: number;
  readonly hop: Hop;
}

export interface ProbeObjects {
  readonly rules: readonly ProbeRule[];
  readonly routes: readonly ProbeRoute[];
}

export type ProbeChange =
  | { readonly kind: 'put-rule' | 'delete-rule'; readonly rule: ProbeRule }
  | { readonly kind: 'put-route'; readonly route: ProbeRoute };

/** @returns undefined for all other rules. */
export function readProbeRule(payload: Reader): ProbeRule | undefined {
  const table = ruleTable(payload);
  if (familyOf(payload.u8(0)) === undefined || !isProbeTable(table)) return undefined;
  const source = readAddress(payload.attribute(nl.FRA_SRC, SIZEOF_RULE));
  const target = readAddress(payload.attribute(nl.FRA_DST, SIZEOF_RULE));
  if (source === undefined || target === undefined) return undefined; // not an agent's rule
  const first = (type: number) => payload.attribute(type, SIZEOF_RULE)?.u16(0) ?? 0;
  return { source, target, port: first(nl.FRA_DPORT_RANGE), firstSourcePort: first(nl.FRA_SPORT_RANGE), table };
}

/** @returns undefined for routes of all other tables. */
export function readProbeRoute(payload: Reader): KernelRoute | undefined {
  const route = readLookup(payload);
  return route !== undefined && isProbeTable(route.table) ? route : undefined;
}

export function writeProbeChange(w: MessageWriter, change: ProbeChange): void {
  switch (change.kind) {
    case 'put-rule':
      w.begin(nl.RTM_NEWRULE, nl.NLM_F_CREATE | nl.NLM_F_EXCL);
      writeRule(w, change.rule);
      break;
    case 'delete-rule':
      w.begin(nl.RTM_DELRULE);
      writeRule(w, change.rule);
      break;
    case 'put-route':
      w.begin(nl.RTM_NEWROUTE, nl.NLM_F_CREATE | nl.NLM_F_REPLACE);
      writeRoute(w, change.route);
  }
}

/** struct fib_rule_hdr: family, dst_len, src_len, tos, table, two reserved, action, flags u32. */
function writeRule(w: MessageWriter, rule: ProbeRule): void {
  const { source, target, port, firstSourcePort, table } = rule;
  const prefixLength = bitsOf(target.family);
  w.u8(numberOf(target.family)).u8(prefixLength).u8(prefixLength).u8(0);
  w.u8(0).u8(0).u8(0).u8(nl.FR_ACT_TO_TBL).u32(0);
  w.attributeWords(nl.FRA_DST, target).attributeWords(nl.FRA_SRC, source);
  w.attributeU32(nl.FRA_PRIORITY, PRIORITY).attributeU32(nl.FRA_TABLE, table);
  w.nested(nl.FRA_PROTOCOL, () => w.u8(protocolOfTable(table))).nested(nl.FRA_IP_PROTO, () => w.u8(TCP));
  w.nested(nl.FRA_SPORT_RANGE, () => w.u16(firstSourcePort).u16(firstSourcePort + PORTS_PER_HOP - 1));
  w.nested(nl.FRA_DPORT_RANGE, () => w.u16(port).u16(port));
}

function writeRoute(w: MessageWriter, { family, table, hop }: ProbeRoute): void {
  const { gateway, link, onlink } = hop;
  w.u8(numberOf(family)).u8(0).u16(0).u8(nl.RT_TABLE_COMPAT).u8(protocolOfTable(table));
  w.u8(gateway === undefined ? nl.RT_SCOPE_LINK : nl.RT_SCOPE_UNIVERSE).u8(nl.RTN_UNICAST);
  w.u32(onlink ? nl.RTNH_F_ONLINK : 0);
  w.attributeU32(nl.RTA_TABLE, table).attributeU32(nl.RTA_OIF, link);
  if (gateway !== undefined) w.attributeWords(nl.RTA_GATEWAY, gateway);
}
