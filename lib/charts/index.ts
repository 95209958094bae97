/** Synth time: what main.ts is written with. */
export { ArgoCdBootstrap, type ArgoCdBootstrapProps } from './argo-cd-bootstrap';
export type { OnDelete } from './bootstrap';
export type { ClusterProps } from './cluster';
export { ExternalService, type ExternalServiceProps } from './external-service';
export { FluxBootstrap, type FluxBootstrapProps } from './flux-bootstrap';
export type { FluxGitSource, FluxKnownSource, FluxOciSource, FluxSource } from './flux-source';
export { Monitoring, type MonitoringProps } from './monitoring';
export { NodeRoutes } from './node-routes';
export type { ApiServer, NodeRoutesProps } from './node-routes-props';
export { OnPremise, type OnPremiseProps, Server } from './on-premise';
export type { Quantities } from './resources';
export type { PortSpec } from './service-ports';
export { Site, type SiteProps } from './site';
export type { ProposalProps, RouterProps, VpnProps } from './vpn-props';
