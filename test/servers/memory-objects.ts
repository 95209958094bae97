import { type ApiObject, ConflictError, type Objects } from '../../lib/program/api/objects';

/** An API server in memory: single objects with versions, and as much of server-side apply as the program uses. */
export class MemoryObjects implements Objects {
  private readonly stored = new Map<string, ApiObject>();
  private readonly fields = new Map<string, Map<string, ReadonlySet<string>>>();
  private version = 1;
  /** Every write that changed an object. */
  readonly writes: { readonly path: string; readonly object: ApiObject }[] = [];
  readonly created: ApiObject[] = [];

  async get(path: string): Promise<ApiObject | undefined> {
    return this.stored.get(path);
  }

  /** A write by another client. */
  put(path: string, object: ApiObject): ApiObject {
    const metadata = { uid: `uid-${++this.version}`, ...object.metadata, resourceVersion: `${++this.version}` };
    const fresh = { ...object, metadata };
    this.stored.set(path, fresh);
    return fresh;
  }

  async apply(path: string, body: ApiObject, manager: string): Promise<ApiObject> {
    const old = this.stored.get(path);
    const { resourceVersion, uid: expected, ...metadata } = body.metadata;
    // Like a real API server: a resourceVersion alone does not prevent the creation of a deleted object, but a UID does.
    if (old !== undefined && resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      throw new ConflictError(`the object ${path} has been modified`);
    if (expected !== undefined && expected !== old?.metadata.uid)
      throw new ConflictError(`the object ${path} has another UID`);
    const { uid = `uid-${++this.version}`, resourceVersion: before = '' } = old?.metadata ?? {};
    const { metadata: _, ...content } = body;
    const kept = { ...old };
    const managers = this.fields.get(path) ?? new Map<string, ReadonlySet<string>>();
    // Removes fields that only this manager had set and now omits.
    for (const field of managers.get(manager) ?? []) {
      const others = [...managers].filter(([name]) => name !== manager);
      if (!(field in content) && !others.some(([, set]) => set.has(field)))
        delete (kept as Record<string, unknown>)[field];
    }
    this.fields.set(path, new Map(managers).set(manager, new Set(Object.keys(content))));
    const merged = { ...old?.metadata, ...metadata, uid, resourceVersion: before };
    const fresh: ApiObject = { ...kept, ...content, metadata: merged };
    if (old !== undefined && JSON.stringify(sorted(fresh)) === JSON.stringify(sorted(old))) return old;
    const written = { ...fresh, metadata: { ...merged, resourceVersion: `${++this.version}` } };
    this.stored.set(path, written);
    this.writes.push({ path, object: written });
    return written;
  }

  async create(_: string, body: ApiObject): Promise<ApiObject> {
    this.created.push(body);
    return body;
  }

  async delete(path: string, read: ApiObject): Promise<void> {
    const old = this.stored.get(path);
    if (old === undefined) return;
    if (old.metadata.resourceVersion !== read.metadata.resourceVersion) throw new ConflictError('changed');
    this.stored.delete(path);
    this.fields.delete(path);
  }
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
