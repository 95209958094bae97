/** What linters look at and our manifests can satisfy, as data: the rules' names, what they mean, and a test of it. */
import type { k8s } from 'cdk8s-plus-28';
import type { Manifest } from '../fixtures/charts';

/** Manifests, and the parts of the one DaemonSet among them, by the names they have in YAML. */
export interface Linted {
  readonly objects: readonly Manifest[];
  readonly daemonSet: { readonly metadata: k8s.ObjectMeta; readonly spec: k8s.DaemonSetSpec };
  readonly pod: k8s.PodSpec & Readonly<Record<string, unknown>>;
  readonly container: k8s.Container;
}

export interface LinterRule {
  /** Names without a prefix are those of kube-linter; `score:` those of kube-score. */
  readonly names: string;
  readonly says: string;
  readonly passes: (linted: Linted) => boolean;
}

interface Role {
  readonly rules: readonly Required<k8s.PolicyRule>[];
}

const SECRET_NAME = /key|pass|token|secret/i;
const READABLE = ['configmaps', 'namespaces', 'daemonsets'];
const READ_ONLY = ['get', 'list', 'watch'];

const kindOf = ({ objects }: Linted, kind: string) => objects.filter((object) => object.kind === kind);
const rolesOf = (linted: Linted) => kindOf(linted, 'Role').flatMap((role) => (role as unknown as Role).rules);
const servicesOf = (linted: Linted) => kindOf(linted, 'Service').map(({ spec }) => spec as k8s.ServiceSpec);
const resourcesOf = ({ container }: Linted, name: string) =>
  [container.resources?.requests, container.resources?.limits].every((one) => one?.[name] !== undefined);

