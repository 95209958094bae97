import { MemoryObjects } from '../../test/servers/memory-objects';
import { SERVICE } from '../../test/servers/service';
import type { ProbedService } from '../network';
import { type ApiObject, ConflictError } from '../program/api/objects';
import { ownerPath, slicePath, slicesPath } from './decide/slice';
import { SliceWriter, type Standing } from './slice-writer';

const KEY = 'default/orders-service';
const PATH = slicePath(SERVICE, 4);
const IPV6 = slicePath(SERVICE, 6);
const FROM_GIT = `${slicesPath('default')}/orders-service-ipv4`;

function started(service: ProbedService = SERVICE) {
  const api = new MemoryObjects();
  const state = {
    term: '1/pod-a' as string | undefined,
    service: service as ProbedService | undefined,
    ready: new Set(service.servers.keys()),
    adopted: [] as Standing[],
  };
  const writer = new SliceWriter(api, {
    term: () => state.term,
    service: () => state.service,
    adopt: (_, standing) => void state.adopted.push(standing),
    ready: () => state.ready,
  });
  const own = () => api.put(ownerPath(SERVICE), { kind: 'ConfigMap', metadata: { name: 'orders-service-health' } });
  return { api, state, writer, own, sync: () => writer.sync(KEY), slice: () => api.get(PATH) as Promise<ApiObject> };
}

const readyOf = (slice: ApiObject) =>
  (slice.endpoints as { addresses: string[]; conditions: { ready: boolean } }[]).map(
    ({ addresses, conditions }) => `${addresses[0]} ${conditions.ready}`,
  );

test('writes the slice that kube-proxy, diff tools and the garbage collector expect', async () => {
  const { own, sync, slice } = started();
  const { metadata } = own();
  await sync();
  expect(await slice()).toMatchObject({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'orders-service-health-ipv4',
      labels: {
        'kubernetes.io/service-name': 'orders-service',
        'endpointslice.kubernetes.io/managed-by': 'onprem-link-health',
      },
      annotations: {
        'onprem-link/term': '1/pod-a',
        'onprem-link/real-addresses': '192.168.1.10 is 10.0.1.10, 192.168.1.11 is 10.0.1.11',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'orders-service-health', uid: metadata.uid }],
    },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['192.168.1.10'], conditions: { ready: true, serving: true, terminating: false } },
      { addresses: ['192.168.1.11'], conditions: { ready: true, serving: true, terminating: false } },
    ],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  });
});

test('does not write an equal slice again, neither after reading nor with each probe', async () => {
  const { api, own, sync, writer } = started();
  own();
  await sync();
  const before = api.writes.length;
  await sync();
  await writer.verify(KEY);
  expect(api.writes.length).toBe(before);
  expect(writer.writes).toBe(1);
});

test('keeps a server that is down in place, without new connections', async () => {
  const { own, sync, slice, state } = started();
  own();
  await sync();
  state.ready = new Set(['192.168.1.11']);
  await sync();
  expect(readyOf(await slice())).toEqual(['192.168.1.10 false', '192.168.1.11 true']);
});

test('a new leader takes over the written state once, and then writes its own term', async () => {
  const { own, sync, slice, state } = started();
  own();
  state.ready = new Set(['192.168.1.11']);
  await sync();
  state.term = '2/pod-b';
  await sync();
  await sync();
  expect(state.adopted.map((standing) => standing && [...standing])).toEqual([
    undefined,
    [
      ['192.168.1.10', false],
      ['192.168.1.11', true],
    ],
  ]);
  expect((await slice()).metadata.annotations?.['onprem-link/term']).toBe('2/pod-b');
});

test('a replica that does not lead writes nothing', async () => {
  const { api, own, sync, state } = started();
  own();
  state.term = undefined;
  await sync();
  expect(api.writes).toEqual([]);
});

