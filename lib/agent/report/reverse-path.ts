import type { Subnet } from '../../network';
import type { Snapshot } from '../kernel/types';

/** Modes of rp_filter (Documentation/networking/ip-sysctl.rst). */
type ReversePathMode = 'off' | 'strict' | 'loose';

export interface ReversePathFilter {
  readonly interface: string;
  /** The effective mode: the higher number of conf/all and conf/IFACE. */
  readonly mode: ReversePathMode;
  /** Why answers may be dropped on it although the routes exist. */
  readonly warning?: string;
}

const MODES: readonly ReversePathMode[] = ['off', 'strict', 'loose'];

/**
 * The filter on every link that traffic of the private network may use: links of our routes, and links with an address
 * in it. Cilium, Calico and others change it at run time, so it is read each time.
 * @param read returns the content of a file below /proc/sys/net, or undefined if it does not exist.
 */
export function reversePathFilters(
  snapshot: Snapshot,
  routeLinks: ReadonlySet<number>,
  privateNetworks: readonly Subnet[],
  read: (path: string) => string | undefined,
  { isDropping = false, wayBack = () => undefined }: Drops = {},
): ReversePathFilter[] {
  const all = Number(read('/proc/sys/net/ipv4/conf/all/rp_filter') ?? 0);
  const privateLinks = snapshot.addresses
    .filter(({ address }) => address.family === 4 && privateNetworks.some((network) => network.contains(address)))
    .map(({ link }) => link);
  const filterOf = (index: number): ReversePathFilter | undefined => {
    const name = snapshot.links.get(index)?.name;
    const own = name === undefined ? undefined : read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`);
    if (name === undefined || own === undefined) return undefined;
    return { interface: name, mode: MODES[Math.max(all, Number(own))] ?? 'off' };
  };
  const isStrict = (index: number) => filterOf(index)?.mode === 'strict';
  // Packets are dropped, but not on the links of the routes, so it must be on another strict link.
  const isElsewhere = isDropping && routeLinks.size > 0 && ![...routeLinks].some(isStrict);
  const others = isElsewhere ? snapshot.addresses.map(({ link }) => link).filter(isStrict) : [];
  return [...new Set([...routeLinks, ...privateLinks, ...others])].flatMap((index) => {
    const filter = filterOf(index);
    if (filter === undefined) return [];
    if (filter.mode !== 'strict' || routeLinks.size === 0 || routeLinks.has(index)) return filter;
    const way = isElsewhere ? wayBack(index) : undefined;
    return { ...filter, warning: way === undefined ? DROPS : `${DROPS}; ${way}` };
  });
}

/** What is known about drops. */
interface Drops {
  /** Whether the filter dropped packets recently. */
  readonly isDropping?: boolean;
  /** For people: the way on which the node answers packets that arrive on a link. */
  readonly wayBack?: (link: number) => string | undefined;
}

/** Detects whether the counter rose within the last minutes. */
export class DropWatch {
  private last: number | undefined;
  private rose = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a steady clock. */
  isDropping(count: number | undefined, now: number): boolean {
    if (this.last !== undefined && count !== undefined && count > this.last) this.rose = now;
    this.last = count;
    return now - this.rose < LATELY_MS;
  }
}

/** Long enough for people who check after noticing lost packets. */
const LATELY_MS = 10 * 60_000;

const DROPS = 'strict rp_filter, but the routes use another interface: on-premise packets that arrive here are dropped';

/** TcpExt IPReversePathFilter of /proc/net/netstat: packets that the filter dropped since the node started. */
export function reversePathDrops(netstat: string): number | undefined {
  const [names, values] = netstat.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const place = names?.split(' ').indexOf('IPReversePathFilter') ?? -1;
  return place === -1 || values === undefined ? undefined : Number(values.split(' ')[place]);
}
