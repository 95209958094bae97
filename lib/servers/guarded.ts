import type { ApiObject, Objects } from '../program/api/objects';

/** Field managers of server-side apply: who set which field. */
const WRITER = 'onprem-link-servers';
const CREATOR = 'onprem-link-servers-create';

/**
 * Makes sure that an object exists. Whoever comes second changes nothing, even if it comes much later: the manager sets
 * the fields of `shell` alone, which are the same for all replicas.
 */
export function ensure(objects: Objects, path: string, shell: ApiObject): Promise<ApiObject> {
  return objects.apply(path, shell, CREATOR);
}

/** Writes an object that was read. @throws ConflictError if it is not the same any more. */
export function replace(objects: Objects, path: string, body: ApiObject, read: ApiObject): Promise<ApiObject> {
  const { resourceVersion } = read.metadata;
  if (resourceVersion === undefined) throw new Error(`${path} was read without a resourceVersion`);
  return objects.apply(path, { ...body, metadata: { ...body.metadata, resourceVersion } }, WRITER);
}
