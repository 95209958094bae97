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

/**
 * Writes an object that was read. The version alone would create again what is gone; the uid does not (both tried on
 * Kubernetes 1.36). @throws ConflictError if it is not the same any more.
 */
export function replace(objects: Objects, path: string, body: ApiObject, read: ApiObject): Promise<ApiObject> {
  const { uid, resourceVersion } = read.metadata;
  if (uid === undefined || resourceVersion === undefined)
    throw new Error(`${path} was read without uid and resourceVersion`);
  return objects.apply(path, { ...body, metadata: { ...body.metadata, uid, resourceVersion } }, WRITER);
}
