import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { AGENT } from '../program/bundle';
import { imageReference } from '../program/image';
import { API_ACCESS_FOLDER, apiAccess, PROGRAM_FOLDER } from '../program/pod';
import { resourcesOf } from '../program/resources';
import type { Cluster } from '../site/cluster';
import { environment, type SiteFacts } from './environment';
import type { NodeRoutesSettings } from './options';

/** The only folder that the agent may write to. Its journal survives a restart of the container, but not of the pod. */
const JOURNAL_FOLDER = '/run/onprem-link';
/** Folder with the list of the pod's own revision, if lists are rolled out with the pods. */
const LIST_FOLDER = '/etc/onprem-link';
const LIST_FILE = 'routes';
/** Annotation of the pod template that holds the list; the kubelet writes it to that file. */
export const LIST_ANNOTATION = 'onprem-link/routes';

const AGENT_VOLUME = 'agent';
const API_ACCESS_VOLUME = 'api-access';
const JOURNAL_VOLUME = 'journal';
const LIST_VOLUME = 'routes';
/**
 * Room for a confirmed list of the size of a ConfigMap and for as many routes as were found, twice while one is
 * replaced.
 */
const JOURNAL_SIZE = '4Mi';
const PORT_NAME = 'http';

/**
 * Node's permission model guards against our own mistakes: the agent cannot read or write anything that is not listed
 * here, and cannot start a process. It is not a sandbox, because FFI can call anything; the limit is what the container
 * may do.
 */
const COMMAND: readonly string[] = [
  'node',
  '--permission',
  '--allow-ffi',
  '--allow-net',
  `--allow-fs-read=${PROGRAM_FOLDER}/`, // the folder: a ConfigMap's files are links through ..data
  `--allow-fs-read=${API_ACCESS_FOLDER}/`,
  `--allow-fs-read=${JOURNAL_FOLDER}/`,
  `--allow-fs-write=${JOURNAL_FOLDER}/`,
  `--allow-fs-read=${LIST_FOLDER}/`,
  '--allow-fs-read=/etc/resolv.conf',
  '--allow-fs-read=/proc/net/netstat',
  '--allow-fs-read=/proc/sys/net/',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=PERM0003',
  // A change of 10,000 routes creates much garbage: without these bounds, the heap exceeds the memory limit.
  '--max-semi-space-size=2',
  '--max-old-space-size=128',
  // Passes are short and rare: Maglev's code is fast enough, and TurboFan would cost 10 MiB and slow down the first
  // passes.
  '--no-turbofan',
  // The program itself returns memory once no change is in progress, so V8 need not collect every minute or so.
  '--expose-gc',
  '--no-memory-reducer',
  `${PROGRAM_FOLDER}/${AGENT.files[0]}`,
];

/** The pod's only container. */
export function agentContainer(
  settings: NodeRoutesSettings,
  cluster: Cluster,
  siteFacts: () => SiteFacts,
): k8s.Container {
  const { name, port, privileged, resources } = settings;
  return {
    name: 'route-agent',
    image: imageReference(settings, cluster.imageRegistry),
    imagePullPolicy: settings.imagePullPolicy,
    command: [...COMMAND],
    env: Lazy.any({ produce: () => environment(settings, cluster, siteFacts()) }),
    ports: [{ name: PORT_NAME, containerPort: port, protocol: 'TCP' }],
    // The program takes a moment to start listening; an earlier probe would cause a Warning event at each start.
    startupProbe: { ...probe(`/livez/${name}`), initialDelaySeconds: 2, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe(`/livez/${name}`), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...probe(`/readyz/${name}`), periodSeconds: 5, failureThreshold: 2 },
    ...resourcesOf(resources),
    securityContext: securityContext(privileged),
    volumeMounts: [
      ...(settings.agent === 'image' ? [] : [{ name: AGENT_VOLUME, mountPath: PROGRAM_FOLDER, readOnly: true }]),
      { name: API_ACCESS_VOLUME, mountPath: API_ACCESS_FOLDER, readOnly: true },
      { name: JOURNAL_VOLUME, mountPath: JOURNAL_FOLDER },
      ...(settings.changes === 'rolling' ? [{ name: LIST_VOLUME, mountPath: LIST_FOLDER, readOnly: true }] : []),
    ],
  };
}

/** The volumes for the container's mounts. */
export function agentVolumes({ changes }: NodeRoutesSettings, agentConfigMapNames: readonly string[]): k8s.Volume[] {
  return [
    ...(agentConfigMapNames.length === 0 ? [] : [{ name: AGENT_VOLUME, projected: programFiles(agentConfigMapNames) }]),
    { name: API_ACCESS_VOLUME, projected: apiAccess() },
    {
      name: JOURNAL_VOLUME,
      emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString(JOURNAL_SIZE) },
    },
    ...(changes === 'rolling' ? [{ name: LIST_VOLUME, projected: ownList() }] : []),
  ];
}

/** One folder with the files of all these ConfigMaps, so that one file can require another beside it. */
function programFiles(names: readonly string[]): k8s.ProjectedVolumeSource {
  return { defaultMode: 0o444, sources: names.map((name) => ({ configMap: { name } })) };
}

function ownList(): k8s.ProjectedVolumeSource {
  const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.annotations['${LIST_ANNOTATION}']` };
  return { defaultMode: 0o444, sources: [{ downwardApi: { items: [{ path: LIST_FILE, fieldRef }] } }] };
}

/**
 * On the host network, the kubelet and the agent share the loopback interface, and nobody outside the node can exhaust
 * it.
 */
function probe(path: string): k8s.Probe {
  const port = k8s.IntOrString.fromString(PORT_NAME);
  return { httpGet: { host: '127.0.0.1', path, port, scheme: 'HTTP' }, timeoutSeconds: 3 };
}

/** Root, because a non-root user loses added capabilities when the container starts (containerd#5644). */
function securityContext(privileged: boolean): k8s.SecurityContext {
  const always: k8s.SecurityContext = {
    runAsUser: 0,
    runAsGroup: 0,
    runAsNonRoot: false,
    readOnlyRootFilesystem: true,
  };
  if (privileged) return { ...always, privileged };
  return {
    ...always,
    privileged,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
  };
}
