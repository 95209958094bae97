import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { healthOwnerName, healthSliceName, type ProbedService } from '../../network';
import { mergeAnnotations } from '../metadata';

export interface ServerHealthRightsProps {
  readonly name: string;
  readonly namespace: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Names of its Leases. */
  readonly leases: readonly string[];
  /** Known once the site is complete. */
  readonly services: () => readonly ProbedService[];
}

/**
 * A service account with rights to named objects. A Role in its own namespace covers the list and the leases; in each
 * namespace with Services, another Role covers their objects. With server-side apply, an API server checks `create`
 * against the object's name.
 */
export class ServerHealthRights extends Construct {
  private readonly namespaces = new Set<string>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ServerHealthRightsProps,
  ) {
    super(scope, id);
    const { name, annotations, leases } = props;
    new k8s.KubeServiceAccount(this, 'service-account', {
      metadata: { name, annotations: mergeAnnotations(annotations) },
      automountServiceAccountToken: false,
    });
    this.grant('own', undefined, [
      // list and watch are granted only with the field selector metadata.name=<that name>
      { apiGroups: [''], resources: ['configmaps'], resourceNames: [name], verbs: ['get', 'list', 'watch'] },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: [...leases],
        verbs: ['create', 'get', 'patch'],
      },
    ]);
  }

  /** Rights in one namespace, without repetition. */
  addNamespace(namespace: string): void {
    if (this.namespaces.has(namespace)) return;
    this.namespaces.add(namespace);
    this.grant(namespace, namespace, Lazy.any({ produce: () => this.rulesIn(namespace) }));
  }

  private rulesIn(namespace: string): k8s.PolicyRule[] {
    const services = this.props.services().filter((service) => service.namespace === namespace);
    const names = services.map(({ name }) => name);
    const replaced = services.flatMap(({ replaces }) => replaces);
    const slices = { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] };
    return [
      {
        ...slices,
        resourceNames: names.flatMap((name) => ([4, 6] as const).map((family) => healthSliceName(name, family))),
        verbs: ['create', 'delete', 'get', 'patch'],
      },
      ...(replaced.length === 0 ? [] : [{ ...slices, resourceNames: replaced, verbs: ['delete', 'get'] }]),
      { apiGroups: [''], resources: ['configmaps'], resourceNames: names.map(healthOwnerName), verbs: ['get'] },
      { apiGroups: [''], resources: ['services'], resourceNames: names, verbs: ['get'] },
      // Names of events cannot be known in advance, and RBAC can restrict `create` by name only with server-side apply.
      { apiGroups: [''], resources: ['events'], verbs: ['create'] },
    ];
  }

  private grant(id: string, namespace: string | undefined, rules: k8s.PolicyRule[]): void {
    const { name, annotations } = this.props;
    const metadata = {
      name,
      annotations: mergeAnnotations(annotations),
      ...(namespace !== undefined && { namespace }),
    };
    new k8s.KubeRole(this, `${id}-role`, { metadata, rules });
    new k8s.KubeRoleBinding(this, `${id}-role-binding`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: this.props.namespace }],
    });
  }
}
