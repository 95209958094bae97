import type { Findings, Mapping, Provider, Route } from '../../network';
import type { VpnNetwork } from '../vpn/tunnels';
import type { Cluster } from './cluster';

/** A subnet of an on-premise network, and where it is written. */
export interface OnPremiseSubnet {
  readonly place: string;
  readonly mapping: Mapping;
}

/** A network behind the VPN as checks see it. */
export interface Network extends VpnNetwork {
  readonly subnets: readonly OnPremiseSubnet[];
}

/** A construct that gives nodes routes. */
export interface RouteSource {
  /** Where findings about it stand. */
  readonly place: string;
  /** The routes beyond the networks' subnets. */
  readonly ownRoutes: readonly Route[];
  /** Worth telling at synthesis, but not wrong. */
  readonly notes: readonly string[];
  /** All routes; known when the site is complete. */
  routes(): readonly Route[];
}

/** A site as its own parts see it, which are made before it is complete. */
export interface Scope {
  readonly name: string;
  readonly cluster: Cluster;
  /** @internal */
  readonly provider: Provider | undefined;
  /** @internal */
  readonly place: string;
  /** What was refused so far. @internal */
  readonly findings: Findings;
  /** @internal */
  readonly networks: readonly Network[];
  /** @internal */
  readonly routeSources: readonly RouteSource[];
}
