import { WORST_METRIC } from '../../network';
import type { KernelRoute } from '../kernel/types';
import { RTN_UNREACHABLE } from '../netlink/constants';

/** Which of the kernel's routes and nexthop objects are ours: those with our protocol number. */
export interface Ownership {
  /** The protocol number of this instance. */
  readonly protocol: number;
  /**
   * Numbers that this instance used before or took over. Objects with these numbers are also ours and move to
   * `protocol`.
   */
  readonly former: ReadonlySet<number>;
  /** Whether to take over routes of protocol boot with the same prefix and way, which the original DaemonSet left. */
  readonly adoptLegacy: boolean;
}

/** A qualified route is never ours, whatever its protocol: our deletes could not distinguish it from one that is. */
export function isOwn(object: Pick<KernelRoute, 'protocol' | 'qualified'>, { protocol, former }: Ownership): boolean {
  return (object.protocol === protocol || former.has(object.protocol)) && !object.qualified;
}

/**
 * Companions are the `unreachable` routes that NodeRoutes' option `otherwise` keeps beside our routes, with the same
 * prefix and the worst metric. They have no device, so the kernel keeps them when it flushes the routes of a link, and
 * lookups then fail with "no route" instead of using the default route (docs/decisions).
 */
export function isCompanion({ type, metric }: Pick<KernelRoute, 'type' | 'metric'>): boolean {
  return type === RTN_UNREACHABLE && metric === WORST_METRIC;
}
