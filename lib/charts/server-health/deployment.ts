import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { FROM_POD, FROM_SYNTH } from '../../settings/server-health';
import { environmentOf } from '../../settings/table';
import { commonLabels, mergeAnnotations } from '../metadata';
import { SERVER_HEALTH } from '../program/bundle';
import { imageReference } from '../program/image';
import { API_ACCESS_FOLDER, apiAccess, fromPod, PROGRAM_FOLDER } from '../program/pod';
import { resourcesOf } from '../program/resources';
import type { ServerHealthSettings } from './options';

export interface ServerHealthDeploymentProps {
  readonly settings: ServerHealthSettings;
  readonly programConfigMapName: string;
  readonly lease: string;
  readonly standbyLease: string;
  /** A mirror of Docker Hub. */
  readonly imageRegistry: string | undefined;
}

/** One leads, the other looks a second time. */
const REPLICAS = 2;
const PORT_NAME = 'http';
/** Of nobody in particular. */
const USER = 65532;

/** What is not named here cannot be read, nothing can be written, and no process started. */
const COMMAND: readonly string[] = [
  'node',
  '--permission',
  '--allow-net',
  `--allow-fs-read=${PROGRAM_FOLDER}/`, // the folder, because a ConfigMap's files are links through ..data
  `--allow-fs-read=${API_ACCESS_FOLDER}/`,
  '--disable-warning=ExperimentalWarning',
  // A hundred TLS connections a second leave much behind: with these bounds the heap stays small; what remains are handshakes under way.
  '--max-semi-space-size=1',
  '--max-old-space-size=40',
  '--no-turbofan',
  `${PROGRAM_FOLDER}/${SERVER_HEALTH.file}`,
];

/** Where in a pod's fields the settings come from that differ from pod to pod. */
const POD_FIELDS: Readonly<Record<keyof typeof FROM_POD, string>> = {
  podName: 'metadata.name',
  podIP: 'status.podIP',
  namespace: 'metadata.namespace',
};

/** Selects its pods. */
export function serverHealthSelector(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'server-health' };
}

/** The program in two pods on the pod network, so that its probes go the way of the pods that call the servers. */
export class ServerHealthDeployment extends Construct {
  constructor(scope: Construct, id: string, props: ServerHealthDeploymentProps) {
    super(scope, id);
    const { settings } = props;
    const { name, labels, annotations } = settings;
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name, annotations: mergeAnnotations(annotations) },
      spec: {
        replicas: REPLICAS,
        selector: { matchLabels: serverHealthSelector(name) },
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: k8s.IntOrString.fromNumber(1), maxSurge: k8s.IntOrString.fromNumber(1) },
        },
        template: {
          metadata: { labels: commonLabels(name, 'server-health', labels) },
          spec: podSpec(props),
        },
      },
    });
    new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata: { name, annotations: mergeAnnotations(annotations) },
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        selector: { matchLabels: serverHealthSelector(name) },
      },
    });
  }
}

function podSpec(props: ServerHealthDeploymentProps): k8s.PodSpec {
  const { name, nodeSelector, tolerations, priorityClassName, imagePullSecrets, openShift } = props.settings;
  return {
    enableServiceLinks: false,
    serviceAccountName: name,
    automountServiceAccountToken: false,
    ...(priorityClassName !== undefined && { priorityClassName }),
    nodeSelector: { 'kubernetes.io/os': 'linux', ...nodeSelector },
    ...(tolerations.length > 0 && { tolerations: [...tolerations] }),
    affinity: {
      podAntiAffinity: {
        // Not required: a cluster of one node runs both there.
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              labelSelector: { matchLabels: serverHealthSelector(name) },
              topologyKey: 'kubernetes.io/hostname',
            },
          },
        ],
      },
    },
    terminationGracePeriodSeconds: 15,
    securityContext: {
      runAsNonRoot: true,
      ...(!openShift && { runAsUser: USER, runAsGroup: USER }),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })) }),
    containers: [container(props)],
    volumes: [
      { name: 'program', configMap: { name: props.programConfigMapName, defaultMode: 0o444 } },
      { name: 'api-access', projected: apiAccess() },
    ],
  };
}

function container({ settings, lease, standbyLease, imageRegistry }: ServerHealthDeploymentProps): k8s.Container {
  const { name, port, imagePullPolicy, resources, logLevel } = settings;
  return {
    name: 'server-health',
    image: imageReference(settings, imageRegistry),
    imagePullPolicy,
    command: [...COMMAND],
    env: [
      { name: 'MALLOC_ARENA_MAX', value: '1' }, // glibc gives each thread a heap of its own
      ...Object.entries(FROM_POD).map(([key, { name: variable }]) =>
        fromPod(variable, POD_FIELDS[key as keyof typeof FROM_POD]),
      ),
      ...environmentOf(FROM_SYNTH, { configMap: name, lease, standbyLease, httpPort: port, logLevel }),
    ],
    ports: [{ name: PORT_NAME, containerPort: port, protocol: 'TCP' }],
    // The program takes a moment to listen; a probe before that would leave a Warning event at each start.
    startupProbe: { ...probe('/livez'), initialDelaySeconds: 2, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, failureThreshold: 2 },
    ...resourcesOf(resources),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: 'program', mountPath: PROGRAM_FOLDER, readOnly: true },
      { name: 'api-access', mountPath: API_ACCESS_FOLDER, readOnly: true },
    ],
  };
}

function probe(path: string): k8s.Probe {
  return { httpGet: { path, port: k8s.IntOrString.fromString(PORT_NAME), scheme: 'HTTP' }, timeoutSeconds: 3 };
}
