/**
 * Linter findings that are inherent to a route agent and to a Service without pods. Each reason is where the tool reads
 * it: on the object, never on the pods, because a changed reason would restart them. Trivy and kubescape read files:
 * .trivyignore.yaml, kubescape-exceptions.json.
 */
const HOST_NETWORK = 'the routes it keeps are those of the node';
const ROOT = 'capabilities of other users do not survive the start of a container (containerd issue 5644)';
const NET_ADMIN = 'needed to change routes; all other capabilities are dropped';
const PULL_POLICY = 'the registry may be behind the very routes that are missing, and the tag names one version';
const NO_PODS = 'its endpoints are on-premise servers';

/** On the DaemonSet. kube-score takes no reasons; network policies do not apply to pods on the host network. */
export const SILENCED_ON_AGENT: Readonly<Record<string, string>> = {
  'ignore-check.kube-linter.io/host-network': HOST_NETWORK,
  'ignore-check.kube-linter.io/run-as-non-root': ROOT,
  'checkov.io/skip1': `CKV_K8S_19=${HOST_NETWORK}`,
  'checkov.io/skip2': `CKV_K8S_25=${NET_ADMIN}`,
  'checkov.io/skip3': `CKV_K8S_23=${ROOT}`,
  'checkov.io/skip4': `CKV_K8S_40=${ROOT}`,
  'checkov.io/skip5': `CKV_K8S_15=${PULL_POLICY}`,
  'kube-score/ignore': 'container-security-context-user-group-id,container-image-pull-policy,pod-networkpolicy',
};

/** On the Service. */
export const SILENCED_ON_SERVICE: Readonly<Record<string, string>> = {
  'ignore-check.kube-linter.io/dangling-service': NO_PODS,
  'kube-score/ignore': 'service-targets-pod',
};