test('writes nothing if leadership ends between the read and the write', async () => {
  const { api, own, sync, state, slice } = started();
  own();
  await sync();
  state.ready = new Set();
  const get = api.get.bind(api);
  jest.spyOn(api, 'get').mockImplementation(async (path) => {
    if (path === ownerPath(SERVICE)) state.term = undefined;
    return await get(path);
  });
  state.term = '3/pod-a'; // reads again
  await sync();
  jest.restoreAllMocks();
  expect(readyOf(await slice())).toEqual(['192.168.1.10 true', '192.168.1.11 true']);
});

test('a slice that another client has changed causes a conflict, and is then read and written again', async () => {
  const { api, own, sync, slice, state } = started();
  own();
  await sync();
  api.put(PATH, { ...(await slice()), endpoints: [] });
  state.ready = new Set(['192.168.1.10']);
  await expect(sync()).rejects.toBeInstanceOf(ConflictError);
  await sync();
  expect(readyOf(await slice())).toEqual(['192.168.1.10 true', '192.168.1.11 false']);
  expect(state.adopted.length).toBe(1); // the other client's content is not taken over
});

test('a late write does not recreate a deleted slice', async () => {
  const { api, own, state, sync, slice } = started();
  own();
  await sync();
  await api.delete(PATH, await slice());
  state.ready = new Set(['192.168.1.10']);
  await expect(sync()).rejects.toThrow(ConflictError);
  expect(await slice()).toBeUndefined();
  await sync(); // if it still leads, it creates a new one
  expect(readyOf(await slice())).toEqual(['192.168.1.10 true', '192.168.1.11 false']);
});

test('reading restores what was changed or deleted', async () => {
  const { api, own, sync, slice, writer } = started();
  own();
  await sync();
  api.put(PATH, { ...(await slice()), endpoints: [] });
  await writer.verify(KEY);
  expect(readyOf(await slice()).length).toBe(2);
  await api.delete(PATH, await slice());
  const { metadata } = own(); // the owner was replaced as well
  await writer.verify(KEY);
  expect((await slice()).metadata).toMatchObject({ ownerReferences: [{ uid: metadata.uid }] });
});

test('writes no slice without its owner, so that none is left behind', async () => {
  const { api, sync } = started();
  await expect(sync()).rejects.toThrow('there is no ConfigMap orders-service-health yet');
  expect(api.writes).toEqual([]);
});

test('a family without servers has no slice, and an existing one is deleted', async () => {
  const servers = new Map([...SERVICE.servers, ['fd00:1::10', 'fd00:1::10'] as const]);
  const { api, own, sync, state } = started({ ...SERVICE, servers });
  own();
  await sync();
  expect(await api.get(IPV6)).toMatchObject({ addressType: 'IPv6' });
  state.service = SERVICE;
  await sync();
  expect(await api.get(IPV6)).toBeUndefined();
});

describe('the slice that was in Git before', () => {
  const slice = (manager: string) => ({
    kind: 'EndpointSlice',
    metadata: { name: 'orders-service-ipv4', labels: { 'endpointslice.kubernetes.io/managed-by': manager } },
  });

  test('is deleted once another one exists, and not before', async () => {
    const { api, own, sync } = started();
    api.put(FROM_GIT, slice('onprem-link'));
    await expect(sync()).rejects.toThrow('yet');
    expect(await api.get(FROM_GIT)).toBeDefined();
    own();
    await sync();
    expect([await api.get(FROM_GIT), (await api.get(PATH))?.kind]).toEqual([undefined, 'EndpointSlice']);
  });

  test('is kept if it is not one of ours, or during a handover', async () => {
    const foreign = started();
    foreign.own();
    foreign.api.put(FROM_GIT, slice('somebody-else'));
    await foreign.sync();
    expect(await foreign.api.get(FROM_GIT)).toBeDefined();
    const handover = started({ ...SERVICE, replaces: [] });
    handover.own();
    handover.api.put(FROM_GIT, slice('onprem-link'));
    await handover.sync();
    expect(await handover.api.get(FROM_GIT)).toBeDefined();
  });
});
