/** Synth time: the API that main.ts uses. */

export { ExternalService } from './external-service/external-service';
export type { ExternalServiceProps } from './external-service/options';
export type { PortSpec } from './external-service/ports';
export { ArgoCdBootstrap, type ArgoCdBootstrapProps } from './gitops/argo-cd';
export { FluxBootstrap, type FluxBootstrapProps } from './gitops/flux';
export type { FluxGitSource, FluxKnownSource, FluxOciSource, FluxSource } from './gitops/flux-source';
export type { OnDelete } from './gitops/options';
export { Monitoring, type MonitoringProps } from './monitoring/monitoring';
export { NodeRoutes } from './node-routes/node-routes';
export type { ApiServer, NodeRoutesProps } from './node-routes/props';
export type { Quantities } from './program/resources';
export type { ServerHealthProps } from './server-health/options';
export type { HttpProbeSpec, ServerHealthProbe, TlsProbeSpec } from './server-health/probe-options';
export { ServerHealth } from './server-health/server-health';
export type { ClusterProps } from './site/cluster';
export { OnPremise, type OnPremiseProps, Server } from './site/on-premise';
export { Site, type SiteProps } from './site/site';
export type { ProposalProps, RouterProps, VpnProps } from './vpn/options';
