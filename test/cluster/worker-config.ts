import { join } from 'node:path';
import { PAUSE_IMAGE } from './image';

/** Kernel parameters that a kubelet sets, with the values that it expects, so that it does not change the machine's. */
const KERNEL_PARAMETERS = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

/**
 * A shell script that turns new namespaces into a node with its own /sys, /run, /var/lib and /var/log. It prints "booted" and
 * ends when its standard input closes. bash reaps orphaned processes.
 */
export function setupScript({ name, folder, bootId }: { name: string; folder: string; bootId: string }): string {
  const parameters = { ...KERNEL_PARAMETERS, 'kernel/random/boot_id': bootId };
  const lines = Object.entries(parameters).flatMap(([path, value]) => {
    const file = join(folder, path.replaceAll('/', '.'));
    return [`echo ${value} > ${file}`, `[ ! -e /proc/sys/${path} ] || mount --bind ${file} /proc/sys/${path}`];
  });
  return `set -e
hostname ${name}
mkdir -p ${folder}/cgroup
mount --rbind /sys/fs/cgroup ${folder}/cgroup
mount -t sysfs sysfs /sys
mount --rbind ${folder}/cgroup /sys/fs/cgroup
umount --lazy ${folder}/cgroup
for hidden in /run /var/lib /var/log; do mount -t tmpfs tmpfs $hidden; done
mkdir -p /var/lib/kubelet /var/lib/containerd /var/log/pods /var/log/containers
mount --bind ${folder}/kubelet /var/lib/kubelet
mount --make-rshared /var/lib/kubelet
mount --bind ${folder}/containerd /var/lib/containerd
mount --bind ${folder}/log /var/log/pods
${lines.join('\n')}
echo booted
while read -r _; do :; done
`;
}

/** The configuration of containerd 1.6 and later. */
export function containerdConfig(options: { plugins: string; networks: string; socket: string }): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${options.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${options.plugins}"
    conf_dir = "${options.networks}"
`;
}

/** A bridge network that masquerades packets leaving the node with the node's address. */
export function networkConfig(subnet: string): string {
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq: true,
    ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'bridge', plugins: [bridge, portmap] });
}

export function kubeletConfig(options: { cgroup: string; resolvers: string; socket: string }): string {
  return JSON.stringify({
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    // Only the API server can reach the kubelet in this network namespace.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${options.socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: options.cgroup,
    // An update of a ConfigMap reaches its volumes within this time; the default is one minute.
    syncFrequency: '5s',
    failCgroupV1: false,
    failSwapOn: false,
    // Setting the score may require a right that the machine does not grant.
    oomScoreAdj: 0,
    resolvConf: options.resolvers,
    // The test must not depend on the free disk space of the machine.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
  });
}
