import type { ApiObject, Objects } from '../program/api/objects';

/** Field managers of server-side apply. */
const WRITER = 'onprem-link-servers';
const CREATOR = 'onprem-link-servers-create';

/**
 * Ensures that an object exists. A second call, even much later, changes nothing: the manager sets only the fields of
 * `shell`, which are the same for all replicas.
 */
export function ensure(objects: Objects, path: string, shell: ApiObject): Promise<ApiObject> {
  return objects.apply(path, shell, CREATOR);
}

/**
 * Writes an object that was read. With only the resource version, a deleted object would be recreated; with the uid, it
 * is not (both verified on Kubernetes 1.36). @throws ConflictError if the object has changed.
 */
export function replace(objects: Objects, path: string, body: ApiObject, read: ApiObject): Promise<ApiObject> {
  const { uid, resourceVersion } = read.metadata;
  if (uid === undefined || resourceVersion === undefined)
    throw new Error(`${path} was read without uid and resourceVersion`);
  return objects.apply(path, { ...body, metadata: { ...body.metadata, uid, resourceVersion } }, WRITER);
}
