/**
 * Builds what `npm run test:cluster` starts, so that no test waits for a compiler; with `full` also what its nodes take.
 * Where something is missing, the tests say so.
 */
import { builtNetworkPlugins, builtPrograms, CONTROL_PLANE } from './binaries';
import { missingForCluster } from './requirements';

if (missingForCluster().length === 0) {
  builtPrograms(CONTROL_PLANE);
  if (process.argv.includes('full')) {
    builtPrograms(['kubelet']);
    builtNetworkPlugins();
  }
}
