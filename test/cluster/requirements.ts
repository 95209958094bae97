import { spawnSync } from 'node:child_process';
import { missingPrograms, missingRequirements } from '../lab/requirements';

/** Of Go, as test/cluster/go/go.mod asks for it. */
const OLDEST_GO = [1, 26] as const;

/** What this machine lacks to run a real Kubernetes: one sentence each; empty if nothing. */
export function missingForCluster(path = process.env.PATH ?? ''): string[] {
  const programs = { iptables: ['iptables'], nftables: ['nft'], conntrack: ['conntrack'] };
  return [...missingRequirements(path), ...missingPrograms(programs, path), ...missingGo()];
}

/** The same for nodes that are real. */
function missingForNodes(path = process.env.PATH ?? ''): string[] {
  const programs = { containerd: ['containerd', 'ctr'], runc: ['runc'], 'libc-bin': ['ldd'], tar: ['tar'] };
  return [...missingForCluster(path), ...missingPrograms(programs, path)];
}

function missingGo(): string[] {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const found = /go(\d+)\.(\d+)/.exec(stdout ?? '');
  const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  if (major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1])) return [];
  return [`Go ${OLDEST_GO.join('.')} or later is needed to build Kubernetes, this is ${found?.[0] ?? 'none'}`];
}

/**
 * jest's `describe` for tests on a real Kubernetes: skipped with the reason where something is missing, or failed where
 * the environment says CLUSTER=required.
 */
export function describeCluster(name: string, body: () => void, missing = missingForCluster()): void {
  if (missing.length === 0) describe(name, body);
  else if (process.env.CLUSTER === 'required')
    describe(name, () => {
      it('has what a real Kubernetes needs', () => {
        throw new Error(`CLUSTER=required, but: ${missing.join('; ')}`);
      });
    });
  else {
    process.stderr.write(`cluster skipped: ${name}: ${missing.join('; ')}\n`);
    describe.skip(`${name} (skipped: ${missing.join('; ')})`, body);
  }
}

/** The same for nodes with kubelet and containerd. */
export function describeFull(name: string, body: () => void): void {
  describeCluster(name, body, missingForNodes());
}
