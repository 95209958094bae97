/** A netlink socket that has joined multicast groups. */
export interface EventSocket {
  readonly fd: number;
  /** Reads one message that is queued already, and returns its length in bytes; below 1 when none is. */
  readQueued(into: Uint8Array): number;
  /** How many messages did not fit into its queue since it was opened, modulo 2^32. */
  dropped(): number;
}
