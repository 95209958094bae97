import { address, hop, route } from '../../test/agent/ip';
import type { Path } from './decide/paths';
import { ruleKey } from './decide/probe-ways';
import type { ProbeChange, ProbeRule } from './kernel/probe-objects';
import type { Change, KernelRoute, LookupQuestion } from './kernel/types';
import { PathMonitor } from './path-monitor';
import type { ProbeAnswer } from './path-probe';

const path = (gateway: string, host = '192.168.1.10'): Path => ({
  network: 'datacentre',
  target: { host, port: 443 },
  hop: hop(`via ${gateway} dev priv`),
  interface: 'priv',
  source: address('10.184.0.2'),
  isAlone: false,
  start: 'up',
});
const A = path('10.184.0.1');
const B = path('10.184.0.3');
const EVERY = 10_000;

/** Rules and tables in memory; all other packets go through 10.184.0.3. */
class ProbeKernel {
  rules: ProbeRule[] = [];
  routes: KernelRoute[] = [];
  /** Another program that keeps removing rules. */
  isHostile = false;

  readProbeObjects = () => ({ rules: this.rules, routes: this.routes });

  applyProbes(changes: readonly ProbeChange[]) {
    for (const change of changes) {
      if (change.kind === 'put-route') {
        const { table, hop } = change.route;
        this.routes = [
          ...this.routes.filter((each) => each.table !== table),
          { ...route('0.0.0.0/0'), table, hops: [hop] },
        ];
      } else {
        this.rules = this.rules.filter((rule) => ruleKey(rule) !== ruleKey(change.rule));
        if (change.kind === 'put-rule' && !this.isHostile) this.rules.push(change.rule);
      }
    }
    return [];
  }

  apply(changes: readonly Change[]) {
    for (const change of changes)
      if (change.kind === 'delete-route') this.routes = this.routes.filter((each) => each !== change.route);
    return [];
  }

  lookup([question]: readonly LookupQuestion[]) {
    const { address: target, source, ports } = question as LookupQuestion;
    const rule = this.rules.find(
      (each) =>
        each.target.equals(target as never) &&
        each.source.equals(source as never) &&
        (ports?.[0] as number) >> 2 === each.firstSourcePort >> 2 &&
        ports?.[1] === each.port,
    );
    return [this.routes.find(({ table }) => table === rule?.table) ?? route('192.168.1.0/24 via 10.184.0.3 dev priv')];
  }
}

function watching(everyMs = EVERY) {
  const kernel = new ProbeKernel();
  const dead = new Set<string>();
  const sent: string[] = [];
  const changes: string[] = [];
  const patience: number[] = [];
  const hooks = { during: () => undefined as unknown };
  const monitor = new PathMonitor({
    kernel: kernel as never,
    probe: async ({ host }, source, sourcePort, timeoutMs): Promise<ProbeAnswer> => {
      patience.push(timeoutMs);
      const [way] = kernel.lookup([{ address: address(host), source, ports: [sourcePort, 443] }] as never);
      const gateway = `${way?.hops[0]?.gateway}`;
      sent.push(`${host} ${gateway} ${sourcePort}`);
      hooks.during();
      return dead.has(gateway) || dead.has(host)
        ? { kind: 'missed', reason: 'silence' }
        : { kind: 'answered', milliseconds: 7 };
    },
    ownership: { protocol: 142, former: new Set([140]), adoptLegacy: false },
    nodeName: 'worker-1',
    everyMs,
    isSilent: () => false,
    now: () => performance.now(),
  });
  monitor.onChange = ({ hop: { gateway }, health }) => changes.push(`${gateway} ${health.state}`);
  monitor.onNetwork = ({ name, state }) => changes.push(`${name} ${state}`);
  return { monitor, kernel, dead, sent, changes, patience, hooks };
}

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('probes each target through each next hop at every interval, from its own ports in turn', async () => {
  const { monitor, sent, changes } = watching();
  monitor.follow([A, B]);
  await pass(4 * EVERY);
  const by = (gateway: string) =>
    sent.filter((each) => each.includes(` ${gateway} `)).map((each) => each.split(' ')[2]);
  expect(by('10.184.0.1')).toEqual(['61128', '61129', '61130', '61131']);
  expect(by('10.184.0.3')).toEqual(['61132', '61133', '61134', '61135']);
  expect(changes).toEqual(['datacentre reachable']);
  expect(monitor.all).toMatchObject([{ name: 'datacentre', state: 'reachable', paths: [{}, {}] }]);
  monitor.stop();
});

