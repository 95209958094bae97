import type { Route } from '../../network';

/** How a route of the list stands on this node. */
export type RouteState =
  /** In the kernel, and a lookup of an address in it finds it. */
  | 'effective'
  /** In the kernel, in a table that only somebody's rule leads to. */
  | 'installed'
  /** Somebody else's route of the same prefix goes the same way; ours is not needed. */
  | 'satisfied'
  /** The private network does not reach this node, so the route has no meaning here. */
  | 'not-applicable'
  /** Its next hop cannot be known now. */
  | 'waiting'
  /** It would take something the node depends on. */
  | 'refused'
  /** Somebody else's route of the same prefix goes another way. */
  | 'conflicting'
  /** The kernel refused it. */
  | 'failed'
  /** In the kernel, but lookups find another entry. */
  | 'shadowed';

export interface Verdict {
  readonly route: Route;
  readonly state: RouteState;
  /** Why, wherever it is not simply effective. */
  readonly reason?: string;
  /** Entries of others take a part of the subnet; the reason names them. */
  readonly isPartlyTaken?: true;
  /** The way it takes, for people: `via 10.184.0.1 dev eth0`. */
  readonly way?: string;
}

const GOOD: ReadonlySet<RouteState> = new Set(['effective', 'installed', 'satisfied', 'not-applicable']);

/** Whether the route does on this node what the list says. */
export function isGood({ state }: Verdict): boolean {
  return GOOD.has(state);
}
