/**
 * `npm run test:cluster`: builds the programs that the tests start, so that no test waits for a compiler, and runs the tests;
 * with `full`, also those on real nodes. If a requirement is missing, nothing is built, and the tests report it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { offerHelp } from '../../scripts/terminal';
import { REPOSITORY } from '../repository';
import { builtNetworkPlugins, builtPrograms, CONTROL_PLANE } from './binaries';
import { missingForCluster } from './requirements';

offerHelp(`npm run test:cluster -- [JEST OPTIONS]: tests against a real Kubernetes, which it builds from its Go modules first
npm run test:cluster:full -- [JEST OPTIONS]: also with real kubelets, containerd and runc

It needs Linux, root and Go; the full tests also need containerd and runc. Without them, the tests are skipped and name
what is missing; with CLUSTER=required they fail. The first build takes ten minutes. Example of an option: -t 'a title'.
`);

const args = process.argv.slice(2);
const isFull = args[0] === 'full';
if (missingForCluster().length === 0) {
  builtPrograms(CONTROL_PLANE);
  if (isFull) {
    builtPrograms(['kubelet']);
    builtNetworkPlugins();
  }
}
const files = isFull ? ['--testMatch', '**/test/cluster/*.{cluster,full}.ts'] : [];
const config = join('test', 'cluster', 'jest.config.js');
const jest = [require.resolve('jest/bin/jest'), '--ci', '--config', config, ...args.slice(isFull ? 1 : 0), ...files];
const { status } = spawnSync(process.execPath, jest, { cwd: REPOSITORY, stdio: 'inherit' });
process.exitCode = status ?? 1;
