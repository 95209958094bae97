import { WORST_METRIC } from '../../network';
import type { KernelRoute } from '../kernel/types';
import { RTN_UNREACHABLE } from '../netlink/constants';

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

/**
 * Companions are the `unreachable` routes that NodeRoutes' option `otherwise` keeps beside our routes: of the same prefix
 * and the worst metric. They have no device, so the kernel keeps them when it flushes the routes of a link, and then
 * answers "no route" instead of using the default route (docs/decisions).
 */
export function isCompanion({ type, metric }: Pick<KernelRoute, 'type' | 'metric'>): boolean {
  return type === RTN_UNREACHABLE && metric === WORST_METRIC;
}
