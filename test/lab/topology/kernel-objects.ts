/** A nexthop object, as `ip -json` has it. */
export interface KernelNexthop {
  readonly id: number;
  readonly protocol: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly group?: readonly { readonly id: number }[];
}

/** A route, as `ip -json -details -N` has it: numbers of tables and protocols as text, '254' is the main table. */
export interface KernelRoute {
  readonly table: string;
  /** 'default', a subnet, or an address where the prefix is its full length. */
  readonly dst: string;
  readonly protocol: string;
  /** RTN_* as a number. */
  readonly type: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly metric?: number;
  readonly prefsrc?: string;
  readonly metrics?: readonly { readonly mtu?: number }[];
  /** Of the nexthop object that it refers to. */
  readonly nhid?: number;
  readonly nexthops?: readonly { readonly gateway?: string; readonly dev: string; readonly weight: number }[];
  readonly flags: readonly string[];
}
