import { MemoryObjects } from '../../test/servers/memory-objects';
import { SERVICE } from '../../test/servers/service';
import { formatHealthList, type ProbedService } from '../network';
import type { ApiObject } from '../program/api/objects';
import { Controller } from './controller';
import { ownerPath, slicePath } from './decide/slice';
import { metricsOf, pagesOf, statusOf } from './pages';
import type { Probed } from './probe/probe';

const OPTIONS = { namespace: 'onprem-link-health', lease: 'server-health', standbyLease: 'server-health-standby' };
const PATH = slicePath(SERVICE, 4);
const OWNER = { kind: 'ConfigMap', metadata: { name: 'orders-service-health' } };

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

/** Servers that answer as the test says, for each replica: those that fail have a reason. */
class World {
  readonly api = new MemoryObjects();
  readonly log: string[] = [];
  readonly replicas: Controller[] = [];
  /** `pod address` or `address` to the reason of its failure. */
  readonly failing = new Map<string, string>();
  isApiDown = false;

  constructor(private readonly services: readonly ProbedService[] = [SERVICE]) {
    for (const service of services) {
      const name = `${service.name}-health`;
      this.api.put(ownerPath(service), { kind: 'ConfigMap', metadata: { name } });
      this.api.put(`/api/v1/namespaces/${service.namespace}/services/${service.name}`, {
        kind: 'Service',
        metadata: { name: service.name, uid: `uid-of-${service.name}` },
      });
    }
  }

  replica(podName: string): Controller {
    const guard = <T>(ask: () => Promise<T>) => (this.isApiDown ? Promise.reject(new Error('no answer')) : ask());
    const { api } = this;
    const objects = {
      get: (path: string) => guard(() => api.get(path)),
      apply: (path: string, body: ApiObject, manager: string) => guard(() => api.apply(path, body, manager)),
      create: (path: string, body: ApiObject) => guard(() => api.create(path, body)),
      delete: (path: string, read: ApiObject) => guard(() => api.delete(path, read)),
    };
    const ask = async (_: ProbedService, address: string): Promise<Probed> => {
      const reason = this.failing.get(`${podName} ${address}`) ?? this.failing.get(address);
      return { attempts: 1, result: reason === undefined ? { ok: true, milliseconds: 3.14 } : { ok: false, reason } };
    };
    const clock = { now: () => Date.now(), date: () => new Date() };
    const log = (level: string, event: string, message: string) =>
      void this.log.push(`${podName} ${level} ${event}: ${message}`);
    const controller = new Controller({ ...OPTIONS, me: `${podName}_x`, podName }, { objects, ask, clock, log });
    this.replicas.push(controller);
    controller.start();
    this.show(controller);
    return controller;
  }

  show(controller: Controller, services = this.services): void {
    controller.onConfigMap({ kind: 'present', version: '1', data: formatHealthList(services, () => 'x') });
  }

  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 2; i++) await jest.advanceTimersByTimeAsync(500);
  }

  async stop(): Promise<void> {
    for (const replica of this.replicas) await replica.stop();
  }

  async ready(path = PATH): Promise<string> {
    const endpoints = ((await this.api.get(path))?.endpoints ?? []) as {
      addresses: string[];
      conditions: { ready: boolean };
    }[];
    return endpoints.flatMap(({ addresses, conditions }) => (conditions.ready ? addresses : [])).join(' ');
  }

  get events(): string[] {
    return this.api.created.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
  }
}

const BOTH = '192.168.1.10 192.168.1.11';

async function pair(
  services?: readonly ProbedService[],
): Promise<{ world: World; leader: Controller; standby: Controller }> {
  const world = new World(services);
  const leader = world.replica('pod-a');
  await world.pass(3);
  const standby = world.replica('pod-b');
  await world.pass(40);
  expect([leader.term, standby.term]).toEqual(['1/pod-a_x', undefined]);
  return { world, leader, standby };
}

test('a dead server gets no new connections after its threshold, and some again after it answers', async () => {
  const { world } = await pair();
  expect(await world.ready()).toBe(BOTH);
  world.failing.set('192.168.1.10', 'connection refused');
  await world.pass(18);
  expect(await world.ready()).toBe(BOTH);
  await world.pass(14);
  expect(await world.ready()).toBe('192.168.1.11');
  expect(world.events).toEqual([
    'Warning ServerDown: 10.0.1.10 (192.168.1.10 in the cluster) is down: connection refused',
  ]);
  expect(world.api.created[0]).toMatchObject({
    involvedObject: { kind: 'Service', name: 'orders-service', namespace: 'default', uid: 'uid-of-orders-service' },
  });
  world.failing.clear();
  await world.pass(22);
  expect(await world.ready()).toBe(BOTH);
  expect(world.events.at(-1)).toBe('Normal ServerUp: 10.0.1.10 (192.168.1.10 in the cluster) is up');
  await world.stop();
});

