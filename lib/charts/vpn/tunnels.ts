import type { Mapping, PodsSeenAs } from '../../network';
import {
  allot,
  type NumberBook,
  numberedEnd,
  otherEnd,
  retire,
  type Tunnel,
  type TunnelEnd,
  type TunnelPods,
  type Unnumbered,
} from '../../routers';
import type { RouterSettings, VpnSettings } from './options';

/** The default rule numbers of a router: before rules that masquerade, which commonly start at 100. */
const FIRST_RULE = 10;

/** Adds a network behind the VPN. */
export interface VpnNetwork {
  readonly name: string;
  /** The location that findings about it report. */
  readonly place: string;
  readonly subnets: readonly { readonly mapping: Mapping }[];
  /** Undefined if the routers are configured by other means. */
  readonly vpn: VpnSettings | undefined;
}

/** The part of a site's cluster that its tunnels need. */
interface VpnCluster {
  /** What on-premise servers see of it: the nodes and, if they keep their own addresses, the pods. */
  readonly seen: readonly Mapping[];
  readonly podMappings: readonly Mapping[];
  readonly podsSeenAs: PodsSeenAs | undefined;
}

/** What the tunnels of a site are built from. */
interface VpnSite {
  readonly name: string;
  readonly cluster: VpnCluster;
  readonly networks: readonly VpnNetwork[];
}

/** One router of a tunnel, and its folder below routers/<site>/. */
interface SiteTunnelEnd {
  readonly folder: string;
  readonly tunnel: Tunnel;
}

/** A tunnel and the networks that it carries, whose first one names it. */
export interface SiteTunnel {
  readonly networks: readonly [VpnNetwork, ...VpnNetwork[]];
  /** The cluster's end first, then the on-premise end. */
  readonly ends: readonly [SiteTunnelEnd, SiteTunnelEnd];
}

/** All tunnels of a site, and the file of their numbers. */
export interface SiteVpns {
  readonly tunnels: readonly SiteTunnel[];
  readonly book: NumberBook;
}

/** @param before the numbers assigned so far, of all sites. */
export function vpnsOf(site: VpnSite, before: NumberBook): SiteVpns {
  let book = before;
  const numbered = (folder: string, tunnel: Unnumbered, { firstRule = FIRST_RULE }: RouterSettings): SiteTunnelEnd => {
    const end = `${site.name}/${folder}`;
    book = allot(book, end, numberedEnd(tunnel, firstRule));
    return { folder, tunnel: { ...tunnel, numbers: book[end] as Tunnel['numbers'] } };
  };
  const tunnels = groupsOf(site, before).map(([lead, ...others]): SiteTunnel => {
    const vpn = lead.vpn as VpnSettings;
    const near = tunnelOf(site, [lead, ...others], vpn);
    return {
      networks: [lead, ...others],
      ends: [
        numbered(clusterFolder(lead), near, vpn.cluster),
        numbered(`${lead.name}-to-cluster`, otherEnd(near), vpn.onPremise),
      ],
    };
  });
  const written = new Set(tunnels.flatMap(({ ends }) => ends.map(({ folder }) => `${site.name}/${folder}`)));
  const gone = Object.keys(book).filter((end) => end.startsWith(`${site.name}/`) && !written.has(end));
  return { tunnels, book: gone.reduce(retire, book) };
}

const clusterFolder = ({ name }: VpnNetwork) => `cluster-to-${name}`;

/**
 * Networks by the tunnel that carries them. IKE distinguishes connections by their addresses and identities, so
 * networks that have these in common share a tunnel, which keeps its name in the file of numbers.
 */
function groupsOf(site: VpnSite, book: NumberBook): [VpnNetwork, ...VpnNetwork[]][] {
  const groups = new Map<string, [VpnNetwork, ...VpnNetwork[]]>();
  for (const network of site.networks) {
    if (network.vpn === undefined) continue;
    const group = groups.get(connectionOf(network.vpn));
    if (group === undefined) groups.set(connectionOf(network.vpn), [network]);
    else if (`${site.name}/${clusterFolder(network)}` in book && !(`${site.name}/${clusterFolder(group[0])}` in book))
      group.unshift(network);
    else group.push(network);
  }
  return [...groups.values()];
}

/** What identifies a connection in IKE. */
export function connectionOf({ cluster, onPremise }: VpnSettings): string {
  return [cluster, onPremise].map(({ publicAddress, id }) => `${publicAddress} ${id}`).join(' ');
}

/** As the cluster's router sees it. */
function tunnelOf(site: VpnSite, networks: readonly VpnNetwork[], vpn: VpnSettings): Unnumbered {
  const { ike, esp, mss } = vpn;
  const names = networks.map(({ name }) => name);
  return {
    site: site.name,
    networks: names,
    local: { ...endOf(vpn.cluster, clusterName(site), site.cluster.seen), pods: podsOf(site.cluster, vpn.cluster) },
    remote: endOf(
      vpn.onPremise,
      `on-premise ${names.join(' and ')}`,
      networks.flatMap(({ subnets }) => subnets.map(({ mapping }) => mapping)),
    ),
    ike,
    esp,
    mss,
    initiates: true,
  };
}

function clusterName({ name, cluster }: VpnSite): string {
  return cluster.podsSeenAs === 'themselves' ? `the nodes and pods of ${name}` : `the nodes of ${name}`;
}

function podsOf({ podMappings, podsSeenAs }: VpnCluster, { podNextHops, insideNextHops }: RouterSettings): TunnelPods {
  return { ranges: podMappings, seenAs: podsSeenAs, nextHops: podNextHops ?? insideNextHops };
}

function endOf(
  { firstRule: _, podNextHops: __, ...router }: RouterSettings,
  what: string,
  subnets: readonly Mapping[],
): TunnelEnd {
  return { ...router, what, subnets };
}
