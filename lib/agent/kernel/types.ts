import type { Address, Family, Subnet } from '../../network';

/** One way on: a gateway on a link, or a link alone. */
export interface Hop {
  readonly gateway?: Address;
  /** Interface index. */
  readonly link: number;
  /** The gateway is taken to be on the link although no prefix says so. */
  readonly onlink: boolean;
  /** Share of the traffic among several, 1 to 256. */
  readonly weight: number;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** It is up and has a carrier: the kernel refuses next hops on others (net/ipv4/nexthop.c). */
  readonly carrier: boolean;
  /** Nobody is asked for hardware addresses there, so whether a next hop is alive cannot be told. */
  readonly noNeighbours?: true;
}

/** An address of this node with the subnet it is connected to. */
export interface NodeAddress {
  readonly link: number;
  readonly address: Address;
  readonly connected: Subnet;
}

/** An entry of the kernel's routing tables (FIB), without broadcast and multicast ones. */
export interface KernelRoute {
  readonly subnet: Subnet;
  readonly table: number;
  /** RTA_PRIORITY; 0 where the kernel reports none. */
  readonly metric: number;
  /** rtm_protocol: who it belongs to. */
  readonly protocol: number;
  /** RTN_*: 1 forwards, 2 is the node itself, 6 to 9 reject. */
  readonly type: number;
  /** It holds for one type of service or one source prefix only, as no route of ours ever does. */
  readonly qualified?: true;
  /** The nexthop object it refers to, if any; `hops` is then to be resolved through it. */
  readonly nexthopId?: number;
  readonly hops: readonly Hop[];
  readonly source?: Address;
  readonly mtu?: number;
}

/** A nexthop object (Linux 5.3, net/ipv4/nexthop.c): one hop, or a group of others. */
export interface Nexthop {
  readonly id: number;
  readonly protocol: number;
  readonly family?: Family;
  readonly hop?: Hop;
  readonly group?: readonly { readonly id: number; readonly weight: number }[];
}

/** A policy rule (man 8 ip-rule): which packets look into which table, or are rejected. */
export interface Rule {
  readonly family: Family;
  /** The smallest comes first. */
  readonly priority: number;
  /** FR_ACT_*: 1 looks into the table, 2 goes to another rule, 6 to 8 reject. */
  readonly action: number;
  readonly table: number;
  readonly source?: Subnet;
  readonly destination?: Subnet;
  /** Name of the interface that the packets come in by; `lo` for the node's own. */
  readonly input?: string;
  readonly output?: string;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** It matches all packets but those that it names. */
  readonly isInverted?: true;
  /** Entries of prefixes up to this length do not count. */
  readonly suppressed?: number;
  /** It also asks for a type of service, user, protocol, port, VRF or tunnel. */
  readonly isSpecial?: true;
}

/** The kernel's state as far as routing decisions need it, read at one time. */
export interface Snapshot {
  readonly links: ReadonlyMap<number, Link>;
  readonly addresses: readonly NodeAddress[];
  readonly routes: readonly KernelRoute[];
  /** Of both families, each in the order in which the kernel asks them. */
  readonly rules: readonly Rule[];
  readonly nexthops: ReadonlyMap<number, Nexthop>;
}

/** An address to look up, on one link where it is link-local. */
export interface LookupQuestion {
  readonly address: Address;
  readonly link?: number;
  /** Asks for a packet from this address; by itself one of the node's own. */
  readonly source?: Address;
  /** Asks for a packet that comes in by this interface and is forwarded. */
  readonly input?: number;
  /** Asks for a TCP packet from this port to that one. */
  readonly ports?: readonly [source: number, destination: number];
}

/** The FIB entry that wins, or the name of the error for want of one: ENETUNREACH, EINVAL for a blackhole, and so on. */
export type Answer = KernelRoute | string;

/** A route of ours to write. */
export interface RouteToWrite {
  readonly subnet: Subnet;
  readonly table: number;
  readonly metric: number;
  /** The nexthop object that it refers to; none: an unreachable route. */
  readonly nexthopId?: number;
  readonly source?: Address;
  readonly mtu?: number;
}

/** One change of the kernel's state. `replace` says that an object of ours is there already. */
export type Change =
  | { readonly kind: 'put-nexthop'; readonly nexthop: Nexthop; readonly replace: boolean }
  /** Writes an object of ours again as it is, so that the kernel forgets what it cached for it. */
  | { readonly kind: 'refresh-nexthop'; readonly nexthop: Nexthop }
  | { readonly kind: 'put-route'; readonly route: RouteToWrite; readonly replace: boolean }
  | { readonly kind: 'delete-route'; readonly route: KernelRoute }
  | { readonly kind: 'delete-nexthop'; readonly nexthop: Nexthop };

export type PutNexthop = Extract<Change, { readonly kind: 'put-nexthop' }>;
export type PutRoute = Extract<Change, { readonly kind: 'put-route' }>;

/** A change the kernel refused, in words. */
export interface FailedChange {
  readonly change: Change;
  readonly reason: string;
}
