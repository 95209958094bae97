import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { mergeAnnotations } from './metadata';

export interface AgentRightsProps {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The one object the agent may read. */
  readonly configMapName: string;
}

/** A service account that may read one ConfigMap and nothing else in the cluster. */
export class AgentRights extends Construct {
  readonly serviceAccountName: string;

  constructor(scope: Construct, id: string, { name, annotations, configMapName }: AgentRightsProps) {
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
      ],
    });
    new k8s.KubeRoleBinding(this, 'role-binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: account.metadata.namespace as string }],
    });
  }
}
