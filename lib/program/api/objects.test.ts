import { ApiError, type ApiRequest } from './client';
import { ApiObjects, ConflictError } from './objects';

const PATH = '/apis/coordination.k8s.io/v1/namespaces/x/leases/y';
const LEASE = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'y', resourceVersion: '7', uid: 'u' },
};

/** An API server that gives one answer, and records the request. */
function answering(answer: object | string | Error) {
  const asked: ApiRequest[] = [];
  const get = async (request: ApiRequest) => {
    asked.push(request);
    if (answer instanceof Error) throw answer;
    return (async function* () {
      yield Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
    })();
  };
  return { objects: new ApiObjects({ get }), asked };
}

test('reads an object, or reports that it does not exist', async () => {
  expect(await answering(LEASE).objects.get(PATH)).toEqual(LEASE);
  expect(await answering(new ApiError('HTTP 404', 404)).objects.get(PATH)).toBeUndefined();
});

test('apply sends the field manager and the desired fields', async () => {
  const { objects, asked } = answering(LEASE);
  await objects.apply(PATH, LEASE, 'a b');
  expect(asked[0]).toMatchObject({
    path: `${PATH}?fieldManager=a%20b&force=true`,
    sent: { method: 'PATCH', type: 'application/apply-patch+yaml', body: JSON.stringify(LEASE) },
  });
});

test('delete names the object that was read, and accepts that it is already gone', async () => {
  const { objects, asked } = answering({ kind: 'Status', status: 'Success' });
  await objects.delete(PATH, LEASE);
  expect(JSON.parse(asked[0]?.sent?.body ?? '')).toMatchObject({ preconditions: { uid: 'u', resourceVersion: '7' } });
  await answering(new ApiError('HTTP 404', 404)).objects.delete(PATH, LEASE);
});

test('throws a conflict for 409, and an ApiError for everything else, including an invalid answer', async () => {
  const apply = (answer: string | Error) => answering(answer).objects.apply(PATH, LEASE, 'm');
  await expect(apply(new ApiError('HTTP 409', 409))).rejects.toBeInstanceOf(ConflictError);
  await expect(apply(new ApiError('HTTP 403', 403))).rejects.toMatchObject({ name: 'ApiError', status: 403 });
  await expect(apply('<html>')).rejects.toMatchObject({ name: 'ApiError', status: undefined });
  await expect(apply('7')).rejects.toThrow('no answer: the API server answered with something that is not an object');
});
