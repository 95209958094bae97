/** What people look at: the plan of a pull request, the picture of a site, all nodes of a cluster. Pure. */
export { diagramOf } from './diagram';
export { type Diagrams, embed } from './embed';
export { type Answer, TROUBLE_TEXTS } from './fleet';
export { type AgentStatus, readMetrics } from './fleet-metrics';
export { fleetTable, isFleetReady } from './fleet-table';
export { overlapsAcross } from './overlaps';
export { markdownOf } from './page-markdown';
export { terminalTextOf } from './page-terminal';
export type { Picture } from './picture';
export { planOf, type Tree } from './plan';
export { planPage } from './plan-page';
export type { Plan } from './plan-types';
export { routerChangesOf } from './router-changes';