test('keeps all servers if all go down one after the other, and reports it', async () => {
  const { world, leader } = await pair();
  world.failing.set('192.168.1.10', 'connection refused');
  await world.pass(35);
  world.failing.set('192.168.1.11', 'HTTP 500');
  await world.pass(60);
  expect(await world.ready()).toBe('192.168.1.11');
  expect(leader.roster.isEverythingDown).toBe(true);
  expect(world.log).toContain(
    'pod-a error servers.unreachable: no server answers, so the network path has probably failed; no server is marked down',
  );
  await world.stop();
});

test('marks all servers of one Service down with an event if another Service answers, and keeps them', async () => {
  const other = { ...SERVICE, name: 'other', servers: new Map([['192.168.1.99', '10.0.1.99']]) };
  const { world } = await pair([SERVICE, other]);
  world.failing.set('192.168.1.10', 'connection refused');
  world.failing.set('192.168.1.11', 'HTTP 500');
  await world.pass(40);
  expect(await world.ready()).toBe(BOTH);
  expect(world.events).toContain('Warning AllServersDown: no server is up, so all 2 get connections');
  world.failing.delete('192.168.1.11');
  await world.pass(25);
  expect(await world.ready()).toBe('192.168.1.11');
  expect(world.events.at(-1)).toBe('Normal ServersUp: enough servers are up again; 1 of 2 get connections');
  await world.stop();
});

test('reports a frequently probed Service when all its servers are down, however rarely the others are probed', async () => {
  const often = { ...SERVICE, everyMs: 1_000, timeoutMs: 500 };
  const rarely = { ...SERVICE, name: 'other', everyMs: 60_000, servers: new Map([['192.168.1.99', '10.0.1.99']]) };
  const { world } = await pair([often, rarely]);
  await world.pass(180);
  world.failing.set('192.168.1.10', 'connection refused');
  world.failing.set('192.168.1.11', 'connection refused');
  await world.pass(130);
  expect(world.events).toContain('Warning AllServersDown: no server is up, so all 2 get connections');
  expect(await world.ready()).toBe(BOTH);
  await world.stop();
});

test('marks nothing down that only one replica sees, whichever it is', async () => {
  const { world } = await pair();
  world.failing.set('pod-a 192.168.1.10', 'no route to host');
  await world.pass(60);
  world.failing.clear();
  world.failing.set('pod-b 192.168.1.10', 'no route to host');
  await world.pass(60);
  expect(await world.ready()).toBe(BOTH);
  world.failing.set('pod-a 192.168.1.10', 'no route to host');
  await world.pass(33);
  expect(await world.ready()).toBe('192.168.1.11');
  await world.stop();
});

test('marks nothing down if everything goes down at once', async () => {
  const { world } = await pair();
  for (const address of SERVICE.servers.keys()) world.failing.set(address, 'no answer within 2 s');
  const before = world.api.writes.filter(({ path }) => path === PATH).length;
  await world.pass(120);
  expect(await world.ready()).toBe(BOTH);
  world.failing.clear();
  await world.pass(30);
  expect(world.api.writes.filter(({ path }) => path === PATH).length).toBe(before);
  expect(world.events).toEqual([]);
  await world.stop();
});

test('replaces a leader that vanishes, keeps what was written, and is as fast afterwards', async () => {
  const { world, leader, standby } = await pair();
  world.failing.set('192.168.1.10', 'connection refused');
  await world.pass(35);
  jest.spyOn(leader.turns, 'take').mockImplementation(() => new Promise(() => undefined)); // it hangs
  await world.pass(14);
  expect(standby.term).toBe('2/pod-b_x');
  expect(leader.term).toBeUndefined();
  expect(await world.ready()).toBe('192.168.1.11');
  expect(world.events.length).toBe(1); // nothing is reported twice
  world.failing.clear();
  await world.pass(22);
  expect(await world.ready()).toBe(BOTH);
  await world.stop();
});

test('a restart of all replicas changes nothing, and continues from the written state', async () => {
  const first = await pair();
  first.world.failing.set('192.168.1.10', 'connection refused');
  await first.world.pass(35);
  await first.world.stop();
  const { world } = first;
  world.replicas.length = 0;
  world.replica('pod-c');
  await world.pass(9);
  expect(await world.ready()).toBe('192.168.1.11');
  await world.pass(60);
  expect(await world.ready()).toBe('192.168.1.11');
  await world.stop();
});

test('loses nothing while the API server is unavailable, and writes the result when it is back', async () => {
  const { world, leader } = await pair();
  world.isApiDown = true;
  world.failing.set('192.168.1.10', 'connection refused');
  await world.pass(60);
  expect(leader.term).toBeUndefined();
  expect(await world.ready()).toBe(BOTH);
  world.isApiDown = false;
  await world.pass(8);
  expect(await world.ready()).toBe('192.168.1.11');
  await world.stop();
});

