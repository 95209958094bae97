/** What a cdk8s project imports from this package. */
import './report-topologies';

export * from './charts';
export { importSites } from './import-sites';
export { type Finding, InputError, type RouteFields, type RouteSpec, type SubnetSpec } from './network';
