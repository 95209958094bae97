/** A nexthop object in the format of `ip -json`. */
export interface KernelNexthop {
  readonly id: number;
  readonly protocol: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly group?: readonly { readonly id: number }[];
}

/** A route in the format of `ip -json -details -N`: table and protocol numbers as text; '254' is the main table. */
export interface KernelRoute {
  readonly table: string;
  /** 'default', a subnet, or an address without prefix length for a host route. */
  readonly dst: string;
  readonly protocol: string;
  /** RTN_* as a number. */
  readonly type: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly metric?: number;
  readonly prefsrc?: string;
  readonly metrics?: readonly { readonly mtu?: number }[];
  /** The ID of its nexthop object. */
  readonly nhid?: number;
  readonly nexthops?: readonly { readonly gateway?: string; readonly dev: string; readonly weight: number }[];
  readonly flags: readonly string[];
}
