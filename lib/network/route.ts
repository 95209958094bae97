import { Address } from './address';
import { Findings, refuse } from './finding';
import { parseHostAddress, parseUnicastSubnet, reservedFor, type SubnetRules } from './reserved';
import type { Subnet } from './subnet';

/** A route as a user writes it: the subnet alone, or with attributes that differ from the defaults. */
export type RouteSpec = string | RouteFields;

export interface RouteFields {
  /** Destination, e.g. `192.168.1.0/24`. */
  readonly subnet: string;
  /** The next hop. @default the next hop of the private network, found on each node */
  readonly nextHop?: string;
  /**
   * Several next hops, of which those that answer are used (see mode). Cannot be combined with nextHop.
   * @default none: nextHop applies
   */
  readonly nextHops?: readonly string[];
  /**
   * 'balance': nextHops share the traffic by flow. 'failover': the first one that answers takes all traffic.
   * @default 'balance'
   */
  readonly mode?: NextHopMode;
  /**
   * The link of the next hop; required if the next hop is link-local. Without a next hop, the subnet is reached on this
   * link itself (a point-to-point link).
   * @default the link on which the node reaches the next hop
   */
  readonly interface?: string;
  /** Routing table, 1 to 4294967295, not 255 (local). @default that of the NodeRoutes, 254 (main) */
  readonly table?: number;
  /** Priority, 0 to 4294967294, lower wins. @default that of the NodeRoutes, 0: the kernel's own (0 for IPv4, 1024 for IPv6) */
  readonly metric?: number;
  /** Preferred source address of the node's own packets. @default chosen by the kernel */
  readonly source?: string;
  /**
   * Path MTU in bytes, 576 (IPv6: 1280) to 65535, for tunnels with a smaller MTU than the link.
   * @default that of the link
   */
  readonly mtu?: number;
  /** A comment for people: one line of at most 200 characters. @default none */
  readonly comment?: string;
}

/** How several next hops are used. */
type NextHopMode = 'balance' | 'failover';

/** A parsed route with defaults filled in. */
export interface Route {
  readonly subnet: Subnet;
  /** If empty, the private network's next hop, or none at all if there is an interface. */
  readonly nextHops: readonly Address[];
  /** Whether the first next hop that answers takes all traffic; otherwise, those that answer share it. */
  readonly mode?: 'failover';
  readonly interface?: string;
  readonly table: number;
  readonly metric: number;
  readonly source?: Address;
  readonly mtu?: number;
  readonly comment?: string;
}

export interface RouteRules extends SubnetRules {
  /** Table for routes that do not set one. */
  readonly table: number;
  /** Metric for routes that do not set one; 0 means the kernel's own default. */
  readonly metric: number;
}

/** The kernel's table for all packets that no rule sends elsewhere (RT_TABLE_MAIN in linux/rtnetlink.h). */
export const MAIN_TABLE = 254;

/** Tables in which the agents keep the routes of their probes: 256 for each protocol number. */
const FIRST_PROBE_TABLE = 0x6f700000;

export const probeTable = (protocol: number, place: number): number => FIRST_PROBE_TABLE + 256 * protocol + place;

/** The protocol number of the agent that owns the table. */
export const protocolOfTable = (table: number): number => (table >>> 8) & 0xff;

export const isProbeTable = (table: number): boolean => table >>> 16 === FIRST_PROBE_TABLE >>> 16;

export const DEFAULT_RULES: RouteRules = { table: MAIN_TABLE, metric: 0, allowDefaultRoute: false };

const NO_HOPS: readonly Address[] = [];
const MOST_NEXT_HOPS = 16;
const LONGEST_COMMENT = 200;
/**
 * Characters that break a line, that YAML 1.1 (5.1) forbids, or that make text appear to a reviewer in another order
 * than written.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Bidi_Control}\uFEFF]/u;
const LARGEST_U32 = 0xffffffff;
/** The worst metric, reserved for the routes that NodeRoutes' option `otherwise` adds. */
export const WORST_METRIC = LARGEST_U32;
/** IP6_RT_PRIO_USER in the kernel's include/uapi/linux/ipv6_route.h: what IPv6 uses for metric 0. */
const IPV6_DEFAULT_METRIC = 1024;
const KEYS: ReadonlySet<string> = new Set(
  'subnet nextHop nextHops mode interface table metric source mtu comment'.split(' '),
);