test.each([
  [10_000, 32_000],
  [1_000, 4_000],
])('at %i ms between probes, finds a dead tunnel within %i ms', async (everyMs, ms) => {
  const { monitor, dead, changes } = watching(everyMs);
  monitor.follow([A, B]);
  await pass(3 * everyMs);
  dead.add('10.184.0.1');
  await pass(ms);
  expect(changes).toEqual(['datacentre reachable', '10.184.0.1 down']);
  expect(monitor.reachOf('datacentre', A.hop)?.state).toBe('down');
  expect(monitor.reachOf('datacentre', B.hop)?.state).toBe('up');
  dead.clear();
  await pass(everyMs);
  expect(changes.at(-1)).toBe('10.184.0.1 returning');
  await pass(60_000 + everyMs);
  expect(changes.at(-1)).toBe('10.184.0.1 up');
  monitor.stop();
});

test('marks no path down if no next hop leads to a target, and reports the network as unreachable', async () => {
  const { monitor, dead, changes } = watching();
  monitor.follow([A, B]);
  await pass(EVERY);
  dead.add('192.168.1.10');
  await pass(10 * EVERY);
  expect(changes).toEqual(['datacentre reachable', 'datacentre unreachable']);
  monitor.stop();
});

test('ignores a target that is down itself while another one answers', async () => {
  const { monitor, dead, changes } = watching();
  monitor.follow([A, B, path('10.184.0.1', '192.168.0.10'), path('10.184.0.3', '192.168.0.10')]);
  await pass(EVERY);
  dead.add('192.168.1.10');
  await pass(10 * EVERY);
  expect([A, B].map((each) => monitor.reachOf('datacentre', each.hop)?.state)).toEqual(['up', 'up']);
  expect(changes.filter((each) => each.includes('datacentre'))).toEqual(['datacentre reachable']);
  monitor.stop();
});

test('never marks the only next hop of a route down, however many targets answer through others', async () => {
  const { monitor, dead, changes } = watching();
  monitor.follow([{ ...A, isAlone: true }, path('10.184.0.3', '192.168.0.10')]);
  await pass(EVERY);
  dead.add('10.184.0.1');
  await pass(10 * EVERY);
  expect(changes).toEqual(['datacentre reachable']);
  expect(monitor.all[0]?.paths[0]?.health).toMatchObject({ state: 'up', misses: 10 });
  monitor.stop();
});

test.each([
  [10_000, 2_000],
  [2_000, 1_900],
  [1_000, 900],
])('at %i ms between probes, a probe times out after %i ms', async (everyMs, timeoutMs) => {
  const { monitor, patience } = watching(everyMs);
  monitor.follow([A]);
  await pass(everyMs);
  expect(patience).toEqual([timeoutMs]);
  monitor.stop();
});

test('restores rules that another program removes before the next probe', async () => {
  const { monitor, kernel, dead, changes } = watching();
  monitor.follow([A, B]);
  await pass(EVERY);
  dead.add('10.184.0.1');
  for (let i = 0; i < 4; i++) {
    kernel.rules = [];
    await pass(EVERY);
  }
  expect(changes).toEqual(['datacentre reachable', '10.184.0.1 down']);
  monitor.stop();
});

test('ignores a probe whose rule was removed meanwhile, or that cannot be made', async () => {
  const { monitor, kernel, dead, changes, hooks, sent } = watching();
  monitor.follow([A, B]);
  await pass(EVERY);
  dead.add('10.184.0.1');
  hooks.during = () => {
    kernel.rules = [];
  };
  await pass(5 * EVERY);
  expect(changes).toEqual(['datacentre reachable']);
  kernel.isHostile = true;
  kernel.rules = [];
  const before = sent.length;
  await pass(3 * EVERY);
  expect(sent.slice(before).every((each) => each.includes(' 10.184.0.3 '))).toBe(true); // the path that they take anyway
  expect(monitor.all[0]?.paths[0]?.trouble).toMatch(/does not lead to this next hop/);
  monitor.stop();
});

test('removes leftovers of an earlier agent, including those under a former protocol, but nothing of other programs', () => {
  const { monitor, kernel } = watching();
  const left = (table: number) => ({
    source: A.source,
    target: address('192.168.9.9'),
    port: 22,
    firstSourcePort: 61128,
    table,
  });
  kernel.rules = [left(0x6f708e05), left(0x6f708c00), left(0x6f708f05)];
  kernel.routes = [0x6f708e05, 0x6f708c00, 0x6f708f05].map((table) => ({
    ...route('0.0.0.0/0 via 10.184.0.9'),
    table,
  }));
  monitor.follow([]);
  expect(kernel.rules.map(({ table }) => table)).toEqual([0x6f708f05]);
  expect(kernel.routes.map(({ table }) => table)).toEqual([0x6f708f05]);
});

test('leaves nothing behind at the end, and does not look for what never existed', async () => {
  const { monitor, kernel } = watching();
  monitor.stop();
  monitor.follow([A, B]);
  expect([kernel.rules.length, kernel.routes.length]).toEqual([2, 2]);
  monitor.stop();
  expect([kernel.rules.length, kernel.routes.length]).toEqual([0, 0]);
});
