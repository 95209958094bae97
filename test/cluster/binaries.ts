import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { REPOSITORY } from '../repository';

/** The programs that the module builds, named by their folders in test/cluster/go/cmd. */
export type Program =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kube-proxy'
  | 'kubectl'
  | 'kubelet';

/** The programs of a control plane with kube-proxy, and kubectl. */
export const CONTROL_PLANE: readonly Program[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubectl',
];

/** The network plugins for a node with a bridge, named by their folders in github.com/containernetworking/plugins. */
const NETWORK_PLUGINS = ['ipam/host-local', 'main/bridge', 'main/loopback', 'meta/portmap'] as const;

const MODULE = join(REPOSITORY, 'test', 'cluster', 'go');

/** The version of Kubernetes that go.mod requires, e.g. '1.36.3'. */
function kubernetesVersion(): string {
  const [, version] = /^\tk8s\.io\/kubernetes v(\S+)$/m.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8')) ?? [];
  if (version === undefined) throw new Error('test/cluster/go/go.mod requires no k8s.io/kubernetes');
  return version;
}

/** A cache outside the tree, because a build takes minutes. Its name contains a hash of all inputs, so new clones can use it. */
function cacheFolder(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULE, file)));
  for (const name of readdirSync(join(MODULE, 'cmd')).sort())
    hash.update(readFileSync(join(MODULE, 'cmd', name, 'main.go')));
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(base, 'onprem-link', 'cluster', hash.digest('hex').slice(0, 16));
}

function versionFlags(): string {
  const [major, minor] = kubernetesVersion().split('.');
  const version = { gitVersion: `v${kubernetesVersion()}`, gitMajor: major, gitMinor: minor };
  const set = Object.entries(version).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return `-s -w ${set.join(' ')}`;
}

/**
 * Builds missing programs, and returns the folder with all of them. With an empty Go cache each build takes minutes, later
 * seconds.
 *
 * @throws with the program and Go's output, so that a failed build is not mistaken for a failed test
 */
export function builtPrograms(programs: readonly Program[]): string {
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  for (const program of programs) if (!existsSync(join(folder, program))) build(folder, program, `./cmd/${program}`);
  return folder;
}

/** The folder that contains only the network plugins: a runtime runs every program in it. @throws as above */
export function builtNetworkPlugins(): string {
  const folder = join(cacheFolder(), 'cni');
  mkdirSync(folder, { recursive: true });
  for (const plugin of NETWORK_PLUGINS) {
    const name = basename(plugin);
    if (!existsSync(join(folder, name)))
      build(folder, name, `github.com/containernetworking/plugins/plugins/${plugin}`);
  }
  return folder;
}

function build(folder: string, program: string, source: string): void {
  process.stderr.write(`building ${program}…\n`);
  const fresh = mkdtempSync(join(folder, 'building-'));
  try {
    const output = join(fresh, program);
    const args = ['build', '-p', '2', '-ldflags', versionFlags(), '-o', output, source];
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
    const { status, stderr, error } = spawnSync('go', args, { cwd: MODULE, encoding: 'utf8', env });
    if (status !== 0)
      throw new Error(
        `${program} for Kubernetes ${kubernetesVersion()} could not be built: ${error?.message ?? stderr}`,
      );
    renameSync(output, join(folder, program));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
