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
