/** What people review: the plan of a pull request, the topology of a site, all nodes of a cluster. Pure. */
export { diagramOf } from './diagram/diagram';
export { type Diagrams, embed } from './diagram/embed';
export { type Answer, TROUBLE_TEXTS } from './fleet/fleet';
export { readMetrics } from './fleet/metrics';
export { areServersHealthy, type HealthAnswer, readServerHealth, serverHealthLines } from './fleet/server-health';
export { fleetTable, isFleetReady } from './fleet/table';
export { overlapsAcross } from './overlaps';
export { markdownOf } from './page/markdown';
export { terminalTextOf } from './page/terminal';
export { planPage } from './plan/page';
export { planOf } from './plan/plan';
export { routerChangesOf } from './plan/router-changes';
export type { Plan } from './plan/types';
export { isConsistent, proofLines, proofPage, proofText, wayPicture } from './prove/page';
export { proofsOf, type SiteProof } from './prove/prove';
export type { SiteTopology } from './topology';
export type { Tree } from './tree';
