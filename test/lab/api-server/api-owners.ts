import type { Manifest } from '../dist';

/** The resource in the API path of a kind. */
const RESOURCES: Readonly<Record<string, string>> = { Namespace: 'namespaces', DaemonSet: 'daemonsets' };

const keyOf = (resource: string, namespace: string, name: string) => `${resource} ${namespace}/${name}`;

/** The namespaces and DaemonSets of a cluster. They can be read one by one, but not watched. */
export class ApiOwners {
  private readonly objects = new Map<string, Manifest>();

  /** Creates or replaces an object. For RBAC, a Namespace lies in itself. */
  put(object: Manifest): void {
    this.objects.set(this.keyOf(object), object);
  }

  get(resource: string, namespace: string, name: string): Manifest | undefined {
    return this.objects.get(keyOf(resource, namespace, name));
  }

  /** Deletes an object in the background, as `kubectl delete` does by default: its dependents are deleted later. */
  delete(object: Manifest): void {
    if (!this.objects.delete(this.keyOf(object))) throw new Error(`there is no ${this.keyOf(object)}`);
  }

  /** Marks an object as deleted. It stays until everything that it owns or contains is gone. */
  terminate(object: Manifest): void {
    const deletionTimestamp = new Date().toISOString();
    this.put({ ...object, metadata: { ...object.metadata, deletionTimestamp } as Manifest['metadata'] });
  }

  private keyOf({ kind, metadata }: Manifest): string {
    const resource = RESOURCES[kind];
    if (resource === undefined) throw new Error(`the lab's API server does not know the kind ${kind}`);
    const { name } = metadata;
    return keyOf(resource, kind === 'Namespace' ? name : (metadata.namespace ?? 'default'), name);
  }
}
