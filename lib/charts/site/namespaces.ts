import { Chart, Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { commonLabels, NEVER_DELETE } from '../metadata';

/** Namespaces that every cluster has and that no Git folder should own. */
const BUILT_IN: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** Priority classes that need a quota outside kube-system if that admission is configured (GKE). */
const CRITICAL: ReadonlySet<string> = new Set(['system-node-critical', 'system-cluster-critical']);

interface NamespaceNeeds {
  readonly namespace: string;
  /** Emit the Namespace itself, unless it is a built-in one. */
  readonly create: boolean;
  /** The priority class of pods in it. */
  readonly priorityClassName: string | undefined;
  /** What its pods need. If several needs conflict, the widest applies. */
  readonly podSecurity: PodSecurity;
}

/** Levels of the Pod Security Standards. */
export type PodSecurity = 'privileged' | 'restricted';

/**
 * The namespaces of a site's node routes, each emitted only once: a second copy fails Flux's build, and deleting a
 * Namespace deletes everything in it.
 */
export class Namespaces {
  static readonly CHART_ID = 'namespace';

  private readonly created = new Map<string, PodSecurity>();
  private readonly criticalClasses = new Map<string, Set<string>>();

  private chart: Chart | undefined;

  constructor(private readonly scope: Construct) {}

  add({ namespace, create, priorityClassName, podSecurity }: NamespaceNeeds): void {
    if (create && !BUILT_IN.has(namespace)) this.addNamespace(namespace, podSecurity);
    if (namespace === 'kube-system' || priorityClassName === undefined || !CRITICAL.has(priorityClassName)) return;
    const classes = this.criticalClasses.get(namespace) ?? this.emitQuota(namespace);
    classes.add(priorityClassName);
  }

  private addNamespace(namespace: string, podSecurity: PodSecurity): void {
    const before = this.created.get(namespace);
    this.created.set(namespace, before === 'privileged' ? before : podSecurity);
    if (before !== undefined) return;
    const level = Lazy.any({ produce: () => this.created.get(namespace) });
    new k8s.KubeNamespace(this.file(), namespace, {
      metadata: {
        name: namespace,
        annotations: NEVER_DELETE,
        labels: {
          ...commonLabels(namespace, 'namespace'),
          'pod-security.kubernetes.io/enforce': level,
          'pod-security.kubernetes.io/audit': level,
          'pod-security.kubernetes.io/warn': level,
        },
      },
    });
  }

  private emitQuota(namespace: string): Set<string> {
    const classes = new Set<string>();
    this.criticalClasses.set(namespace, classes);
    new k8s.KubeResourceQuota(this.file(), `${namespace}-quota`, {
      metadata: {
        name: 'onprem-link-critical-pods',
        namespace,
        labels: commonLabels('onprem-link-critical-pods', 'quota'),
      },
      spec: {
        // As many as there can be nodes: the quota exists to permit the class, not to limit it.
        hard: { pods: k8s.Quantity.fromString('1G') },
        scopeSelector: {
          matchExpressions: [
            {
              scopeName: 'PriorityClass',
              operator: 'In',
              values: Lazy.any({ produce: () => [...classes].sort() }),
            },
          ],
        },
      },
    });
    return classes;
  }

  /** Created only when it has content: an empty file is not a valid manifest. */
  private file(): Chart {
    this.chart ??= new Chart(this.scope, Namespaces.CHART_ID);
    return this.chart;
  }
}
