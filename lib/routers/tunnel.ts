import { type Address, type Family, type Mapping, type PodsSeenAs, Subnet } from '../network';
import type { NumberedEnd, Numbers } from './numbers';
import type { Proposal } from './proposal';

/** The product that a router runs; each has its own renderer. */
export const PRODUCTS = ['strongswan', 'vyos', 'fortigate'] as const;
export type Product = (typeof PRODUCTS)[number];
export const PRODUCT_NAMES: Readonly<Record<Product, string>> = {
  strongswan: 'strongSwan and nftables',
  vyos: 'VyOS',
  fortigate: 'FortiGate',
};

/** One router of a VPN and what is behind it. */
export interface TunnelEnd {
  /** Description of its subnets, for comments: `the nodes of example`. */
  readonly what: string;
  /** Its subnets; the other end knows only their mapped ranges. */
  readonly subnets: readonly Mapping[];
  /** The address at which the other end reaches it. */
  readonly publicAddress: Address;
  /** The address of its outside interface, which differs if a cloud translates the public address. */
  readonly localAddress: Address;
  /** Its identity in IKE. */
  readonly id: string;
  /** The interface towards the other end. */
  readonly outside: string;
  /** The interface towards its subnets. */
  readonly inside: string;
  /** Next hops to the other end, at most one per address family; if none, the router's default route leads there. */
  readonly outsideNextHops: readonly Address[];
  /** Next hops to its subnets, at most one per address family; if none, they are directly connected. */
  readonly insideNextHops: readonly Address[];
  readonly products: readonly Product[];
  /** The pods behind it, if it is the router of a cluster. */
  readonly pods?: TunnelPods;
}

/** What a cluster's tunnel needs to know about its pods. */
export interface TunnelPods {
  readonly ranges: readonly Mapping[];
  /** Undefined if not known; files are then written as for 'nodes'. */
  readonly seenAs: PodsSeenAs | undefined;
  /** Next hops to them, at most one per address family; if none, the router learns them by other means. */
  readonly nextHops: readonly Address[];
}

/**
 * A VPN between two routers from the view of one of them: an IKE_SA with one CHILD_SA (RFC 7296) per pair of subnets.
 */
export interface Tunnel {
  readonly site: string;
  /**
   * The on-premise networks that it carries. The first one, with the site, names the tunnel on both routers: see
   * tunnelName.
   */
  readonly networks: readonly string[];
  readonly local: TunnelEnd;
  readonly remote: TunnelEnd;
  readonly ike: Proposal;
  readonly esp: Proposal;
  /** Largest TCP segment over IPv4, in bytes; 20 less over IPv6, because its header is longer. */
  readonly mss: number;
  /** Whether this end initiates the tunnel; the other end waits for it. */
  readonly initiates: boolean;
  /** The numbers of the local router's rules, policies and routes; see numberedEnd. */
  readonly numbers: Numbers;
}

/** A tunnel whose rules have no numbers yet. */
export type Unnumbered = Omit<Tunnel, 'numbers'>;

/** A pair of subnets that share a CHILD_SA. Its traffic selectors are the mapped ranges. */
export interface Selector {
  readonly local: Mapping;
  readonly remote: Mapping;
}

/** The same tunnel from the other end, whose router has its own numbers. */
export function otherEnd(tunnel: Unnumbered): Unnumbered {
  return { ...tunnel, local: tunnel.remote, remote: tunnel.local, initiates: !tunnel.initiates };
}

/**
 * All pairs of a local and a remote subnet of the same family: FortiGate and IKEv1 devices negotiate one pair at a
 * time.
 */
export function selectorsOf({ local, remote }: Unnumbered): Selector[] {
  return local.subnets.flatMap((mine) =>
    remote.subnets
      .filter(({ real }) => real.family === mine.real.family)
      .map((theirs) => ({ local: mine, remote: theirs })),
  );
}

/** The subnets of this end for which the other end has a subnet of the same address family. */
export function localSubnets(tunnel: Unnumbered): Mapping[] {
  return [...new Set(selectorsOf(tunnel).map(({ local }) => local))];
}

/** The same for the other end. */
export function remoteSubnets(tunnel: Unnumbered): Mapping[] {
  return [...new Set(selectorsOf(tunnel).map(({ remote }) => remote))];
}

export function familiesOf(tunnel: Unnumbered): Family[] {
  return ([4, 6] as const).filter((family) => ofFamily(localSubnets(tunnel), family).length > 0);
}

export function ofFamily(subnets: readonly Mapping[], family: Family): Mapping[] {
  return subnets.filter(({ real }) => real.family === family);
}

export function mssOf({ mss }: Tunnel, family: Family): number {
  return family === 4 ? mss : mss - 20;
}

