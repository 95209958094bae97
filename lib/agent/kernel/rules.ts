import { type Address, isProbeTable, Subnet } from '../../network';
import type { MessageWriter, Reader } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { familyOf, readAddress } from './messages';
import type { Rule } from './types';

/** struct fib_rule_hdr: family, dst_len, src_len, tos, table, two reserved, action, flags u32. */
const SIZEOF_RULE = 12;

/** The value that suppresses nothing. */
const NONE = 0xffffffff;

/**
 * Attributes that make a rule more specific: FRA_TUN_ID, FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO and those after it.
 */
const isSpecialAttribute = (type: number): boolean =>
  type === nl.FRA_TUN_ID || type === nl.FRA_L3MDEV || type === nl.FRA_UID_RANGE || type >= nl.FRA_IP_PROTO;

/** Requests all families at once, because a kernel without IPv6 rejects a request for that family. */
export function dumpRules(w: MessageWriter): void {
  w.begin(nl.RTM_GETRULE).u32(0).u32(0).u32(0);
}

/** Which table a rule looks into. */
export function ruleTable(payload: Reader): number {
  return payload.attribute(nl.FRA_TABLE, SIZEOF_RULE)?.u32() ?? payload.u8(4);
}

/** @returns undefined for the rules of multicast routing, and of probes. */
export function readRule(payload: Reader): Rule | undefined {
  const family = familyOf(payload.u8(0));
  if (family === undefined || isProbeTable(ruleTable(payload))) return undefined;
  const found = readRuleAttributes(payload);
  const { source, destination, input, output, mark = 0, mask = 0, suppressed, isSpecial } = found;
  return {
    family,
    priority: found.priority,
    action: payload.u8(7),
    table: found.table ?? payload.u8(4),
    ...(source !== undefined && { source }),
    ...(destination !== undefined && { destination }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...((mark !== 0 || mask !== 0) && { mark: { value: mark, mask } }),
    ...((payload.u32(8) & nl.FIB_RULE_INVERT) !== 0 && { isInverted: true }),
    ...(suppressed !== undefined && suppressed !== NONE && { suppressed }),
    ...((isSpecial || payload.u8(3) !== 0) && { isSpecial: true }),
  };
}

class RuleAttributes {
  priority = 0;
  table: number | undefined;
  source: Subnet | undefined;
  destination: Subnet | undefined;
  input: string | undefined;
  output: string | undefined;
  mark: number | undefined;
  mask: number | undefined;
  suppressed: number | undefined;
  isSpecial = false;
}

function readRuleAttributes(payload: Reader): RuleAttributes {
  const found = new RuleAttributes();
  const attributes = payload.attributes(SIZEOF_RULE);
  while (attributes.next()) {
    switch (attributes.type) {
      case nl.FRA_DST:
        found.destination = readPrefix(attributes, payload.u8(1));
        break;
      case nl.FRA_SRC:
        found.source = readPrefix(attributes, payload.u8(2));
        break;
      case nl.FRA_IIFNAME:
        found.input = attributes.text();
        break;
      case nl.FRA_OIFNAME:
        found.output = attributes.text();
        break;
      case nl.FRA_PRIORITY:
        found.priority = attributes.u32();
        break;
      case nl.FRA_TABLE:
        found.table = attributes.u32();
        break;
      case nl.FRA_FWMARK:
        found.mark = attributes.u32();
        break;
      case nl.FRA_FWMASK:
        found.mask = attributes.u32();
        break;
      case nl.FRA_SUPPRESS_PREFIXLEN:
        found.suppressed = attributes.u32();
        break;
      default:
        found.isSpecial ||= isSpecialAttribute(attributes.type);
    }
  }
  return found;
}

function readPrefix(bytes: Reader, length: number): Subnet {
  return new Subnet(readAddress(bytes) as Address, length);
}
