import { MAIN_TABLE } from '../../network';
import type { Hop, KernelRoute, Link, Nexthop, Snapshot } from '../kernel/types';

/** The hops of a route, including those of the nexthop object that it refers to. */
export function hopsOf(
  route: Pick<KernelRoute, 'hops' | 'nexthopId'>,
  nexthops: ReadonlyMap<number, Nexthop>,
): readonly Hop[] {
  if (route.nexthopId === undefined) return route.hops;
  const nexthop = nexthops.get(route.nexthopId);
  if (nexthop?.hop !== undefined) return [nexthop.hop];
  return (nexthop?.group ?? []).flatMap(({ id, weight }) => {
    const hop = nexthops.get(id)?.hop;
    return hop === undefined ? [] : [{ ...hop, weight }];
  });
}

/** Equal for equal sets of hops, whatever their order. */
export function hopSetKey(hops: readonly Hop[]): string {
  return hops.map(hopKey).sort().join(' ');
}

export function hopKey({ gateway, link, onlink, weight }: Hop): string {
  return `${gateway ?? 'link'}@${link}${onlink ? '!' : ''}*${weight}`;
}

/** Whether packets go the same way: gateways and links; weights and flags do not matter. */
export function sameWay(a: readonly Hop[], b: readonly Hop[]): boolean {
  const [first, second] = [a[0], b[0]];
  if (first !== undefined && second !== undefined && a.length === 1 && b.length === 1) return sameHop(first, second);
  const way = (hops: readonly Hop[]) =>
    hops
      .map(({ gateway, link }) => `${gateway ?? 'link'}@${link}`)
      .sort()
      .join(' ');
  return a.length > 0 && way(a) === way(b);
}

function sameHop(a: Hop, b: Hop): boolean {
  if (a.link !== b.link) return false;
  return a.gateway === undefined || b.gateway === undefined ? a.gateway === b.gateway : a.gateway.equals(b.gateway);
}

/** For people: `via 10.184.0.1 dev eth0`, several joined by `and`. */
export function hopsText(hops: readonly Hop[], links: ReadonlyMap<number, Link>): string {
  if (hops.length === 0) return 'nowhere';
  return hops
    .map(
      ({ gateway, link }) =>
        `${gateway === undefined ? '' : `via ${gateway} `}dev ${links.get(link)?.name ?? `#${link}`}`,
    )
    .join(' and ');
}

/** Types of entries that do not forward (RTN_*), in the words of `ip route`. */
const TYPES: Readonly<Record<number, string>> = {
  2: 'local',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
};

/** For people: `172.17.0.0/16 dev docker0`, `blackhole 192.168.0.0/24`. */
export function routeText(route: KernelRoute, { nexthops, links }: Pick<Snapshot, 'nexthops' | 'links'>): string {
  const type = TYPES[route.type];
  if (type !== undefined) return `${type} ${route.subnet}`;
  return `${route.subnet} ${hopsText(hopsOf(route, nexthops), links)}`;
}

/** For people: `10.0.0.0/8 via 10.184.0.1 dev eth0, protocol 3, metric 0`, with the table unless it is main. */
export function routeDescription(route: KernelRoute, snapshot: Pick<Snapshot, 'nexthops' | 'links'>): string {
  const table = route.table === MAIN_TABLE ? '' : `, table ${route.table}`;
  return `${routeText(route, snapshot)}, protocol ${route.protocol}, metric ${route.metric}${table}`;
}
