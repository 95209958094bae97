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

/** A pod to start and what the cluster around it is. */
export interface PodOptions {
  /** The network it lives in: the node's own for a pod with hostNetwork. */
  readonly netns: Namespace;
  /** The DaemonSet, another workload with a pod template, or a Pod. */
  readonly workload: Manifest;
  /** All objects of the cluster; the ConfigMaps among them can be mounted. @default none */
  readonly objects?: readonly Manifest[];
  readonly nodeName: string;
  /** The first is status.podIP and where probes go. With hostNetwork these are the node's addresses. */
  readonly podIPs: readonly string[];
  /** @default podIPs */
  readonly hostIPs?: readonly string[];
  /** The Service `kubernetes` as the kubelet tells it to every container. */
  readonly serviceHost: string;
  /** @default 443 */
  readonly servicePort?: number;
  /** The service account's token. */
  readonly token: string;
  /** PEM of the cluster's authority: the ConfigMap kube-root-ca.crt, which every namespace has. */
  readonly ca: string;
  /** Starts another image than that of the lab's Node, trusting that it would do the same. @default false */
  readonly anyImage?: boolean;
  /**
   * A folder that holds the pod's emptyDirs, to be given to a second container of the same pod: a kubelet restarts one
   * with what the first left there. @default each container begins with empty ones, those in memory limited in size
   */
  readonly emptyDirs?: string;
  /** The node's, for /etc/resolv.conf. @default none */
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

/** Admission would mount a token that the lab does not: where a pod relies on that, it must fail loudly here. */
function checkToken({ spec, container, namespace }: PodToStart, objects: readonly Manifest[]): void {
  const account = objects.find(
    ({ kind, metadata }) =>
      kind === 'ServiceAccount' && metadata.name === spec.serviceAccountName && metadata.namespace === namespace,
  );
  const automount = spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
  if (!automount || container.volumeMounts?.some(({ mountPath }) => mountPath.startsWith(SERVICE_ACCOUNT))) return;
  throw new Error(`${container.name}: the lab mounts no token by itself; say automountServiceAccountToken: false`);
}

function memoryLimit(pod: PodToStart, netns: Namespace, notes: string[]): string | undefined {
  const limit = pod.container.resources?.limits?.memory;
  if (limit === undefined) return undefined;
  const cgroup = limitedMemory(`${netns.lab.prefix}-${randomUUID()}`, bytesOf(limit));
  if (cgroup === undefined) notes.push('the memory limit is not applied: no cgroup v2 with memory control; see rss()');
  return cgroup;
}

/**
 * Starts the container of a pod as a kubelet and its runtime would: its command, arguments, environment, volumes, user and
 * capabilities, in mount, process, host name and IPC namespaces of its own, where it is process 1. It is not restarted
 * when it ends. Resolves when its program runs.
 *
 * @throws if the pod asks for something that the lab cannot do, or its program could not be started
 */
export async function startPod(options: PodOptions): Promise<Pod> {
  const { netns, workload, nodeName, podIPs, hostIPs = podIPs, serviceHost, servicePort = 443, ca } = options;
  const [podIP] = podIPs;
  if (podIP === undefined) throw new Error('podIPs is empty: a pod has an address');
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
  const { root, fstab } = layOutRoot(folder, hostname, security.privileged ?? false, volumes.mounts, options.resolvers);
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