/** A static route of a router and why it needs it. */
export interface RouterRoute {
  readonly subnet: Subnet;
  readonly nextHop: Address;
  readonly interface: string;
  readonly why: string;
}

/** The routes that a router needs in addition to its connected routes and its route to the other VPN router. */
export function routesOf(tunnel: Unnumbered): RouterRoute[] {
  return [...insideRoutes(tunnel), ...outsideRoutes(tunnel)];
}

/** Whether one of this end's subnets is a pod range. */
export const isOfPods = ({ pods }: TunnelEnd, subnet: Mapping): boolean => pods?.ranges.includes(subnet) === true;

function nextHopsTo(end: TunnelEnd, subnet: Mapping): readonly Address[] {
  return isOfPods(end, subnet) ? (end.pods?.nextHops ?? []) : end.insideNextHops;
}

/** Pod ranges to which the router gets no route from its files. */
export function learnedPods(end: TunnelEnd): Mapping[] {
  return end.subnets.filter(
    (subnet) => isOfPods(end, subnet) && !nextHopsTo(end, subnet).some(({ family }) => family === subnet.real.family),
  );
}

/** Routes to the subnets behind this router. */
function insideRoutes(tunnel: Unnumbered): RouterRoute[] {
  const { local } = tunnel;
  return localSubnets(tunnel).flatMap((subnet) =>
    nextHopsTo(local, subnet)
      .filter(({ family }) => family === subnet.real.family)
      .map((nextHop) => ({ subnet: subnet.real, nextHop, interface: local.inside, why: local.what })),
  );
}

/**
 * Routes to the other router and, through the same next hop, to the mapped subnets behind it: an IPsec policy takes
 * effect on the interface that a route leads to, and without a route the packets never get there.
 */
function outsideRoutes(tunnel: Unnumbered): RouterRoute[] {
  const { local, remote } = tunnel;
  const peer = new Subnet(remote.publicAddress, remote.publicAddress.family === 4 ? 32 : 128);
  return [
    { subnet: peer, why: 'the router at the other end' },
    ...remoteSubnets(tunnel).map(({ mapped }) => ({ subnet: mapped, why: remote.what })),
  ].flatMap(({ subnet, why }) =>
    local.outsideNextHops
      .filter(({ family }) => family === subnet.family)
      .map((nextHop) => ({ subnet, nextHop, interface: local.outside, why })),
  );
}

/** `the cluster's router` or `the router of on-premise datacentre`, for comments. */
export function routerTitle({ pods, what }: TunnelEnd): string {
  return pods === undefined ? `the router of ${what}` : "the cluster's router";
}

/** `10.0.1.0/27, which the other end sees as 192.168.2.0/27`, for comments. */
export function seenAs({ real, mapped, isTranslated }: Mapping): string {
  return isTranslated ? `${real}, which the other end sees as ${mapped}` : `${real}`;
}

/** The key of a pair of subnets among numbered rules. */
export const pairKey = ({ local, remote }: Selector): string => `${local.mapped} ${remote.mapped}`;

/** Policies and routes of a FortiGate are numbered far away from the low numbers that its owner uses. */
const FIRST_OF_FORTIGATE = 142_000;

/**
 * What the local router of a tunnel needs numbers for, by keys that stay the same as long as the subnets do.
 * @param firstRule the lowest number for a new rule, because rules must come before others on the router.
 */
export function numberedEnd(tunnel: Unnumbered, firstRule: number): NumberedEnd {
  const [near, far] = [localSubnets(tunnel), remoteSubnets(tunnel)];
  const each = (words: readonly string[], subnets: readonly Mapping[]) =>
    subnets.flatMap(({ mapped }) => words.map((word) => `${word} ${mapped}`));
  return {
    router: `${tunnel.local.publicAddress}`,
    keys: {
      rules: selectorsOf(tunnel).map(pairKey),
      policies: each(['out', 'in'], near),
      routes: [...each(['through', 'blackhole'], far), ...directRoutes(tunnel).map(({ subnet }) => `direct ${subnet}`)],
      clamps: each(['to', 'from'], far),
    },
    first: {
      rules: firstRule,
      policies: FIRST_OF_FORTIGATE + firstRule,
      routes: FIRST_OF_FORTIGATE + firstRule,
      clamps: 10,
    },
  };
}

/** The routes outside the tunnel: to the subnets behind this router, and to the other router. */
export function directRoutes(tunnel: Unnumbered): RouterRoute[] {
  const behindTunnel = new Set(remoteSubnets(tunnel).map(({ mapped }) => mapped));
  return [...insideRoutes(tunnel), ...outsideRoutes(tunnel).filter(({ subnet }) => !behindTunnel.has(subnet))];
}
