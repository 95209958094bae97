import type { Family, Route } from '../../network';
import type { Hop, Nexthop } from '../kernel/types';
import type { ResolvedRoute, Way } from './resolve';
import { hopKey, hopSetKey } from './route-hops';

/** A nexthop object without a number yet. */
export type Content = Omit<Nexthop, 'id' | 'protocol'>;

/**
 * The route attributes that the kernel caches with the nexthop object: the MTU (nhc_rth_input and nhc_pcpu_rth_output
 * of struct fib_nh_common), and for IPv6 the source address (rt6i_pcpu of struct fib6_nh). Routes that differ in them
 * must not share an object, or packets of one route would get the values of another.
 */
export type Traits = string;

export const traitsOf = ({ mtu, source }: Pick<Route, 'mtu' | 'source'>): Traits =>
  mtu === undefined && source === undefined ? '' : ` mtu ${mtu} source ${source}`;

/** If only one of several next hops is left, the object stays a group, so that one message can change it again. */
export const isGroup = ({ hops, members }: Way): boolean => members !== undefined || hops.length > 1;

/** Names the sets of hops of ways. Most routes share one way, so its name is computed once. */
export class SetKeys {
  private readonly made = { 4: new Map<Way, string>(), 6: new Map<Way, string>() };

  ofRoute({ route, way }: ResolvedRoute): string {
    return this.of(route.subnet.family, way, traitsOf(route));
  }

  of(family: Family, way: Way, traits: Traits): string {
    const known = this.made[family].get(way);
    const key = known ?? `${family} ${setKey(way)}`;
    if (known === undefined) this.made[family].set(way, key);
    return key + traits;
  }
}

function setKey(way: Way): string {
  const { hops, members = hops, mode = 'balance', network = '' } = way;
  return isGroup(way) ? `${mode} ${network} ${hopSetKey(hops)} of ${hopSetKey(members)}` : hopSetKey(hops.map(alone));
}

/** Weights matter only among several hops. */
export const alone = (hop: Hop): Hop => ({ ...hop, weight: 1 });

export function contentKey({ family, hop, group }: Content): string {
  if (hop !== undefined) return `${family} ${hopKey(hop)}`;
  return `group ${(group ?? [])
    .map(({ id, weight }) => `${id}*${weight}`)
    .sort()
    .join(' ')}`;
}