test('a new server gets connections after its first answer', async () => {
  const { world, leader, standby } = await pair();
  const added = { ...SERVICE, servers: new Map([...SERVICE.servers, ['192.168.1.12', '10.0.1.12'] as const]) };
  world.failing.set('192.168.1.12', 'connection refused');
  for (const replica of [leader, standby]) world.show(replica, [added]);
  await world.pass(60);
  expect(await world.ready()).toBe(BOTH);
  world.failing.clear();
  await world.pass(12);
  expect(await world.ready()).toBe(`${BOTH} 192.168.1.12`);
  await world.stop();
});

test('a Service that is removed and listed again gets a new slice after the old one was collected with its owner', async () => {
  const { world, leader, standby } = await pair();
  for (const replica of [leader, standby]) world.show(replica, []);
  await world.pass(2);
  await world.api.delete(PATH, (await world.api.get(PATH)) as ApiObject);
  for (const replica of [leader, standby]) world.show(replica, [SERVICE]);
  await world.pass(1);
  expect(await world.ready()).toBe(BOTH);
  await world.stop();
});

test('changes nothing if the list is invalid or gone, and reports it', async () => {
  const { world, leader } = await pair();
  leader.onConfigMap({ kind: 'present', version: '2', data: { services: '[' } });
  expect(leader.list.state).toBe('rejected');
  leader.onConfigMap({ kind: 'gone' });
  await world.pass(20);
  expect(await world.ready()).toBe(BOTH);
  expect(world.log.filter((line) => line.includes('list.')).slice(-2)).toEqual([
    'pod-a error list.rejected: the list is not valid; the previous one stays',
    'pod-a warn list.gone: the ConfigMap is gone; EndpointSlices stay as they are',
  ]);
  await world.stop();
});

test('writes nothing but the leases while nothing changes', async () => {
  const { world } = await pair();
  const before = world.api.writes.length;
  await world.pass(300);
  const since = world.api.writes.slice(before).map(({ path }) => path);
  expect(since.filter((path) => !path.includes('/leases/'))).toEqual([]);
  await world.stop();
});

test('readiness, status and metrics show the state', async () => {
  const { world, leader, standby } = await pair();
  world.failing.set('192.168.1.10', 'HTTP 500');
  await world.pass(32);
  const page = (controller: Controller, path: string) => pagesOf(controller, Date.now).get(path)?.();
  expect([page(leader, '/readyz')?.status, page(standby, '/readyz')?.status]).toEqual([200, 200]);
  expect(statusOf(leader, Date.now())).toMatchObject({
    leads: true,
    leader: 'pod-a_x',
    standby: 'pod-b_x',
    everythingDown: false,
    services: [
      {
        service: 'default/orders-service',
        mode: 'normal',
        ready: 1,
        servers: [
          { address: '192.168.1.10', real: '10.0.1.10', state: 'down', reason: 'HTTP 500' },
          { address: '192.168.1.11', real: '10.0.1.11', state: 'up', roundTripMs: 3.1 },
        ],
      },
    ],
  });
  const metrics = new Map(metricsOf(leader).map(([name, , value]) => [name, value]));
  const labels = { service_namespace: 'default', service: 'orders-service' };
  expect(metrics.get('health_service_servers_up')).toEqual([[labels, 1]]);
  expect(metrics.get('health_server_trouble')).toEqual([
    [{ ...labels, server: '192.168.1.10', real: '10.0.1.10', reason: 'HTTP 500' }, 1],
  ]);
  expect(page(leader, '/metrics')?.body).toContain('onprem_link_health_leader 1');
  world.isApiDown = true;
  await world.pass(20);
  expect(page(leader, '/readyz')).toMatchObject({ status: 503, body: 'no replica is the leader\n' });
  await world.stop();
});

test('a leader that reads its slices one after the other stays ready', async () => {
  const { world, leader } = await pair();
  const get = world.api.get.bind(world.api);
  jest.spyOn(world.api, 'get').mockImplementation(async (path) => {
    if (path === PATH) await new Promise((resolve) => setTimeout(resolve, 2_000)); // the API server is slow
    return await get(path);
  });
  for (let i = 0; i < 60; i++) {
    await world.pass(0.5);
    expect(leader.isReady).toBe(true);
  }
  await world.stop();
});

test('waits for the owner, and so does readiness', async () => {
  const world = new World([{ ...SERVICE, name: 'late' }]);
  await world.api.delete(
    ownerPath({ ...SERVICE, name: 'late' }),
    (await world.api.get(ownerPath({ ...SERVICE, name: 'late' }))) as ApiObject,
  );
  const controller = world.replica('pod-a');
  await world.pass(5);
  expect(controller.isReady).toBe(false);
  expect(world.log).toContainEqual(expect.stringContaining('there is no ConfigMap late-health yet'));
  world.api.put(ownerPath({ ...SERVICE, name: 'late' }), OWNER);
  await world.pass(35);
  expect(controller.isReady).toBe(true);
  await world.stop();
});
