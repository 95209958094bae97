import { ApiError, type ApiRequest } from '../program/api/client';
import { OwnObjects } from './own-objects';

/** The API server's answers, by path. */
function ownObjects(answers: Readonly<Record<string, string | Error>>) {
  const asked: string[] = [];
  const get = async ({ path }: ApiRequest) => {
    asked.push(path);
    const answer = answers[path] ?? new ApiError('HTTP 404', 404);
    if (answer instanceof Error) throw answer;
    return (async function* () {
      yield Buffer.from(answer);
    })();
  };
  return { asked, own: new OwnObjects({ get }, 'onprem-link', 'node-routes') };
}

const NAMESPACE = '/api/v1/namespaces/onprem-link';
const DAEMON_SET = '/apis/apps/v1/namespaces/onprem-link/daemonsets/node-routes';
const DELETED = '2026-11-27T12:00:00Z';
const object = (kind: string, name: string, more: object = {}) => JSON.stringify({ kind, metadata: { name, ...more } });

test('requests each object by name, as the Role allows', async () => {
  const { own, asked } = ownObjects({});
  await own.isNamespaceTerminating();
  await own.isDaemonSetKept();
  expect(asked).toEqual([NAMESPACE, DAEMON_SET]);
});

test('the namespace is terminating if it has a deletion timestamp', async () => {
  const answer = async (text: string) => ownObjects({ [NAMESPACE]: text }).own.isNamespaceTerminating();
  expect(await answer(object('Namespace', 'onprem-link', { deletionTimestamp: DELETED }))).toBe(true);
  expect(await answer(object('Namespace', 'onprem-link'))).toBe(false);
});

test('the DaemonSet is kept if it exists without a deletion timestamp', async () => {
  const answer = async (text: string) => ownObjects({ [DAEMON_SET]: text }).own.isDaemonSetKept();
  expect(await answer(object('DaemonSet', 'node-routes'))).toBe(true);
  expect(await answer(object('DaemonSet', 'node-routes', { deletionTimestamp: DELETED }))).toBe(false);
});

test.each([
  ['401', new ApiError('HTTP 401', 401)],
  ['403', new ApiError('HTTP 403', 403)],
  ['404', new ApiError('HTTP 404', 404)],
  ['500', new ApiError('HTTP 500', 500)],
  ['silence', new ApiError('no answer: no data for 2 s')],
  ['no JSON', '<html>'],
  ['null', 'null'],
  ['an object without metadata', '{"kind":"Namespace"}'],
  ['another kind', object('Status', 'onprem-link', { deletionTimestamp: DELETED })],
  ['another namespace', object('Namespace', 'other', { deletionTimestamp: DELETED })],
  ['null for the time', object('Namespace', 'onprem-link', { deletionTimestamp: null })],
])('draws no conclusion from %s', async (_, answer) => {
  const { own } = ownObjects({ [NAMESPACE]: answer, [DAEMON_SET]: answer });
  expect([await own.isNamespaceTerminating(), await own.isDaemonSetKept()]).toEqual([false, false]);
});
