import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { mergeAnnotations } from '../metadata';

interface AgentRightsProps {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** The object that the agent watches. */
  readonly configMapName: string;
  readonly onUninstall: 'remove' | 'keep';
}

/**
 * A service account that may watch one ConfigMap and, to tell an uninstall from a restart, read its own Namespace and
 * DaemonSet. Each rule names the object.
 */
export class AgentRights extends Construct {
  readonly serviceAccountName: string;

  constructor(
    scope: Construct,
    id: string,
    { name, namespace, annotations, configMapName, onUninstall }: AgentRightsProps,
  ) {
    super(scope, id);
    this.serviceAccountName = name;
    const metadata = { name, annotations: mergeAnnotations(annotations) };
    const account = new k8s.KubeServiceAccount(this, 'service-account', {
      metadata,
      automountServiceAccountToken: false,
    });
    new k8s.KubeRole(this, 'role', {
      metadata,
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: [configMapName],
          // list and watch are granted only with the field selector metadata.name=<that name>
          verbs: ['get', 'list', 'watch'],
        },
        ...(onUninstall === 'keep' ? [] : readOwnObjects(namespace, name)),
      ],
    });
    new k8s.KubeRoleBinding(this, 'role-binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: account.metadata.namespace as string }],
    });
  }
}

/** A Role in a namespace covers `get` of that namespace itself. */
function readOwnObjects(namespace: string, daemonSet: string): k8s.PolicyRule[] {
  const verbs = ['get'];
  return [
    { apiGroups: [''], resources: ['namespaces'], resourceNames: [namespace], verbs },
    { apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: [daemonSet], verbs },
  ];
}
