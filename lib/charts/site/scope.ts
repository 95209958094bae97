import type { Findings, Mapping, Provider, Route } from '../../network';
import type { VpnNetwork } from '../vpn/tunnels';
import type { Cluster } from './cluster';

/** A subnet of an on-premise network, and where the site defines it. */
export interface OnPremiseSubnet {
  readonly place: string;
  readonly mapping: Mapping;
}

/** The part of a network behind the VPN that checks need. */
export interface Network extends VpnNetwork {
  readonly subnets: readonly OnPremiseSubnet[];
}

/** A construct that gives nodes routes. */
export interface RouteSource {
  /** The location that findings about it report. */
  readonly place: string;
  /** The routes in addition to the networks' subnets. */
  readonly ownRoutes: readonly Route[];
  /** Notes for synthesis that are not errors. */
  readonly notes: readonly string[];
  /** All routes; known once the site is complete. */
  routes(): readonly Route[];
}

/** The part of a site that its own constructs see, before the site is complete. */
export interface Scope {
  readonly name: string;
  readonly cluster: Cluster;
  /** @internal */
  readonly provider: Provider | undefined;
  /** @internal */
  readonly place: string;
  /** The findings so far. @internal */
  readonly findings: Findings;
  /** @internal */
  readonly networks: readonly Network[];
  /** @internal */
  readonly routeSources: readonly RouteSource[];
}