/**
 * Reads one entry of a route list.
 * @throws InputError with all findings.
 */
export function readRoute(entry: unknown, rules: RouteRules): Route {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    const subnet = parseUnicastSubnet(entry, rules);
    return { subnet, nextHops: NO_HOPS, table: rules.table, metric: effectiveMetric(rules.metric, subnet) };
  }
  return readFields(entry as Readonly<Record<string, unknown>>, rules);
}

/**
 * What distinguishes routes in the kernel: destination, table and priority (fib_insert_alias in net/ipv4/fib_trie.c).
 * Not for people: built from bits, because building a text for each of 10,000 routes would cost more than all other
 * parsing.
 */
export function routeKey({ subnet, table, metric }: Pick<Route, 'subnet' | 'table' | 'metric'>): string {
  const { first, rest } = subnet.address;
  const { prefixLength } = subnet;
  const key = String.fromCharCode(prefixLength, table >>> 16, table, metric >>> 16, metric, first >>> 16, first);
  return rest.length === 0 ? key : key + String.fromCharCode(...rest.flatMap((word) => [word >>> 16, word]));
}

/** The route as JSON in the shortest form: the subnet alone if everything else has its default. */
export function routeText(route: Route, rules: RouteRules): string {
  const [onlyHop, ...more] = route.nextHops;
  const fields: Record<string, unknown> = {
    subnet: `${route.subnet}`,
    nextHop: more.length === 0 ? onlyHop?.toString() : undefined,
    nextHops: more.length > 0 ? route.nextHops.map(String) : undefined,
    mode: route.mode,
    interface: route.interface,
    table: route.table === rules.table ? undefined : route.table,
    metric: route.metric === effectiveMetric(rules.metric, route.subnet) ? undefined : route.metric,
    source: route.source?.toString(),
    mtu: route.mtu,
    comment: route.comment,
  };
  const given = Object.keys(fields).filter((key) => fields[key] !== undefined);
  if (given.length === 1) return JSON.stringify(fields.subnet);
  return `{ ${given.map((key) => `"${key}": ${JSON.stringify(fields[key])}`).join(', ')} }`;
}

function effectiveMetric(metric: number, subnet: Subnet): number {
  return metric === 0 && subnet.family === 6 ? IPV6_DEFAULT_METRIC : metric;
}

function readFields(fields: Readonly<Record<string, unknown>>, rules: RouteRules): Route {
  const findings = new Findings();
  for (const key of Object.keys(fields)) {
    if (!KEYS.has(key)) findings.add('', key, 'is an unknown key', `known are ${[...KEYS].join(', ')}`);
  }
  const optional = <T>(key: string, read: (value: unknown) => T): T | undefined =>
    fields[key] === undefined ? undefined : findings.attempt(key, () => read(fields[key]));
  const subnet = findings.attempt('subnet', () => parseUnicastSubnet(fields.subnet, rules));
  const link = optional('interface', readInterface);
  const table = optional('table', readTable);
  const metric = optional('metric', readMetric);
  const comment = optional('comment', readComment);
  const nextHops = readNextHops(fields, findings, subnet, link);
  const mode = optional('mode', (value) => readMode(value, fields));
  const source = optional('source', (value) => sameFamily(parseHostAddress(value), value, subnet));
  const mtu = optional('mtu', (value) => readInteger(value, subnet?.family === 6 ? 1280 : 576, 65535, 'mtu'));
  findings.throwIfAny();
  return {
    subnet: subnet as Subnet,
    nextHops,
    ...(mode === 'failover' && { mode }),
    ...(link !== undefined && { interface: link }),
    table: table ?? rules.table,
    metric: effectiveMetric(metric ?? rules.metric, subnet as Subnet),
    ...(source !== undefined && { source }),
    ...(mtu !== undefined && { mtu }),
    ...(comment !== undefined && { comment }),
  };
}

