import type { V1ConfigMap, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import type { Manifest } from '../lab/dist';
import type { Pod } from '../lab/kubelet/pod';
import type { ControlPlane } from './control-plane';

/** Reads the ConfigMaps that a pod mounts, with the kubelet's rights. @throws if one does not exist */
export function configMapsOf(plane: ControlPlane, token: string, { metadata, spec }: V1Pod): Promise<Manifest[]> {
  const sources = (spec?.volumes ?? []).flatMap(({ configMap, projected }) => [
    configMap?.name,
    ...(projected?.sources ?? []).map((source) => source.configMap?.name),
  ]);
  const names = [...new Set(sources.filter((name) => name !== undefined))];
  const path = `/api/v1/namespaces/${metadata?.namespace}/configmaps`;
  return Promise.all(
    names.map(async (name) => {
      const found = await plane.api<V1ConfigMap>(`${path}/${name}`, { token });
      return { apiVersion: 'v1', kind: 'ConfigMap', ...found } as unknown as Manifest;
    }),
  );
}

/** Requests a token for the pod's service account, bound to the pod, as the kubelet does. */
export async function tokenOf(plane: ControlPlane, token: string, { metadata, spec }: V1Pod): Promise<string> {
  const path = `/api/v1/namespaces/${metadata?.namespace}/serviceaccounts/${spec?.serviceAccountName ?? 'default'}/token`;
  const pod = { kind: 'Pod', apiVersion: 'v1', name: metadata?.name, uid: metadata?.uid };
  const { status } = await plane.api<{ status: { token: string } }>(path, {
    method: 'POST',
    token,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3607, boundObjectRef: pod },
    },
  });
  return status.token;
}

/** The state of a pod and its one container between two rounds. */
export interface OnNode {
  readonly uid: string;
  readonly manifest: V1Pod;
  pod?: Pod;
  /** Why the container cannot start. */
  waiting?: string;
  readonly startTime: string;
  ready: boolean;
  failures: number;
  restarts: number;
  nextProbe: number;
  reported?: string;
  isEnding?: boolean;
}

/** The state of a pod's one container for its status. */
export interface ContainerState {
  readonly isRunning: boolean;
  /** Why the container is not running. */
  readonly waiting: string | undefined;
  readonly restarts: number;
  readonly ready: boolean;
  readonly startTime: string;
  readonly hostIP: string;
  readonly podIP: string;
}

/** The pod status in a kubelet's format. */
export function podStatus(
  { spec }: V1Pod,
  state: ContainerState,
): Omit<V1PodStatus, 'startTime'> & { startTime: string } {
  const { isRunning, waiting, restarts, ready, startTime, hostIP, podIP } = state;
  const [container] = spec?.containers ?? [];
  const lastTransitionTime = new Date();
  const condition = (type: string, isTrue: boolean) => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastTransitionTime,
  });
  return {
    phase: !isRunning && restarts === 0 ? 'Pending' : 'Running',
    hostIP,
    podIP,
    podIPs: [{ ip: podIP }],
    startTime,
    conditions: [condition('Ready', ready), condition('ContainersReady', ready), condition('Initialized', true)],
    containerStatuses: [
      {
        name: container?.name as string,
        image: container?.image as string,
        imageID: '',
        ready,
        started: isRunning,
        restartCount: restarts,
        state: isRunning
          ? { running: { startedAt: lastTransitionTime } }
          : { waiting: { reason: 'ContainerCreating', message: waiting ?? '' } },
      },
    ],
  };
}
