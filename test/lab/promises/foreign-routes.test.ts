import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { DUAL_STACK } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('foreign routes are never changed', () => {
  it.each(['proto boot', 'proto 80'])(
    'one with the same prefix, metric and next hop satisfies the list (%s)',
    (marks) =>
      Testbed.run({}, async (testbed) => {
        testbed.ip(`route add 192.168.0.0/24 via 10.184.0.1 ${marks}`);
        const pod = await testbed.startReady();
        expect(testbed.owned()).toEqual(['192.168.1.0/24']);
        expect((await testbed.status(pod)).counts).toEqual({ effective: 1, satisfied: 1 });
        expect(await testbed.topology.answered()).toBe(true);
        testbed.putList([]);
        await testbed.untilOwned([]);
        expect(routesTo(testbed, '192.168.0.0/24')).toHaveLength(1);
      }),
  );

  it('one that wins or ties with another next hop is reported as a conflict with both sides, and stays', () =>
    Testbed.run({ env: { ROUTE_METRIC: '50' } }, async (testbed) => {
      testbed.ip('route add 192.168.0.0/24 via 198.51.100.1 proto static metric 50');
      testbed.ip('route add 192.168.1.0/24 via 198.51.100.1 proto static metric 20');
      const before = SUBNETS.flatMap((subnet) => routesTo(testbed, subnet));
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 conflicting: listed via 10\.184\.0\.1 dev priv, but the node has 192\.168\.0\.0\/24 via 198\.51\.100\.1 dev pub, protocol 4/,
      );
      expect((await testbed.status(pod)).counts).toEqual({ conflicting: 2 });
      expect(testbed.owned()).toEqual([]);
      expect(SUBNETS.flatMap((subnet) => routesTo(testbed, subnet))).toEqual(before);
    }));

  it("an older one with a worse metric loses: the agent's route is confirmed like any change, and the foreign one stays and is reported", () =>
    Testbed.run({}, async (testbed) => {
      testbed.ip('route add 192.168.0.0/24 via 198.51.100.1 proto static metric 50');
      const pod = await testbed.startReady();
      await pod.waitForLog(({ json }) => /also has .*198\.51\.100\.1/.test(`${json?.message}`), 5000);
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await testbed.topology.answered()).toBe(true);
      testbed.putList([]);
      await testbed.untilOwned([]);
      expect(routesTo(testbed, '192.168.0.0/24')).toMatchObject([{ gateway: '198.51.100.1', metric: 50 }]);
    }));

  it('the same table and list give the same result in any order', () =>
    Testbed.run({ list: [], env: { ROUTE_METRIC: '50' } }, async (testbed) => {
      const pod = await testbed.startReady();
      for (let world = 0; world < WORLDS; world++) await playOrders(testbed, pod, foreignRoutes(world));
    }));

  it("in IPv6, where the kernel merges routes with the same prefix and metric, the agent's route is withdrawn and the foreign one stays", () =>
    Testbed.run(
      { topology: DUAL_STACK, env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' }, list: ['2001:db8:a::/64'] },
      async (testbed) => {
        const pod = await testbed.startReady();
        testbed.ip('-6 route append 2001:db8:a::/64 via 2001:db8:51::1 dev pub proto static');
        await testbed.untilReadiness(pod, false, /2001:db8:a::\/64 conflicting/);
        await testbed.untilOwned([], 5000, 6);
        const left = testbed.topology.routes(6).filter(({ dst }) => dst === '2001:db8:a::/64');
        expect(left).toMatchObject([{ gateway: '2001:db8:51::1', protocol: '4' }]);
      },
    ));

  it("when a conflict ends, the agent's route is installed", () =>
    Testbed.run({}, async (testbed) => {
      testbed.ip('route add 192.168.0.0/24 via 198.51.100.1 proto static');
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /conflicting/);
      testbed.ip('route del 192.168.0.0/24 proto static');
      await testbed.untilReadiness(pod, true, /2 effective/);
      expect(testbed.owned()).toEqual(SUBNETS);
    }));
});

describeLab('routes of the original DaemonSet', () => {
  it.each(['', 'metric 50'])('are taken over without a gap if the option is set (%s)', (metric) =>
    Testbed.run({ env: { ADOPT_LEGACY_ROUTES: 'true' } }, async (testbed) => {
      for (const subnet of SUBNETS) testbed.ip(`route add ${subnet} via 10.184.0.1 proto boot ${metric}`.trim());
      const misses = watchForMisses(testbed);
      await testbed.startReady();
      expect(await misses.stop()).toEqual([]);
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(SUBNETS.flatMap((subnet) => routesTo(testbed, subnet)).map(({ protocol }) => protocol)).toEqual(
        SUBNETS.map(() => `${PROTOCOL}`),
      );
    }),
  );
});

