import { randomUUID } from 'node:crypto';
import type { Manifest } from '../dist';

/** An object as the API server stores it. */
export interface Stored extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly uid: string; readonly resourceVersion: string };
}

/** A change as a watch reports it. */
export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
}

/** See {@link ApiStore.backup}. */
export interface Backup {
  readonly version: number;
  readonly objects: readonly Stored[];
}

const keyOf = (namespace: string, name: string) => `${namespace}/${name}`;

function versionOf({ object }: StoredEvent): number {
  return Number(object.metadata.resourceVersion);
}

/** The ConfigMaps of a cluster, with resource versions and a limited history, as in etcd and the watch cache. */
export class ApiStore {
  private readonly objects = new Map<string, Stored>();
  private readonly listeners = new Set<(event: StoredEvent) => void>();
  private history: StoredEvent[] = [];
  private oldest: number;

  /**
   * @param version the resource version to start at
   * @param limit   how many events are kept
   */
  constructor(
    private version = 1000,
    private readonly limit = 1000,
  ) {
    this.oldest = version;
  }

  /** The resource version of the last change. */
  get resourceVersion(): string {
    return String(this.version);
  }

  get(namespace: string, name: string): Stored | undefined {
    return this.objects.get(keyOf(namespace, name));
  }

  /** All objects of a namespace, or only the one with that name. */
  list(namespace: string, name?: string): Stored[] {
    return [...this.objects.values()].filter(
      ({ metadata }) => metadata.namespace === namespace && (name === undefined || metadata.name === name),
    );
  }

  /** Creates or replaces an object. As in the real API server, an unchanged object causes no event. */
  put(object: Manifest): Stored {
    const { namespace = 'default', name } = object.metadata;
    const old = this.get(namespace, name);
    const keep = { namespace, uid: old?.metadata.uid ?? randomUUID() };
    const stored = (resourceVersion: string): Stored => ({
      ...object,
      metadata: { ...object.metadata, ...keep, resourceVersion },
    });
    if (old && JSON.stringify(stored(old.metadata.resourceVersion)) === JSON.stringify(old)) return old;
    const fresh = stored(String(++this.version));
    this.objects.set(keyOf(namespace, name), fresh);
    this.record({ type: old ? 'MODIFIED' : 'ADDED', object: fresh });
    return fresh;
  }

  /** @throws if the object does not exist */
  delete(namespace: string, name: string): void {
    const old = this.get(namespace, name);
    if (!old) throw new Error(`configmaps "${name}" not found in ${namespace}`);
    this.objects.delete(keyOf(namespace, name));
    const metadata = { ...old.metadata, resourceVersion: String(++this.version) };
    this.record({ type: 'DELETED', object: { ...old, metadata } });
  }

  /** Increases the resource version, as changes of other objects in the cluster do. */
  age(by = 1): void {
    this.version += by;
  }

  /** The events after a resource version, or 'gone' if the history does not reach back to it. */
  since(version: number): StoredEvent[] | 'gone' {
    return version < this.oldest ? 'gone' : this.history.filter((event) => versionOf(event) > version);
  }

  /** Discards the history: a watch can start only from now on. */
  compact(): void {
    this.history = [];
    this.oldest = ++this.version;
  }

  /** A backup of etcd: its objects and its revision. */
  backup(): Backup {
    return { version: this.version, objects: [...this.objects.values()] };
  }

  /** Restores a backup without notifying clients: open watches ended with the old etcd. */
  restore({ version, objects }: Backup): void {
    this.version = version;
    this.oldest = version;
    this.history = [];
    this.objects.clear();
    for (const object of objects)
      this.objects.set(keyOf(object.metadata.namespace as string, object.metadata.name), object);
  }

  /** Calls back immediately on every change. @returns a function that unsubscribes */
  subscribe(listener: (event: StoredEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private record(event: StoredEvent): void {
    this.history.push(event);
    const forgotten = this.history.splice(0, this.history.length - this.limit).at(-1);
    if (forgotten) this.oldest = versionOf(forgotten);
    for (const listener of this.listeners) listener(event);
  }
}
