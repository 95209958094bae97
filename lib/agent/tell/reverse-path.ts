import type { Subnet } from '../../network';
import type { Snapshot } from '../kernel/types';

/** Modes of rp_filter (Documentation/networking/ip-sysctl.rst). */
export type ReversePathMode = 'off' | 'strict' | 'loose';

export interface ReversePathFilter {
  readonly interface: string;
  /** What is in force: the stricter number of conf/all and conf/IFACE. */
  readonly mode: ReversePathMode;
  /** Why answers may be dropped on it although the routes exist. */
  readonly warning?: string;
}

const MODES: readonly ReversePathMode[] = ['off', 'strict', 'loose'];

/**
 * The filter on every link that traffic of the private network may use: those of our routes, and those that have an
 * address in it. Cilium, Calico and others change it at run time, so it is read each time.
 * @param read the content of a file below /proc/sys/net, undefined when it is not there.
 */
export function reversePathFilters(
  snapshot: Snapshot,
  routeLinks: ReadonlySet<number>,
  privateNetworks: readonly Subnet[],
  read: (path: string) => string | undefined,
): ReversePathFilter[] {
  const all = Number(read('/proc/sys/net/ipv4/conf/all/rp_filter') ?? 0);
  const privateLinks = snapshot.addresses
    .filter(({ address }) => address.family === 4 && privateNetworks.some((network) => network.contains(address)))
    .map(({ link }) => link);
  const filters: ReversePathFilter[] = [];
  for (const index of new Set([...routeLinks, ...privateLinks])) {
    const name = snapshot.links.get(index)?.name;
    const own = name === undefined ? undefined : read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`);
    if (name === undefined || own === undefined) continue;
    const mode = MODES[Math.max(all, Number(own))] ?? 'off';
    const drops = mode === 'strict' && routeLinks.size > 0 && !routeLinks.has(index);
    filters.push({ interface: name, mode, ...(drops && { warning: DROPS }) });
  }
  return filters;
}

const DROPS =
  'strict rp_filter, but the routes use another interface: packets from on premise that arrive here are dropped';

/** TcpExt IPReversePathFilter of /proc/net/netstat: packets this node dropped by the filter since it started. */
export function reversePathDrops(netstat: string): number | undefined {
  const [names, values] = netstat.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const place = names?.split(' ').indexOf('IPReversePathFilter') ?? -1;
  return place === -1 || values === undefined ? undefined : Number(values.split(' ')[place]);
}
