import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../dist';
import type { Namespace } from '../topology/namespaces';
import { bytesOf, limitedMemory } from './memory-limit';
import { Pod } from './pod';
import { commandOf, environmentOf, type PodPlace, podField, serviceEnvironment } from './pod-env';
import { PodLogs } from './pod-logs';
import { rightsOf } from './pod-rights';
import { layOutRoot } from './pod-root';
import { running, startScript, startShell } from './pod-shell';
import { type PodToStart, podOf } from './pod-spec';
import { layOutVolumes, type VolumeSources } from './pod-volumes';

/** A pod to start, and the cluster around it. */
export interface PodOptions {
  /** The network namespace of the pod; for hostNetwork, that of the node. */
  readonly netns: Namespace;
  /** A Pod, a DaemonSet, or another workload with a pod template. */
  readonly workload: Manifest;
  /** All objects of the cluster. The ConfigMaps among them can be mounted. @default none */
  readonly objects?: readonly Manifest[];
  readonly nodeName: string;
  /** The first one is status.podIP and the target of probes. With hostNetwork, these are the node's addresses. */
  readonly podIPs: readonly string[];
  /** @default podIPs */
  readonly hostIPs?: readonly string[];
  /** The address of the Service `kubernetes`, which every container gets from the kubelet. */
  readonly serviceHost: string;
  /** @default 443 */
  readonly servicePort?: number;
  /** The service account's token. */
  readonly token: string;
  /** The certificate of the cluster's CA as PEM: content of the ConfigMap kube-root-ca.crt, which every namespace has. */
  readonly ca: string;
  /** Starts images other than that of the lab's Node, assuming that they behave the same. @default false */
  readonly anyImage?: boolean;
  /**
   * A folder with the pod's emptyDirs, for a second container of the same pod: when a kubelet restarts a container, it keeps
   * them. @default each container gets new ones; those in memory have a size limit
   */
  readonly emptyDirs?: string;
  /** The node's resolvers, for /etc/resolv.conf. @default none */
  readonly resolvers?: readonly string[];
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

function rootCa(namespace: string, ca: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-root-ca.crt', namespace },
    data: { 'ca.crt': ca },
  };
}

/** Admission would mount a token here, but the lab does not. A pod that relies on it must fail with a clear error. */
function checkToken({ spec, container, namespace }: PodToStart, objects: readonly Manifest[]): void {
  const account = objects.find(
    ({ kind, metadata }) =>
      kind === 'ServiceAccount' && metadata.name === spec.serviceAccountName && metadata.namespace === namespace,
  );
  const automount = spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
  if (!automount || container.volumeMounts?.some(({ mountPath }) => mountPath.startsWith(SERVICE_ACCOUNT))) return;
  throw new Error(
    `${container.name}: the lab does not mount a token automatically; set automountServiceAccountToken: false`,
  );
}

function memoryLimit(pod: PodToStart, netns: Namespace, notes: string[]): string | undefined {
  const limit = pod.container.resources?.limits?.memory;
  if (limit === undefined) return undefined;
  const cgroup = limitedMemory(`${netns.lab.prefix}-${randomUUID()}`, bytesOf(limit));
  if (cgroup === undefined) notes.push('the memory limit is not applied: no cgroup v2 with memory control; see rss()');
  return cgroup;
}

/**
 * Starts the container of a pod as a kubelet and its runtime would: with its command, arguments, environment, volumes, user
 * and capabilities, as process 1 of its own mount, PID, host name and IPC namespaces. It is not restarted. Resolves when the
 * program runs.
 *
 * @throws if the lab does not support the pod, or the program could not be started
 */
export async function startPod(options: PodOptions): Promise<Pod> {
  const { netns, workload, nodeName, podIPs, hostIPs = podIPs, serviceHost, servicePort = 443, ca } = options;
  const [podIP] = podIPs;
  if (podIP === undefined) throw new Error('podIPs is empty: a pod needs an address');
  const pod = podOf(workload, options.anyImage);
  checkToken(pod, options.objects ?? []);
  const place: PodPlace = { nodeName, podIPs, hostIPs, uid: randomUUID() };
  const { user, setpriv } = rightsOf(pod.spec, pod.container);
  let objects = [...(options.objects ?? []), rootCa(pod.namespace, ca)];
  let { token } = options;
  const sources: VolumeSources = {
    namespace: pod.namespace,
    get objects() {
      return objects;
    },
    get token() {
      return token;
    },
    user,
    field: (fieldPath) => podField(pod, place, fieldPath),
  };

  const folder = mkdtempSync(join(netns.lab.folder, 'pod-'));
  const volumes = layOutVolumes(folder, pod, sources, options.emptyDirs);
  const hostname = pod.spec.hostNetwork ? nodeName : pod.name;
  const security = pod.container.securityContext ?? {};
  const { root, fstab } = layOutRoot(folder, hostname, security.privileged ?? false, volumes.mounts, {
    resolvers: options.resolvers ?? [],
    aliases: pod.spec.hostAliases ?? [],
  });
  const environment = environmentOf(pod, hostname, place, serviceEnvironment(serviceHost, servicePort));
  const command = commandOf(pod.container, environment);
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const entry = ['setpriv', ...setpriv, 'env', '-i', ...variables];
  const notes = [...pod.notes];
  const script = join(folder, 'start.sh');
  writeFileSync(
    script,
    startScript({
      root,
      fstab,
      hostname,
      cgroup: memoryLimit(pod, netns, notes),
      readOnly: security.readOnlyRootFilesystem ?? false,
      workingDir: pod.container.workingDir ?? '/',
      command: [...entry, ...command],
    }),
  );

  const logs = new PodLogs();
  const shell = startShell(netns, script, logs);
  const pid = await running(shell, logs, command);
  const update = (change: { token?: string; configMap?: Manifest }) => {
    token = change.token ?? token;
    const { configMap } = change;
    if (configMap) {
      const same = ({ kind, metadata }: Manifest) =>
        kind === 'ConfigMap' &&
        metadata.name === configMap.metadata.name &&
        metadata.namespace === configMap.metadata.namespace;
      objects = [...objects.filter((object) => !same(object)), configMap];
    }
    volumes.write();
  };
  return new Pod({ netns, pod: { ...pod, notes }, podIP, pid, logs, exited: shell.exited, entry, update });
}
