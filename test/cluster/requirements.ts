import { spawnSync } from 'node:child_process';
import { missingPrograms, missingRequirements } from '../lab/requirements';

/** The oldest version of Go that can build test/cluster/go. */
const OLDEST_GO = [1, 26] as const;

/** The requirements for a real Kubernetes that this machine does not meet, one sentence each. */
export function missingForCluster(path = process.env.PATH ?? ''): string[] {
  const programs = { iptables: ['iptables'], nftables: ['nft'], conntrack: ['conntrack'] };
  return [...missingRequirements(path), ...missingPrograms(programs, path), ...missingGo()];
}

/** The same for a cluster with real nodes. */
function missingForNodes(path = process.env.PATH ?? ''): string[] {
  const programs = { containerd: ['containerd', 'ctr'], runc: ['runc'], 'libc-bin': ['ldd'], tar: ['tar'] };
  return [...missingForCluster(path), ...missingPrograms(programs, path)];
}

function missingGo(): string[] {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const found = /go(\d+)\.(\d+)/.exec(stdout ?? '');
  const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  if (major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1])) return [];
  return [`Go ${OLDEST_GO.join('.')} or later is needed to build Kubernetes; found ${found?.[0] ?? 'none'}`];
}

/**
 * jest's `describe` for tests on a real Kubernetes. If a requirement is missing, the tests are skipped with the reason, or
 * fail if CLUSTER=required is set.
 */
export function describeCluster(name: string, body: () => void, missing = missingForCluster()): void {
  if (missing.length === 0) describe(name, body);
  else if (process.env.CLUSTER === 'required')
    describe(name, () => {
      it('the machine meets the requirements of a real Kubernetes', () => {
        throw new Error(`CLUSTER=required, but: ${missing.join('; ')}`);
      });
    });
  else {
    process.stderr.write(`cluster skipped: ${name}: ${missing.join('; ')}\n`);
    describe.skip(`${name} (skipped: ${missing.join('; ')})`, body);
  }
}

/** The same for tests on nodes with kubelet and containerd. */
export function describeFull(name: string, body: () => void): void {
  describeCluster(name, body, missingForNodes());
}
