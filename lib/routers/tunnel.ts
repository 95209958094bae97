import { type Address, type Family, type Mapping, type PodsSeenAs, Subnet } from '../network';
import type { NumberedEnd, Numbers } from './numbers';
import type { Proposal } from './proposal';

/** What a router runs; each has a renderer of its own. */
export const PRODUCTS = ['strongswan', 'vyos', 'fortigate'] as const;
export type Product = (typeof PRODUCTS)[number];

/** One router of a VPN and what lies behind it. */
export interface TunnelEnd {
  /** What its subnets are, for comments: `the nodes of example`. */
  readonly what: string;
  /** Its subnets; the other end knows them by their mapped ranges only. */
  readonly subnets: readonly Mapping[];
  /** Where the other end finds it. */
  readonly publicAddress: Address;
  /** The address of its outside interface: another one where a cloud translates the public address to it. */
  readonly localAddress: Address;
  /** Its identity in IKE. */
  readonly id: string;
  /** The interface towards the other end. */
  readonly outside: string;
  /** The interface towards its subnets. */
  readonly inside: string;
  /** Where the other end lies, one per family at most; none: the router's default route leads there. */
  readonly outsideNextHops: readonly Address[];
  /** Where its subnets lie, one per family at most; none: they are connected. */
  readonly insideNextHops: readonly Address[];
  readonly products: readonly Product[];
  /** The pods behind it, where it is the router of a cluster. */
  readonly pods?: TunnelPods;
}

/** The pods of a cluster as its tunnel needs them. */
export interface TunnelPods {
  readonly ranges: readonly Mapping[];
  /** Undefined: not known, and files are written as for 'nodes'. */
  readonly seenAs: PodsSeenAs | undefined;
  /** Where they lie, one per family at most; none: the router knows by other means. */
  readonly nextHops: readonly Address[];
}

/** A VPN between two routers as one of them sees it: an IKE_SA with one CHILD_SA (RFC 7296) per pair of subnets. */
export interface Tunnel {
  readonly site: string;
  /** The on-premise networks that it carries. The first one names it on both routers, with the site: see tunnelName. */
  readonly networks: readonly string[];
  readonly local: TunnelEnd;
  readonly remote: TunnelEnd;
  readonly ike: Proposal;
  readonly esp: Proposal;
  /** Largest TCP segment over IPv4, in bytes; over IPv6, whose header is longer, it is 20 less. */
  readonly mss: number;
  /** Whether this end opens the tunnel; the other one waits for it. */
  readonly initiates: boolean;
  /** The numbers of the local router's rules, policies and routes; see numberedEnd. */
  readonly numbers: Numbers;
}

/** A tunnel before its rules have numbers. */
export type Unnumbered = Omit<Tunnel, 'numbers'>;

/** A pair of subnets that share a CHILD_SA. Its traffic selectors are the mapped ranges. */
export interface Selector {
  readonly local: Mapping;
  readonly remote: Mapping;
}

/** The same tunnel from the other end, whose router has numbers of its own. */
export function otherEnd(tunnel: Unnumbered): Unnumbered {
  return { ...tunnel, local: tunnel.remote, remote: tunnel.local, initiates: !tunnel.initiates };
}

/** All pairs of a local and a remote subnet of one family: FortiGate and IKEv1 devices negotiate no more than one a time. */
export function selectorsOf({ local, remote }: Unnumbered): Selector[] {
  return local.subnets.flatMap((mine) =>
    remote.subnets
      .filter(({ real }) => real.family === mine.real.family)
      .map((theirs) => ({ local: mine, remote: theirs })),
  );
}

/** Those subnets of this end that the other end has something of the same family for. */
export function localSubnets(tunnel: Unnumbered): Mapping[] {
  return [...new Set(selectorsOf(tunnel).map(({ local }) => local))];
}

/** Those of the other end, likewise. */
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

/** Whether one of this end's subnets is a range of pods. */
export const isOfPods = ({ pods }: TunnelEnd, subnet: Mapping): boolean => pods?.ranges.includes(subnet) === true;

function nextHopsTo(end: TunnelEnd, subnet: Mapping): readonly Address[] {
  return isOfPods(end, subnet) ? (end.pods?.nextHops ?? []) : end.insideNextHops;
}

/** Ranges of pods to which the router gets no route from its files. */
export function learnedPods(end: TunnelEnd): Mapping[] {
  return end.subnets.filter(
    (subnet) => isOfPods(end, subnet) && !nextHopsTo(end, subnet).some(({ family }) => family === subnet.real.family),
  );
}

/** To the subnets behind this router. */
function insideRoutes(tunnel: Unnumbered): RouterRoute[] {
  const { local } = tunnel;
  return localSubnets(tunnel).flatMap((subnet) =>
    nextHopsTo(local, subnet)
      .filter(({ family }) => family === subnet.real.family)
      .map((nextHop) => ({ subnet: subnet.real, nextHop, interface: local.inside, why: local.what })),
  );
}

/**
 * To the other router and, by the same way, to the mapped subnets behind it: an IPsec policy takes effect on the
 * interface to which a route leads, and without one the packets never get there.
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

/** `nodes of example: 10.0.1.0/27, seen there as 192.168.2.0/27`, for comments. */
export function seenAs({ real, mapped, isTranslated }: Mapping): string {
  return isTranslated ? `${real}, which the other end sees as ${mapped}` : `${real}`;
}

/** What names a pair of subnets among numbered rules. */
export const pairKey = ({ local, remote }: Selector): string => `${local.mapped} ${remote.mapped}`;

/** Policies and routes of a FortiGate are numbered far from the low numbers that its owner gives away. */
const FIRST_OF_FORTIGATE = 142_000;

/**
 * What the local router of a tunnel needs numbers for, by keys that stay the same while the subnets do.
 * @param firstRule the least number for a new rule, where rules must come before others of the router.
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

/** The routes that do not lead through the tunnel: to the subnets behind this router, and to the other router. */
export function directRoutes(tunnel: Unnumbered): RouterRoute[] {
  const behindTunnel = new Set(remoteSubnets(tunnel).map(({ mapped }) => mapped));
  return [...insideRoutes(tunnel), ...outsideRoutes(tunnel).filter(({ subnet }) => !behindTunnel.has(subnet))];
}
