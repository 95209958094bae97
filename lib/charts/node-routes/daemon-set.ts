import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { SILENCED_ON_AGENT } from '../linters';
import { commonLabels, mergeAnnotations, NO_SUBSTITUTION } from '../metadata';
import type { Cluster } from '../site/cluster';
import { agentContainer, agentVolumes, LIST_ANNOTATION } from './container';
import { nodeSelectorOf } from './disjoint-pools';
import type { SiteFacts } from './environment';
import { maxUnavailableOf, type NodeRoutesSettings } from './options';

interface AgentDaemonSetProps {
  readonly settings: NodeRoutesSettings;
  readonly serviceAccountName: string;
  /** The ConfigMaps with the files of the program; none if the image contains the program. */
  readonly agentConfigMapNames: readonly string[];
  readonly cluster: Cluster;
  /** The route list; known once the site is complete. */
  readonly list: () => string;
  readonly siteFacts: () => SiteFacts;
}

/**
 * How long a pod must be Ready to count as available: a list that fails right after its confirmation still halts the
 * update.
 */
const MIN_READY_SECONDS = 5;

/** The architectures on which Node supports FFI. Of the image's other architectures, s390x lacks it. */
const ARCHITECTURES: k8s.Affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] }] },
      ],
    },
  },
};

/** For the plan. It is not in the pod template, so that changing it restarts nothing. */
const NODE_COUNT_ANNOTATION = 'onprem-link/node-count';

/** Runs the agent on every node, on the host network. */
export class AgentDaemonSet extends Construct {
  constructor(scope: Construct, id: string, props: AgentDaemonSetProps) {
    super(scope, id);
    const { settings, list } = props;
    const isRolling = settings.changes === 'rolling';
    const annotations = mergeAnnotations(
      SILENCED_ON_AGENT,
      settings.nodeCount === undefined ? {} : { [NODE_COUNT_ANNOTATION]: `${settings.nodeCount}` },
      isRolling ? NO_SUBSTITUTION : {}, // comments in the list are free text
      settings.annotations,
    );
    const labels = commonLabels(settings.name, 'route-agent', settings.labels);
    new k8s.KubeDaemonSet(this, 'daemon-set', {
      metadata: { name: settings.name, annotations },
      spec: {
        // The selector of a DaemonSet is immutable, so it holds no more than it must.
        selector: {
          matchLabels: {
            'app.kubernetes.io/name': settings.name,
            'app.kubernetes.io/component': 'route-agent',
          },
        },
        minReadySeconds: MIN_READY_SECONDS,
        // No surge: on the host network, two pods cannot listen on the same port of a node.
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: maxUnavailable(settings) } },
        template: {
          metadata: {
            labels,
            ...(isRolling && { annotations: { [LIST_ANNOTATION]: Lazy.any({ produce: list }) } }),
          },
          spec: podSpec(props),
        },
      },
    });
  }
}

function podSpec({
  settings,
  serviceAccountName,
  agentConfigMapNames,
  cluster,
  siteFacts,
}: AgentDaemonSetProps): k8s.PodSpec {
  const { imagePullSecrets, tolerations } = settings;
  return {
    hostNetwork: true,
    dnsPolicy: 'Default',
    enableServiceLinks: false,
    serviceAccountName,
    automountServiceAccountToken: false,
    priorityClassName: settings.priorityClassName,
    nodeSelector: { ...nodeSelectorOf(settings) },
    affinity: ARCHITECTURES,
    ...(tolerations.length > 0 && { tolerations: [...tolerations] }),
    terminationGracePeriodSeconds: 15,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    containers: [agentContainer(settings, cluster, siteFacts)],
    volumes: agentVolumes(settings, agentConfigMapNames),
  };
}

function maxUnavailable(settings: NodeRoutesSettings): k8s.IntOrString {
  const most = maxUnavailableOf(settings);
  return typeof most === 'number' ? k8s.IntOrString.fromNumber(most) : k8s.IntOrString.fromString(most);
}