function readNextHops(
  fields: Readonly<Record<string, unknown>>,
  findings: Findings,
  subnet: Subnet | undefined,
  link: string | undefined,
): Address[] {
  const { nextHop, nextHops } = fields;
  if (nextHop !== undefined && nextHops !== undefined) {
    findings.add('nextHops', nextHops, 'is set in addition to nextHop', 'keep one of the two');
    return [];
  }
  if (nextHop !== undefined) return hopList([nextHop], () => 'nextHop', findings, subnet, link);
  if (nextHops === undefined) return [];
  if (!Array.isArray(nextHops) || nextHops.length === 0 || nextHops.length > MOST_NEXT_HOPS) {
    findings.add(
      'nextHops',
      nextHops,
      `is not an array of 1 to ${MOST_NEXT_HOPS} addresses`,
      'write ["10.0.0.1", "10.0.0.2"]',
    );
    return [];
  }
  return hopList(nextHops, (i) => `nextHops[${i}]`, findings, subnet, link);
}

function readMode(value: unknown, { nextHops }: Readonly<Record<string, unknown>>): NextHopMode {
  if (value !== 'balance' && value !== 'failover')
    throw refuse(value, 'is not a valid mode for several next hops', 'write "balance" or "failover"');
  if (Array.isArray(nextHops) && nextHops.length > 1) return value;
  throw refuse(value, 'needs several next hops', 'list them in nextHops, or leave out mode');
}

function hopList(
  values: readonly unknown[],
  place: (i: number) => string,
  findings: Findings,
  subnet: Subnet | undefined,
  link: string | undefined,
): Address[] {
  const hops: Address[] = [];
  values.forEach((value, i) => {
    const hop = findings.attempt(place(i), () => readNextHop(value, subnet, link));
    if (hop === undefined) return;
    if (hops.some((other) => other.equals(hop))) findings.add(place(i), value, 'is listed twice', 'remove one');
    hops.push(hop);
  });
  return hops;
}

function readNextHop(value: unknown, subnet: Subnet | undefined, link: string | undefined): Address {
  const hop = Address.parse(value);
  // An IPv4 route may have an IPv6 next hop (RTA_VIA), for links without IPv4 addresses; the reverse does not exist.
  if (hop.family === 4) sameFamily(hop, value, subnet);
  const reserved = reservedFor(hop);
  if (reserved !== undefined && !(hop.family === 6 && reserved.startsWith('link-local'))) {
    throw refuse(value, `is ${reserved}`, "write the router's unicast address");
  }
  if (reserved !== undefined && link === undefined) {
    throw refuse(value, 'is link-local and needs an interface', 'add the interface, e.g. "interface": "eth0"');
  }
  if (subnet?.family === hop.family && subnet.contains(hop) && subnet.prefixLength > 0) {
    throw refuse(
      value,
      `lies in ${subnet}, the subnet it should lead to`,
      "write the address of the router on the node's own network",
    );
  }
  return hop;
}

function sameFamily(address: Address, value: unknown, subnet: Subnet | undefined): Address {
  if (subnet === undefined || subnet.family === address.family) return address;
  throw refuse(
    value,
    `is IPv${address.family}, but the subnet is IPv${subnet.family}`,
    'use an address of the same family',
  );
}

/** dev_valid_name in the kernel's net/core/dev.c, which counts bytes; of those, printable ASCII. */
export function readInterface(value: unknown): string {
  if (typeof value === 'string' && /^[!-.0-9;-~]{1,15}$/.test(value) && value !== '.' && value !== '..') return value;
  throw refuse(
    value,
    'is not a valid interface name',
    'write 1 to 15 ASCII characters without spaces, "/" and ":", e.g. "eth0"',
  );
}

export function readTable(value: unknown): number {
  const table = readInteger(value, 1, LARGEST_U32, 'table');
  if (table === 255) throw refuse(value, 'is the table of local addresses', 'use 254 (main) or another table');
  if (isProbeTable(table)) throw refuse(value, 'is a table that probes use', 'use 254 (main) or another table');
  return table;
}

export function readMetric(value: unknown): number {
  if (value !== WORST_METRIC) return readInteger(value, 0, WORST_METRIC - 1, 'metric');
  throw refuse(
    value,
    'is reserved for the unreachable routes that the option otherwise adds',
    `write a whole number from 0 to ${WORST_METRIC - 1}`,
  );
}

export function readInteger(value: unknown, least: number, most: number, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw refuse(value, `is not a valid ${what}`, `write a whole number from ${least} to ${most}`);
}

function readComment(value: unknown): string {
  if (typeof value === 'string' && value.length <= LONGEST_COMMENT && !UNPRINTABLE.test(value)) return value;
  throw refuse(value, 'is not a valid comment', `write one line of at most ${LONGEST_COMMENT} printable characters`);
}