describeLab('a changed protocol number', () => {
  it('leaves no orphans: routes with the former number are taken over or removed', () =>
    Testbed.run({ env: { FORMER_PROTOCOLS: '141' } }, async (testbed) => {
      testbed.ip('route add 192.168.0.0/24 via 10.184.0.1 proto 141');
      testbed.ip('route add 192.168.77.0/24 via 10.184.0.1 proto 141');
      await testbed.startReady();
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(testbed.owned(4, 141)).toEqual([]);
    }));
});

const WORLDS = 12;

interface Foreign {
  readonly subnet: string;
  readonly metric: number;
  readonly hop: string;
}

const routeOf = ({ subnet, metric, hop }: Foreign) => `${subnet} via ${hop} proto static metric ${metric}`;

/** Up to two routes to each subnet, with metrics below, equal to and above the agent's, which is 50. */
function foreignRoutes(world: number): Foreign[] {
  const metrics = [20, 50, 90];
  const hops = ['10.184.0.1', '198.51.100.1'];
  return SUBNETS.flatMap((subnet, i) => {
    const first = metrics[(world + i) % 3] as number;
    const second = metrics[(world + 2 * i + 1) % 3] as number;
    const route = (metric: number, j: number) => ({ subnet, metric, hop: hops[(world + i + j) % 2] as string });
    return world % 2 === i ? [route(first, 0), route(second, 1)] : [route(first, i)];
  });
}

/** The expected result by the rule alone: the lowest metric wins, and foreign routes win ties. */
function outcomeOf(foreign: readonly Foreign[]): string[] {
  return SUBNETS.map((subnet) => {
    const [best] = foreign.filter((route) => route.subnet === subnet).sort((one, other) => one.metric - other.metric);
    if (best === undefined || best.metric > 50) return `${subnet} effective`;
    return `${subnet} ${best.hop === '10.184.0.1' ? 'satisfied' : 'conflicting'}`;
  });
}

/** Creates the same table in several orders, and checks for the same result after each. */
async function playOrders(testbed: Testbed, pod: Pod, foreign: readonly Foreign[]): Promise<void> {
  const add = (routes: readonly Foreign[]) => {
    for (const route of routes) testbed.ip(`route append ${routeOf(route)}`);
  };
  const remove = () => {
    for (const route of foreign) testbed.ip(`route del ${routeOf(route)}`);
  };
  add(foreign);
  testbed.putList(SUBNETS);
  await untilOutcome(testbed, pod, foreign, 'theirs first');
  remove();
  await testbed.untilOwned(SUBNETS);
  add([...foreign].reverse());
  await untilOutcome(testbed, pod, foreign, 'ours first');
  testbed.ip('link set priv down');
  testbed.ip('link set priv up');
  testbed.ip('route add 10.0.0.0/8 via 10.184.0.1');
  add(foreign.filter(({ hop }) => hop === '10.184.0.1')); // the kernel removed these with the link
  await untilOutcome(testbed, pod, foreign, 'after a bounce');
  testbed.putList([]);
  await testbed.untilOwned([]);
  remove();
}

async function untilOutcome(testbed: Testbed, pod: Pod, foreign: readonly Foreign[], order: string): Promise<void> {
  const expected = outcomeOf(foreign);
  let seen: string[] = [];
  await waitFor(`${expected} after ${order}`, 10_000, async () => {
    const { routes } = await testbed.status(pod);
    seen = routes.map(({ subnet, state }) => `${subnet} ${state}`).sort();
    return `${seen}` === `${expected}`;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; last: ${seen}\n${foreign.map(routeOf).join('\n')}`);
  });
  const owned = expected.flatMap((line) => (line.endsWith(' effective') ? [line.split(' ')[0] as string] : []));
  expect([order, testbed.owned()]).toEqual([order, owned]);
}

function routesTo(testbed: Testbed, subnet: string) {
  return testbed.topology.routes().filter(({ dst }) => dst === subnet);
}

/** Looks up an address in the first subnet repeatedly, and collects answers that are not the private route. */
function watchForMisses(testbed: Testbed): { stop(): Promise<string[]> } {
  const misses: string[] = [];
  let stopped = false;
  const watching = waitFor('the lookups to stop', 30_000, () => {
    const [answer] = testbed.node.netns.ipJson<{ gateway?: string }[]>('route', 'get', '192.168.0.10');
    if (answer?.gateway !== '10.184.0.1') misses.push(JSON.stringify(answer));
    return stopped;
  });
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return misses;
    },
  };
}
