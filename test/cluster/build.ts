/**
 * Builds the programs that `npm run test:cluster` starts, so that no test waits for a compiler; with `full`, also those of
 * real nodes. If a requirement is missing, nothing is built, and the tests report it.
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
