import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { agentContainer, agentVolumes } from './agent-container';
import type { ProtectedSubnet } from './cluster';
import { nodeSelectorOf } from './disjoint-pools';
import { SILENCED_ON_AGENT } from './linters';
import { commonLabels, mergeAnnotations } from './metadata';
import type { NodeRoutesSettings } from './node-routes-options';

export interface AgentDaemonSetProps {
  readonly settings: NodeRoutesSettings;
  readonly serviceAccountName: string;
  /** The ConfigMap with the program; undefined when the image carries it. */
  readonly agentConfigMapName: string | undefined;
  readonly protectedSubnets: readonly ProtectedSubnet[];
  /** See disjointProtocols(); known when the site is complete. */
  readonly disjointProtocols: () => readonly number[];
}

/** The agent on every node, on the node's own network. */
export class AgentDaemonSet extends Construct {
  constructor(scope: Construct, id: string, props: AgentDaemonSetProps) {
    super(scope, id);
    const { settings } = props;
    const labels = commonLabels(settings.name, 'route-agent', settings.labels);
    new k8s.KubeDaemonSet(this, 'daemon-set', {
      metadata: { name: settings.name, annotations: mergeAnnotations(SILENCED_ON_AGENT, settings.annotations) },
      spec: {
        // The selector of a DaemonSet can never be changed, so it holds no more than it must.
        selector: {
          matchLabels: {
            'app.kubernetes.io/name': settings.name,
            'app.kubernetes.io/component': 'route-agent',
          },
        },
        // No surge: on the host network two pods cannot listen on one port of a node.
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: maxUnavailable(settings) } },
        template: { metadata: { labels }, spec: podSpec(props) },
      },
    });
  }
}

function podSpec({
  settings,
  serviceAccountName,
  agentConfigMapName,
  protectedSubnets,
  disjointProtocols,
}: AgentDaemonSetProps): k8s.PodSpec {
  const { imagePullSecrets } = settings;
  return {
    hostNetwork: true,
    dnsPolicy: 'Default',
    enableServiceLinks: false,
    serviceAccountName,
    automountServiceAccountToken: false,
    priorityClassName: settings.priorityClassName,
    nodeSelector: { ...nodeSelectorOf(settings) },
    tolerations: [...settings.tolerations],
    terminationGracePeriodSeconds: 15,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    containers: [agentContainer(settings, protectedSubnets, disjointProtocols)],
    volumes: agentVolumes(agentConfigMapName),
  };
}

function maxUnavailable({ maxUnavailable: most }: NodeRoutesSettings): k8s.IntOrString {
  return typeof most === 'number' ? k8s.IntOrString.fromNumber(most) : k8s.IntOrString.fromString(most);
}
