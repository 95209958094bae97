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

/** The program's way to the API, by the control plane's client. */
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

/** What happened, without what differs by nature: versions and uids become whether they are new. */
async function told(asked: Promise<ApiObject | undefined>, before?: ApiObject): Promise<unknown> {
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

/** All that the server health program does with objects, and what it may meet. */
async function story(objects: Objects): Promise<Record<string, unknown>> {
  const story: Record<string, unknown> = {};
  const read = async () => (await objects.get(PATH)) as ApiObject;
  const as = ({ metadata: { uid, resourceVersion } }: ApiObject) => {
    const body = slice();
    return { ...body, metadata: { ...body.metadata, uid, resourceVersion } as ApiObject['metadata'] };
  };
  story['no object'] = await told(objects.get(PATH));
  story.created = await told(objects.apply(PATH, slice(), 'us'));
  const first = await read();
  story['the same again'] = await told(objects.apply(PATH, slice(), 'us'), first);
  story['the same with its version'] = await told(objects.apply(PATH, as(first), 'us'), first);
  story.changed = await told(objects.apply(PATH, slice({ endpoints: [] }), 'us'), first);
  story['an old version'] = await told(objects.apply(PATH, as(first), 'us'), first);
  const { ports: _, ...withoutPorts } = slice();
  story['without a field that is ours'] = await told(objects.apply(PATH, withoutPorts as ApiObject, 'us'), first);
  const { ports: _again, ...others } = slice({
    endpoints: [{ addresses: ['192.168.0.11'], conditions: { ready: true } }],
  });
  story["another manager's"] = await told(objects.apply(PATH, others as ApiObject, 'others'), first);
  story['deleted by an old reading'] = await told(gone(objects.delete(PATH, first)));
  story['still there'] = await told(objects.get(PATH), first);
  story.deleted = await told(gone(objects.delete(PATH, await read())));
  story['deleted again'] = await told(gone(objects.delete(PATH, first)));
  story['applied as what is gone'] = await told(objects.apply(PATH, as(first), 'us'));
  story.gone = await told(objects.get(PATH));
  return story;
}

describeCluster('what the tests of server health play, held against the real thing', () => {
  it('objects are read, applied and deleted alike', () =>
    RealCluster.run({}, async ({ plane }) => {
      const real = await story(objectsOf(plane));
      expect(await story(new MemoryObjects())).toEqual(real);
      expect(real).toMatchObject({ 'no object': 'none', 'an old version': 'conflict', gone: 'none' });
    }));
});
