import type { Subnet } from '../../network';
import { isPresent } from './present-list';
import type { ResolvedRoute } from './resolve';

/** Why a route must not be installed, according to one criterion. */
export type Check = (route: ResolvedRoute) => string | undefined;

/**
 * What a route list may use. The limits come with the DaemonSet, not with the list: a user who may edit only the
 * ConfigMap cannot send packets through a table, next hop or interface that the site does not use.
 */
export interface Limits {
  readonly tables: ReadonlySet<number>;
  readonly nextHops: readonly Subnet[];
  readonly interfaces: ReadonlySet<string>;
  /** Undefined if any is allowed. */
  readonly destinations: readonly Subnet[] | undefined;
}

/**
 * Rejects what exceeds the limits, except restored routes, which were in the kernel before, whatever the limits were
 * then.
 */
export function limitCheck({ tables, nextHops, interfaces, destinations }: Limits): Check {
  const refusal = (what: string, option: string) => `${what} is not allowed for this list; add it to allow.${option}`;
  return ({ route }) => {
    if (isPresent(route)) return undefined;
    const { subnet, table, interface: link } = route;
    if (!tables.has(table)) return refusal(`table ${table}`, 'tables');
    if (link !== undefined && !interfaces.has(link)) return refusal(`interface ${link}`, 'interfaces');
    for (const address of route.nextHops)
      if (!nextHops.some((range) => range.contains(address))) return refusal(`next hop ${address}`, 'nextHops');
    if (destinations?.some((range) => range.contains(subnet)) === false) return refusal(`${subnet}`, 'destinations');
    return undefined;
  };
}
