import type { V1Container, V1PodSpec, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Manifest } from '../dist';
import { node26Version } from '../requirements';

/** How the lab treats a field of a pod. undefined: it applies the field; otherwise a note or a problem. */
type Rule = (value: unknown) => { note: string } | { problem: string } | undefined;

const honoured: Rule = () => undefined;
/** Fields for the scheduler, the registry or the API server, whose work is done before a kubelet starts a pod. */
const elsewhere: Rule = () => undefined;
const noted =
  (why: string): Rule =>
  () => ({ note: `is not applied: ${why}` });
const only =
  (...values: unknown[]): Rule =>
  (value) => {
    const known = values.some((allowed) => JSON.stringify(allowed) === JSON.stringify(value));
    return known
      ? undefined
      : { problem: `the lab supports only ${values.map((v) => JSON.stringify(v)).join(' or ')}` };
  };

const confinement = {
  runAsUser: honoured,
  runAsGroup: honoured,
  runAsNonRoot: honoured,
  seccompProfile: noted('the lab has no seccomp filter'),
  appArmorProfile: noted('the lab has no AppArmor'),
  seLinuxOptions: noted('the lab has no SELinux'),
};

const rules: Record<string, Record<string, Rule>> = {
  spec: {
    containers: honoured,
    volumes: honoured,
    securityContext: honoured,
    terminationGracePeriodSeconds: honoured,
    serviceAccountName: honoured,
    serviceAccount: honoured,
    automountServiceAccountToken: honoured,
    hostAliases: honoured,
    hostNetwork: honoured,
    hostPID: only(false),
    hostIPC: only(false),
    hostUsers: only(true),
    shareProcessNamespace: only(false),
    initContainers: only([]),
    restartPolicy: noted('the lab starts a container once, so that tests can check how it ended'),
    dnsPolicy: noted('the lab has no DNS'),
    enableServiceLinks: noted('the lab has only the Service kubernetes'),
    affinity: elsewhere,
    imagePullSecrets: elsewhere,
    nodeName: elsewhere,
    nodeSelector: elsewhere,
    preemptionPolicy: elsewhere,
    priority: elsewhere,
    priorityClassName: elsewhere,
    schedulerName: elsewhere,
    tolerations: elsewhere,
    topologySpreadConstraints: elsewhere,
  },
  'spec.securityContext': { ...confinement, supplementalGroups: only([]) },
  container: {
    name: honoured,
    image: honoured,
    imagePullPolicy: elsewhere,
    command: honoured,
    args: honoured,
    workingDir: honoured,
    env: honoured,
    ports: honoured,
    volumeMounts: honoured,
    resources: honoured,
    securityContext: honoured,
    livenessProbe: honoured,
    readinessProbe: honoured,
    startupProbe: honoured,
    terminationMessagePath: elsewhere,
    terminationMessagePolicy: elsewhere,
    stdin: only(false),
    tty: only(false),
  },
  'container.securityContext': {
    ...confinement,
    allowPrivilegeEscalation: honoured,
    capabilities: honoured,
    privileged: honoured,
    procMount: only('Default'),
    readOnlyRootFilesystem: honoured,
  },
  'container.resources': { requests: elsewhere, limits: honoured },
  'container.resources.limits': {
    memory: honoured,
    cpu: noted('the lab does not throttle'),
    'ephemeral-storage': noted('the lab does not limit it'),
  },
  volume: { name: honoured, configMap: honoured, projected: honoured, emptyDir: honoured },
  mount: { name: honoured, mountPath: honoured, readOnly: honoured, mountPropagation: only('None') },
};

/** A pod to start: its one container, and what a kubelet needs to know about it. */
export interface PodToStart {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: V1PodSpec;
  readonly container: V1Container;
  /** Fields that the lab ignores because they have no effect here, one sentence each. */
  readonly notes: readonly string[];
}

function imageProblem(image = ''): string | undefined {
  const version = node26Version();
  if (new RegExp(`(^|/)node:${version.replaceAll('.', '\\.')}(-|@|$)`).test(image)) return undefined;
  return `image ${image}: the lab has Node ${version} (set anyImage: true to start it anyway)`;
}

interface Verdict {
  readonly notes: string[];
  readonly problems: string[];
}

/** Adds the lab's treatment of each field to `verdict`. */
function check(verdict: Verdict, kind: string, path: string, fields: object | undefined): void {
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value === undefined || value === null) continue;
    const rule = rules[kind]?.[key] ?? (() => ({ problem: 'not supported by the lab' }));
    const treatment = rule(value);
    if (treatment && 'note' in treatment) verdict.notes.push(`${path}.${key} ${treatment.note}`);
    if (treatment && 'problem' in treatment) verdict.problems.push(`${path}.${key}: ${treatment.problem}`);
  }
}

/** The lab's treatment of all fields of a pod. */
function verdictOn(spec: V1PodSpec, container: V1Container): Verdict {
  const verdict: Verdict = { notes: [], problems: [] };
  const { name, securityContext, resources, volumeMounts = [] } = container;
  check(verdict, 'spec', 'spec', spec);
  check(verdict, 'spec.securityContext', 'spec.securityContext', spec.securityContext);
  for (const volume of spec.volumes ?? []) check(verdict, 'volume', `volume ${volume.name}`, volume);
  check(verdict, 'container', name, container);
  check(verdict, 'container.securityContext', `${name}.securityContext`, securityContext);
  check(verdict, 'container.resources', `${name}.resources`, resources);
  check(verdict, 'container.resources.limits', `${name}.resources.limits`, resources?.limits);
  for (const mount of volumeMounts) check(verdict, 'mount', `mount ${mount.mountPath}`, mount);
  return verdict;
}

/**
 * Returns the pod of a Pod or of a workload with a pod template.
 *
 * @param anyImage accepts images other than that of the lab's Node, assuming that they behave the same
 * @throws with all fields that the lab does not support; none is ignored silently
 */
export function podOf(workload: Manifest, anyImage = false): PodToStart {
  const inside = workload.spec as V1PodSpec & { template?: V1PodTemplateSpec };
  const spec = inside.template?.spec ?? inside;
  const { labels = {}, annotations = {} } = (inside.template ? inside.template.metadata : workload.metadata) ?? {};
  const { name, namespace = 'default' } = workload.metadata;
  const [container, ...others] = spec.containers ?? [];
  if (!container || others.length > 0) throw new Error(`${name}: the lab supports pods with exactly one container`);
  const { notes, problems } = verdictOn(spec, container);
  const wrongImage = anyImage ? undefined : imageProblem(container.image);
  if (wrongImage !== undefined) problems.push(wrongImage);
  if (problems.length > 0) throw new Error(`the lab cannot start this pod:\n  ${problems.join('\n  ')}`);
  return { namespace, name: inside.template ? `${name}-lab01` : name, labels, annotations, spec, container, notes };
}
