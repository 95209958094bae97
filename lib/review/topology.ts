import type { PodsSeenAs } from '../network';

/**
 * The parts of a site that a topology needs. All values are strings, so that any code that knows a site can describe
 * it.
 */
export interface SiteTopology {
  readonly site: string;
  readonly nodes: readonly TopologySubnet[];
  readonly pods: readonly TopologySubnet[];
  /** The source address that on-premise networks see for pods' packets; undefined if the site does not state it. */
  readonly podsSeenAs?: PodsSeenAs;
  /** The networks whose route table entries show the nodes' next hop. */
  readonly privateNetworks: readonly string[];
  readonly networks: readonly TopologyNetwork[];
  readonly services: readonly TopologyService[];
  /** Routes that belong to no network, grouped by path. */
  readonly otherRoutes: readonly { readonly way: string; readonly subnets: readonly string[] }[];
}

/** A range and, if routers translate it, the range that the other end sees. */
export interface TopologySubnet {
  readonly real: string;
  readonly mapped?: string;
}

export interface TopologyNetwork {
  readonly name: string;
  readonly subnets: readonly TopologySubnet[];
  /** Public addresses of the routers, if known. */
  readonly vpn?: { readonly cluster: string; readonly onPremise: string };
}

export interface TopologyService {
  /** `default/orders-service`. */
  readonly name: string;
  readonly ports: readonly number[];
  /** Where its servers are: the network, its subnets, and the servers' own addresses. */
  readonly servers: readonly { readonly network: number; readonly subnet: number; readonly real: string }[];
}