export const LINTER_RULES: readonly LinterRule[] = [
  {
    names: 'host-ipc CKV_K8S_18 KSV-0008 C-0038',
    says: 'no IPC of the node',
    passes: ({ pod }) => !pod.hostIPC,
  },
  {
    names: 'host-pid CKV_K8S_17 KSV-0010 C-0038',
    says: 'no processes of the node',
    passes: ({ pod }) => !pod.hostPID,
  },
  {
    names: 'privileged-container CKV_K8S_16 KSV-0017 C-0057 score:container-security-context-privileged',
    says: 'not privileged',
    passes: ({ container }) => container.securityContext?.privileged === false,
  },
  {
    names: 'privilege-escalation-container CKV_K8S_20 KSV-0001 C-0016',
    says: 'no escalation',
    passes: ({ container }) => container.securityContext?.allowPrivilegeEscalation === false,
  },
  {
    names: 'drop-net-raw-capability CKV_K8S_28 CKV_K8S_37 KSV-0003 KSV-0004',
    says: 'all capabilities are dropped',
    passes: ({ container }) => container.securityContext?.capabilities?.drop?.includes('ALL') === true,
  },
  {
    names: 'CKV_K8S_39 KSV-0005 KSV-0119 KSV-0120',
    says: 'none is added but NET_ADMIN',
    passes: ({ container }) => `${container.securityContext?.capabilities?.add}` === 'NET_ADMIN',
  },
  {
    names: 'no-read-only-root-fs CKV_K8S_22 KSV-0014 C-0017 score:container-security-context-readonlyrootfilesystem',
    says: 'a file system that cannot be written',
    passes: ({ container }) => container.securityContext?.readOnlyRootFilesystem === true,
  },
  {
    names: 'CKV_K8S_31 KSV-0030 KSV-0104 C-0055 score:container-seccomp-profile',
    says: 'system calls are filtered',
    passes: ({ pod }) => pod.securityContext?.seccompProfile?.type === 'RuntimeDefault',
  },
  {
    names: 'CKV_K8S_29 CKV_K8S_30 KSV-0118',
    says: 'pod and container say what they may',
    passes: ({ pod, container }) => pod.securityContext !== undefined && container.securityContext !== undefined,
  },
  {
    names: 'KSV-0002 KSV-0025',
    says: 'AppArmor and SELinux are left as the node has them',
    passes: ({ pod, container }) =>
      [pod.securityContext, container.securityContext].every(
        (one) => !one?.seLinuxOptions && !('appArmorProfile' in (one ?? {})),
      ),
  },
  {
    names: 'unsafe-sysctls KSV-0026',
    says: 'no kernel parameters are set by Kubernetes',
    passes: ({ pod }) => pod.securityContext?.sysctls === undefined,
  },
  {
    names: 'unsafe-proc-mount KSV-0027',
    says: '/proc is masked as usual',
    passes: ({ container }) => container.securityContext?.procMount === undefined,
  },
  {
    names: 'unset-cpu-requirements CKV_K8S_10 CKV_K8S_11 KSV-0011 KSV-0015 C-0050 score:container-resources',
    says: 'CPU is requested and limited',
    passes: (linted) => resourcesOf(linted, 'cpu'),
  },
  {
    names: 'unset-memory-requirements CKV_K8S_12 CKV_K8S_13 KSV-0016 KSV-0018 C-0004 score:container-resources',
    says: 'memory is requested and limited',
    passes: (linted) => resourcesOf(linted, 'memory'),
  },
  {
    names: 'unset-ephemeral-storage-requirements score:container-ephemeral-storage-request-and-limit',
    says: 'storage is requested and limited',
    passes: (linted) => resourcesOf(linted, 'ephemeral-storage'),
  },
  {
    names: 'latest-tag CKV_K8S_14 KSV-0013 C-0075 score:container-image-tag',
    says: 'the image has a version',
    passes: ({ container }) => /:\d[\w.-]*(?:@|$)/.test(container.image ?? ''),
  },
  {
    names: 'KSV-0033 KSV-0034',
    says: 'the image has a registry, so that no search list decides',
    passes: ({ container }) => /^[\w-]+(?:\.[\w-]+)+\//.test(container.image ?? ''),
  },
  {
    names: 'no-liveness-probe CKV_K8S_8 C-0056',
    says: 'a pod that hangs is noticed',
    passes: ({ container }) => container.livenessProbe !== undefined,
  },
  {
    names: 'no-readiness-probe CKV_K8S_9 C-0018 score:pod-probes',
    says: 'a pod says whether it is ready',
    passes: ({ container }) => container.readinessProbe !== undefined,
  },
  {
    names: 'score:pod-probes-identical',
    says: 'the two probes ask different things',
    passes: ({ container }) => container.livenessProbe?.httpGet?.path !== container.readinessProbe?.httpGet?.path,
  },
  {
    names: 'liveness-port readiness-port',
    says: 'the probes ask a port that the container names',
    passes: ({ container }) =>
      [container.livenessProbe, container.readinessProbe].every((probe) =>
        container.ports?.some(({ name }) => name !== undefined && name === `${probe?.httpGet?.port}`),
      ),
  },
  {
    names: 'CKV_K8S_26 KSV-0024 C-0044',
    says: 'no port of the node is claimed',
    passes: ({ container }) => container.ports?.every((port) => port.hostPort === undefined) === true,
  },
  {
    names: 'privileged-ports ssh-port KSV-0117',
    says: 'the port needs no rights',
    passes: ({ container }) => container.ports?.every(({ containerPort }) => containerPort >= 1024) === true,
  },
  {
    names: 'docker-sock sensitive-host-mounts writable-host-mount CKV_K8S_27 KSV-0006 KSV-0023 C-0045 C-0048 C-0074',
    says: 'no file of the node is mounted',
    passes: ({ pod }) => pod.volumes?.every((volume) => volume.hostPath === undefined) === true,
  },
  {
    names: 'KSV-0028',
    says: 'volumes are ConfigMaps, projections and memory of a limited size, nothing of the node',
    passes: ({ pod }) =>
      pod.volumes?.every(
        ({ configMap, projected, emptyDir }) =>
          configMap ?? projected ?? (emptyDir?.medium === 'Memory' && emptyDir.sizeLimit !== undefined),
      ) === true,
  },
  {
    names: 'projected-token-long-expiration',
    says: 'the token lasts an hour',
    passes: ({ pod }) =>
      (pod.volumes ?? [])
        .flatMap(({ projected }) => projected?.sources ?? [])
        .every(({ serviceAccountToken }) => (serviceAccountToken?.expirationSeconds ?? 0) <= 3600),
  },
  {
    names: 'env-var-secret read-secret-from-env-var CKV_K8S_35 C-0012',
    says: 'no secret is in the environment',
    passes: ({ container }) =>
      container.env?.every(({ name, valueFrom }) => !SECRET_NAME.test(name) && !valueFrom?.secretKeyRef) === true,
  },
  {
    names: 'duplicate-env-var score:environment-variable-key-duplication',
    says: 'no variable is set twice',
    passes: ({ container }) => new Set(container.env?.map(({ name }) => name)).size === container.env?.length,
  },
  {
    names: 'configmap-with-credentials KSV-0109 KSV-01010 C-0012',
    says: 'no ConfigMap has a key that looks like a secret',
    passes: (linted) =>
      kindOf(linted, 'ConfigMap').every((one) =>
        Object.keys(one.data as object).every((key) => !SECRET_NAME.test(key)),
      ),
  },
  {
    names: 'default-service-account non-existent-service-account CKV_K8S_41 CKV_K8S_42',
    says: 'an account of its own, which is there',
    passes: (linted) =>
      kindOf(linted, 'ServiceAccount').some(({ metadata }) => metadata.name === linted.pod.serviceAccountName) &&
      linted.pod.serviceAccountName !== 'default',
  },
  {
    names: 'deprecated-service-account-field',
    says: 'it is not named by the deprecated field',
    passes: ({ pod }) => pod.serviceAccount === undefined,
  },
  {
    names: 'CKV_K8S_38 KSV-0036 C-0034',
    says: 'no token is mounted by itself',
    passes: (linted) =>
      [linted.pod, ...kindOf(linted, 'ServiceAccount')].every(
        ({ automountServiceAccountToken }) => automountServiceAccountToken === false,
      ),
  },
  {
    names: 'wildcard-in-rules CKV_K8S_49 KSV-0044 KSV-0045 KSV-0046 C-0187',
    says: 'no rule is for everything',
    passes: (linted) =>
      rolesOf(linted).every((rule) => ![...rule.apiGroups, ...rule.resources, ...rule.verbs].includes('*')),
  },
  {
    names: 'access-to-secrets access-to-create-pods CKV2_K8S_2 CKV2_K8S_5 KSV-0041 KSV-0048 KSV-0113 C-0015 C-0188',
    says: 'the rights are to read ConfigMaps, the own namespace and the own DaemonSet, each by its name',
    passes: (linted) =>
      rolesOf(linted).every(
        ({ resources, resourceNames, verbs }) =>
          resources.every((resource) => READABLE.includes(resource)) &&
          (resourceNames?.length ?? 0) > 0 &&
          verbs.every((verb) => READ_ONLY.includes(verb)),
      ),
  },
  {
    names: 'cluster-admin-role-binding CKV_K8S_157 CKV_K8S_158 CKV2_K8S_1 CKV2_K8S_3 KSV-0050 KSV-0111 C-0035 C-0185',
    says: 'no rights beyond the namespace',
    passes: ({ objects }) => objects.every(({ kind }) => !kind.startsWith('Cluster')),
  },
  {
    names: 'use-namespace CKV_K8S_21 KSV-0037 KSV-0110 C-0061',
    says: 'the agent has a namespace of its own',
    passes: ({ daemonSet }) => !['', 'default', 'kube-system'].includes(daemonSet.metadata.namespace ?? ''),
  },
  {
    names: 'priority-class-name',
    says: 'the agent is among the last that a full node loses',
    passes: ({ pod }) => pod.priorityClassName !== undefined,
  },
  {
    names: 'mismatching-selector',
    says: 'the selector is of labels that the pods have',
    passes: ({ daemonSet: { spec } }) =>
      Object.entries(spec.selector.matchLabels ?? {}).every(
        ([key, value]) => spec.template.metadata?.labels?.[key] === value,
      ),
  },
  {
    names: 'no-rolling-update-strategy',
    says: 'updates go node by node',
    passes: ({ daemonSet }) => daemonSet.spec.updateStrategy?.type === 'RollingUpdate',
  },
  {
    names: 'required-label-owner C-0076 C-0077',
    says: 'every object has the common labels',
    passes: ({ objects }) => objects.every(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] !== undefined),
  },
  {
    names: 'restart-policy',
    says: 'a pod that ends starts again',
    passes: ({ pod }) => [undefined, 'Always'].includes(pod.restartPolicy),
  },
  {
    names: 'KSV-0007',
    says: '/etc/hosts is left alone',
    passes: ({ pod }) => pod.hostAliases === undefined,
  },
  {
    names: 'exposed-services KSV-0108 CKV2_K8S_4 C-0256 score:service-type',
    says: 'no Service leads into the cluster from outside',
    passes: (linted) =>
      servicesOf(linted).every(({ type, ...spec }) => type === 'ClusterIP' && !('externalIPs' in spec)),
  },
  {
    names: 'invalid-target-ports',
    says: 'ports of Services can be names and numbers of ports',
    passes: (linted) =>
      servicesOf(linted).every(({ ports }) =>
        ports?.every(({ name, port }) => /^[a-z0-9-]{1,63}$/.test(name ?? '') && port > 0 && port < 65536),
      ),
  },
  {
    names: 'no-extensions-v1beta KSV-0107',
    says: 'no API that Kubernetes is about to drop',
    passes: ({ objects }) =>
      objects.every((one) => !/beta|^extensions/.test(`${one.apiVersion}`) && one.kind !== 'Endpoints'),
  },
];
