import { ApiError } from '../../lib/program/api/client';
import { type ApiObject, ApiObjects, ConflictError, type Objects } from '../../lib/program/api/objects';
import { MemoryObjects } from '../servers/memory-objects';
import { RealCluster } from './cluster';
import type { ControlPlane } from './control-plane';
import { describeCluster } from './requirements';

jest.setTimeout(600_000);

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const PATH = `${SLICES}/orders`;

const slice = (change: Partial<ApiObject> = {}): ApiObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'orders', namespace: 'default', labels: { 'kubernetes.io/service-name': 'orders' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['192.168.0.10'], conditions: { ready: true } }],
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  ...change,
});

/** The program's API client, over the control plane's connection. */
function objectsOf(plane: ControlPlane): Objects {
  return new ApiObjects({
    get: async ({ path, sent }) => {
      const request = sent && { method: sent.method, type: sent.type, body: JSON.parse(sent.body) as object };
      const { status, body, error } = await plane.ask(path, request);
      if (error !== undefined) throw new Error(error);
      if (status < 200 || status > 299) throw new ApiError(body, status);
      return (async function* () {
        yield Buffer.from(body);
      })();
    },
  });
}

/** The result of an operation. Versions and UIDs always differ, so it only says whether they are new. */
async function outcome(asked: Promise<ApiObject | undefined>, before?: ApiObject): Promise<unknown> {
  try {
    const object = await asked;
    if (object === undefined) return 'none';
    const { metadata, endpoints, ports } = object;
    return {
      isNewVersion: metadata.resourceVersion !== before?.metadata.resourceVersion,
      isNewObject: metadata.uid !== before?.metadata.uid,
      labels: metadata.labels,
      endpoints: endpoints ?? [], // an empty list comes back as null
      ports: ports ?? 'none',
    };
  } catch (error) {
    return error instanceof ConflictError ? 'conflict' : error;
  }
}

const gone = (deleted: Promise<void>) => deleted.then(() => undefined);

/** Every operation of the server health program on objects, and the conflicts that it may meet. */
async function outcomes(objects: Objects): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  const read = async () => (await objects.get(PATH)) as ApiObject;
  const as = ({ metadata: { uid, resourceVersion } }: ApiObject) => {
    const body = slice();
    return { ...body, metadata: { ...body.metadata, uid, resourceVersion } as ApiObject['metadata'] };
  };
  results['no object'] = await outcome(objects.get(PATH));
  results.created = await outcome(objects.apply(PATH, slice(), 'us'));
  const first = await read();
  results['applied unchanged'] = await outcome(objects.apply(PATH, slice(), 'us'), first);
  results['applied unchanged with its version'] = await outcome(objects.apply(PATH, as(first), 'us'), first);
  results.changed = await outcome(objects.apply(PATH, slice({ endpoints: [] }), 'us'), first);
  results['applied with an old version'] = await outcome(objects.apply(PATH, as(first), 'us'), first);
  const { ports: _, ...withoutPorts } = slice();
  results['applied without an owned field'] = await outcome(
    objects.apply(PATH, withoutPorts as ApiObject, 'us'),
    first,
  );
  const { ports: _again, ...others } = slice({
    endpoints: [{ addresses: ['192.168.0.11'], conditions: { ready: true } }],
  });
  results['applied by another manager'] = await outcome(objects.apply(PATH, others as ApiObject, 'others'), first);
  results['deleted with an old version'] = await outcome(gone(objects.delete(PATH, first)));
  results['still exists'] = await outcome(objects.get(PATH), first);
  results.deleted = await outcome(gone(objects.delete(PATH, await read())));
  results['deleted again'] = await outcome(gone(objects.delete(PATH, first)));
  results['applied with the UID of a deleted object'] = await outcome(objects.apply(PATH, as(first), 'us'));
  results.gone = await outcome(objects.get(PATH));
  return results;
}

describeCluster('the in-memory API of the server health tests, compared with a real API server', () => {
  it('reads, applies and deletes objects with the same results', () =>
    RealCluster.run({}, async ({ plane }) => {
      const real = await outcomes(objectsOf(plane));
      expect(await outcomes(new MemoryObjects())).toEqual(real);
      expect(real).toMatchObject({ 'no object': 'none', 'applied with an old version': 'conflict', gone: 'none' });
    }));
});
