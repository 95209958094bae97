import type { Manifest } from '../dist';

/** The resources of the fake API server, by API group. */
const GROUPS = { configmaps: '', namespaces: '', daemonsets: 'apps' } as const;
export type Resource = keyof typeof GROUPS;

/** A permission for objects of one resource. */
export interface Grant {
  readonly resource: Resource;
  readonly namespace: string;
  readonly verbs: readonly string[];
  /** Names of objects. undefined: all */
  readonly names?: readonly string[];
}

interface Rule {
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly resourceNames?: string[];
  readonly verbs: string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** The permissions that the Roles and RoleBindings among `objects` give to a service account. */
export function grantsOf(objects: readonly Manifest[], serviceAccount: { namespace: string; name: string }): Grant[] {
  const bindings = objects.filter(
    (object) =>
      object.kind === 'RoleBinding' &&
      ((object.subjects ?? []) as Subject[]).some(
        ({ kind, name, namespace = object.metadata.namespace }) =>
          kind === 'ServiceAccount' && name === serviceAccount.name && namespace === serviceAccount.namespace,
      ),
  );
  return bindings.flatMap(({ roleRef, metadata: { namespace = 'default' } }) => {
    const { kind, name } = roleRef as { kind: string; name: string };
    const role = objects.find(
      (object) =>
        object.kind === kind &&
        object.metadata.name === name &&
        (kind === 'ClusterRole' || object.metadata.namespace === namespace),
    );
    return ((role?.rules ?? []) as Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
      (Object.keys(GROUPS) as Resource[])
        .filter((resource) => apiGroups?.includes(GROUPS[resource]) && resources?.includes(resource))
        .map((resource) => ({ resource, namespace, verbs, ...(resourceNames ? { names: resourceNames } : {}) })),
    );
  });
}

/**
 * Whether a request is allowed.
 *
 * @param name the name in a get, or in the field selector of a list or watch. undefined: all objects
 */
export function allows(
  grants: readonly Grant[],
  verb: string,
  resource: Resource,
  namespace: string,
  name: string | undefined,
): boolean {
  return grants.some(
    (grant) =>
      grant.resource === resource &&
      grant.namespace === namespace &&
      grant.verbs.some((allowed) => allowed === verb || allowed === '*') &&
      // With resourceNames, the API server allows a list only if its field selector names one of them.
      (grant.names === undefined || (name !== undefined && grant.names.includes(name))),
  );
}
