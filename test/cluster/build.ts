/** Builds what `npm run test:cluster` starts, so that no test waits for a compiler. Where something is missing, the tests say so. */
import { builtPrograms, CONTROL_PLANE } from './binaries';
import { missingForCluster } from './requirements';

if (missingForCluster().length === 0) builtPrograms(CONTROL_PLANE);
