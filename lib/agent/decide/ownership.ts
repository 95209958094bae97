import type { KernelRoute } from '../kernel/types';

/** What of the kernel's routes and nexthop objects is ours: what carries our protocol number. */
export interface Ownership {
  /** The protocol number of this instance. */
  readonly protocol: number;
  /** Numbers this instance used before or took over: what carries them is ours as well and moves to `protocol`. */
  readonly former: ReadonlySet<number>;
  /** Take over routes of protocol boot with the same prefix and way, as the original DaemonSet left them. */
  readonly adoptLegacy: boolean;
}

/** A qualified route is never ours whatever it carries: our deletes could not name it apart from one that is. */
export function isOwn(object: Pick<KernelRoute, 'protocol' | 'qualified'>, { protocol, former }: Ownership): boolean {
  return (object.protocol === protocol || former.has(object.protocol)) && !object.qualified;
}
