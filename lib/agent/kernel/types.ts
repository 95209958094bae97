import type { Address, Family, Subnet } from '../../network';

/** One hop: a gateway on a link, or a link alone. */
export interface Hop {
  readonly gateway?: Address;
  /** Interface index. */
  readonly link: number;
  /** The gateway is assumed to be on the link although no prefix covers it. */
  readonly onlink: boolean;
  /** Share of the traffic among several hops, 1 to 256. */
  readonly weight: number;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Whether it is up and has a carrier: the kernel rejects next hops on other links (net/ipv4/nexthop.c). */
  readonly carrier: boolean;
  /** Whether the link uses no neighbour resolution, so that the state of a next hop cannot be known. */
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
  /** RTA_PRIORITY; 0 if the kernel reports none. */
  readonly metric: number;
  /** rtm_protocol: the owner. */
  readonly protocol: number;
  /** RTN_*: 1 forwards, 2 is the node itself, 6 to 9 reject. */
  readonly type: number;
  /** Whether it applies only to one type of service or source prefix, which no route of ours does. */
  readonly qualified?: true;
  /** The nexthop object it refers to, if any; `hops` is then to be resolved through it. */
  readonly nexthopId?: number;
  readonly hops: readonly Hop[];
  readonly source?: Address;
  readonly mtu?: number;
}

/** A nexthop object (Linux 5.3, net/ipv4/nexthop.c): one hop, or a group of objects. */
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
  /** Priority; the smallest comes first. */
  readonly priority: number;
  /** FR_ACT_*: 1 looks into the table, 2 goes to another rule, 6 to 8 reject. */
  readonly action: number;
  readonly table: number;
  readonly source?: Subnet;
  readonly destination?: Subnet;
  /** Name of the input interface; `lo` for the node's own packets. */
  readonly input?: string;
  readonly output?: string;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** Whether it matches all packets except those that it names. */
  readonly isInverted?: true;
  /** Entries with prefixes up to this length are ignored. */
  readonly suppressed?: number;
  /** Whether it also matches a type of service, user, protocol, port, VRF or tunnel. */
  readonly isSpecial?: true;
}

/** The part of the kernel's state that routing decisions need, read at one time. */
export interface Snapshot {
  readonly links: ReadonlyMap<number, Link>;
  readonly addresses: readonly NodeAddress[];
  readonly routes: readonly KernelRoute[];
  /** Rules of both families, each in the order in which the kernel evaluates them. */
  readonly rules: readonly Rule[];
  readonly nexthops: ReadonlyMap<number, Nexthop>;
}

/** An address to look up; on one link if it is link-local. */
export interface LookupQuestion {
  readonly address: Address;
  readonly link?: number;
  /** Source address of the packet; without an input interface, one of the node's own. */
  readonly source?: Address;
  /** Input interface of a packet that is forwarded. */
  readonly input?: number;
  /** Source and destination port of a TCP packet. */
  readonly ports?: readonly [source: number, destination: number];
}

/** The winning FIB entry, or the name of the error if there is none: ENETUNREACH, EINVAL for a blackhole, and so on. */
export type Answer = KernelRoute | string;

/** A route of ours to write. */
export interface RouteToWrite {
  readonly subnet: Subnet;
  readonly table: number;
  readonly metric: number;
  /** The nexthop object that it refers to; if none, the route is unreachable. */
  readonly nexthopId?: number;
  readonly source?: Address;
  readonly mtu?: number;
}

/** One change of the kernel's state. `replace` means that an object of ours already exists. */
export type Change =
  | { readonly kind: 'put-nexthop'; readonly nexthop: Nexthop; readonly replace: boolean }
  /** Rewrites an object of ours unchanged, so that the kernel drops what it cached for it. */
  | { readonly kind: 'refresh-nexthop'; readonly nexthop: Nexthop }
  | { readonly kind: 'put-route'; readonly route: RouteToWrite; readonly replace: boolean }
  | { readonly kind: 'delete-route'; readonly route: KernelRoute }
  | { readonly kind: 'delete-nexthop'; readonly nexthop: Nexthop };

export type PutNexthop = Extract<Change, { readonly kind: 'put-nexthop' }>;
export type PutRoute = Extract<Change, { readonly kind: 'put-route' }>;

/** A change that the kernel rejected, with a description. */
export interface FailedChange {
  readonly change: Change;
  readonly reason: string;
}
