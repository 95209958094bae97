import type { PodsSeenAs } from '../network';

/** The parts of a site that a topology needs: only texts, so that any code that knows a site can describe it. */
export interface SiteTopology {
  readonly site: string;
  readonly nodes: readonly TopologySubnet[];
  readonly pods: readonly TopologySubnet[];
  /** With whose address pods' packets reach on premise; undefined where the site does not say so. */
  readonly podsSeenAs?: PodsSeenAs;
  /** Whose table entry shows the nodes' next hop. */
  readonly privateNetworks: readonly string[];
  readonly networks: readonly TopologyNetwork[];
  readonly services: readonly TopologyService[];
  /** Routes that belong to no network, by the way they take. */
  readonly otherRoutes: readonly { readonly way: string; readonly subnets: readonly string[] }[];
}

/** A range and, where routers translate, the one under which the other end sees it. */
export interface TopologySubnet {
  readonly real: string;
  readonly mapped?: string;
}

export interface TopologyNetwork {
  readonly name: string;
  readonly subnets: readonly TopologySubnet[];
  /** Addresses of the routers on the Internet, where they are known. */
  readonly vpn?: { readonly cluster: string; readonly onPremise: string };
}

export interface TopologyService {
  /** `default/orders-service`. */
  readonly name: string;
  readonly ports: readonly number[];
  /** Where its servers stand: which network, which of its subnets, and their own addresses. */
  readonly servers: readonly { readonly network: number; readonly subnet: number; readonly real: string }[];
}
