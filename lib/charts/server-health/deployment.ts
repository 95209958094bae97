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

/** Two replicas: one leads, and the other gives a second opinion. */
const REPLICAS = 2;
const PORT_NAME = 'http';
/** A user ID that is not assigned to anyone. */
const USER = 65532;

/** The program can read only what is listed here, cannot write anything and cannot start a process. */
const COMMAND: readonly string[] = [
  'node',
  '--permission',
  '--allow-net',
  `--allow-fs-read=${PROGRAM_FOLDER}/`, // the folder: a ConfigMap's files are links through ..data
  `--allow-fs-read=${API_ACCESS_FOLDER}/`,
  '--disable-warning=ExperimentalWarning',
  // A hundred TLS connections per second create much garbage. With these bounds the heap stays small, and what remains
  // are handshakes in progress.
  '--max-semi-space-size=1',
  '--max-old-space-size=40',
  '--no-turbofan',
  `${PROGRAM_FOLDER}/${SERVER_HEALTH.files[0]}`,
];

/** The pod fields that provide per-pod settings. */
const POD_FIELDS: Readonly<Record<keyof typeof FROM_POD, string>> = {
  podName: 'metadata.name',
  podIP: 'status.podIP',
  namespace: 'metadata.namespace',
};

/** Selects its pods. */
export function serverHealthSelector(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'server-health' };
}

/**
 * Runs the program in two pods on the pod network, so that its probes take the same path as the pods that call the
 * servers.
 */
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
        // Preferred, not required: a single-node cluster runs both pods on its node.
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
      { name: 'MALLOC_ARENA_MAX', value: '1' }, // glibc gives each thread its own heap
      ...Object.entries(FROM_POD).map(([key, { name: variable }]) =>
        fromPod(variable, POD_FIELDS[key as keyof typeof FROM_POD]),
      ),
      ...environmentOf(FROM_SYNTH, { configMap: name, lease, standbyLease, httpPort: port, logLevel }),
    ],
    ports: [{ name: PORT_NAME, containerPort: port, protocol: 'TCP' }],
    // The program takes a moment to start listening; an earlier probe would cause a Warning event at each start.
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
