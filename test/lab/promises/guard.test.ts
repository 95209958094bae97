import { API_SERVER_NAME } from '../cluster';
import type { Manifest } from '../dist';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { DUAL_STACK } from '../topology/topology';

jest.setTimeout(60_000);

const GUARDED = { PROTECTED_SUBNETS: '172.30.0.0/16', ALLOW_DEFAULT_ROUTE: 'true' };

/** A pod of it finds this address under this name in /etc/hosts. */
function withHostAlias(workload: Manifest, ip: string, name: string): Manifest {
  const copy = structuredClone(workload) as Manifest & { spec: { template: { spec: { hostAliases?: object[] } } } };
  copy.spec.template.spec.hostAliases = [{ ip, hostnames: [name] }];
  return copy;
}

describeLab('a route that takes something the node depends on is rejected, and the rest of the list is applied', () => {
  it.each([
    ['10.184.0.0/26', /lies in 10\.184\.0\.0\/26, which is connected to this node's priv/],
    ['10.184.0.16/28', /lies in 10\.184\.0\.0\/26, which is connected to this node's priv/],
    ['198.51.100.0/28', /connected to this node's pub/],
    ['172.30.5.0/24', /lies in the protected subnet 172\.30\.0\.0\/16/],
    [
      '203.0.113.0/24',
      /would take the route to the API server 203\.0\.113\.10, which now goes via 198\.51\.100\.1 dev pub/,
    ],
    ['172.16.0.0/12', /would take the route to the protected subnet 172\.30\.0\.0\/16/],
    ['168.63.128.0/20', /would take the route to the metadata range 168\.63\.129\.16\/32/],
    ['168.0.0.0/6', /would take the route to the metadata range 169\.254\.0\.0\/16/],
  ])('%s is rejected with the reason', (subnet, reason) =>
    Testbed.run({ list: [subnet, '192.168.1.0/24'], env: GUARDED }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, reason);
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      expect((await testbed.status(pod)).counts).toEqual({ effective: 1, refused: 1 });
    }),
  );

  it('the IPv6 metadata address of EC2 is protected, although it is in the private network', () =>
    Testbed.run(
      {
        topology: DUAL_STACK,
        env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
        list: [{ subnet: 'fd00:ec2::/32', nextHop: '2001:db8:51::1' }, '192.168.1.0/24'],
      },
      async (testbed) => {
        const pod = await testbed.cluster.startPod();
        await testbed.untilReadiness(pod, false, /would take the route to the metadata range fd00:ec2::254\/128/);
        expect([testbed.owned(4), testbed.owned(6)]).toEqual([['192.168.1.0/24'], []]);
      },
    ));

  it('the address of the API server is protected if the agent knows it by name only', () =>
    Testbed.run(
      { list: ['203.0.113.0/24', '192.168.1.0/24'], env: { KUBERNETES_SERVICE_HOST: API_SERVER_NAME } },
      async (testbed) => {
        const workload = withHostAlias(testbed.cluster.workload, '203.0.113.10', API_SERVER_NAME);
        const pod = await testbed.cluster.startPod(testbed.node, workload);
        await testbed.untilReadiness(
          pod,
          false,
          /203\.0\.113\.0\/24 refused: .*would take the route to the API server 203\.0\.113\.10/,
        );
        expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      },
    ));

  it('a protected range is checked completely, even if a more specific route covers its first half', () =>
    Testbed.run(
      {
        list: [{ subnet: '10.176.0.0/16', nextHop: '198.51.100.1' }, '192.168.1.0/24'],
        env: { PROTECTED_SUBNETS: '10.176.100.0/24' },
      },
      async (testbed) => {
        testbed.ip('route add 10.176.100.0/25 via 10.184.0.1');
        const pod = await testbed.cluster.startPod();
        await testbed.untilReadiness(
          pod,
          false,
          /would take the route to the protected subnet 10\.176\.100\.0\/24, which now goes via 10\.184\.0\.1 dev priv/,
        );
        expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      },
    ));

  it('routes in other tables are checked too, because a rule for these tables can be added at any time', () =>
    Testbed.run({ list: [{ subnet: '10.184.0.0/16', table: 1000 }, '192.168.1.0/24'] }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /10\.184\.0\.0\/16 would take the route to /);
      testbed.ip('rule add pref 100 lookup 1000');
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      expect(await testbed.topology.answered()).toBe(false); // only one of the two subnets is routed
    }));

  it('a list cannot do what the DaemonSet does not allow', () =>
    Testbed.run(
      {
        list: [
          { subnet: '192.168.0.0/24', nextHop: '198.51.100.1' },
          { subnet: '192.168.2.0/24', interface: 'pub' },
          { subnet: '192.168.3.0/24', table: 1000 },
          '192.168.1.0/24',
        ],
        env: { ALLOWED_TABLES: '254', ALLOWED_NEXT_HOPS: '10.184.0.0/26', ALLOWED_INTERFACES: 'priv' },
      },
      async (testbed) => {
        const pod = await testbed.cluster.startPod();
        await testbed.untilReadiness(
          pod,
          false,
          /next hop 198\.51\.100\.1 is not allowed for this list; add it to allow\.nextHops/,
        );
        expect(testbed.owned()).toEqual(['192.168.1.0/24']);
        expect((await testbed.status(pod)).counts).toEqual({ effective: 1, refused: 3 });
      },
    ));

  it.each([
    ['', ['addr add 192.168.0.99/24 dev pub']],
    [
      ' with another metric, as NetworkManager adds it',
      [
        'addr add 192.168.0.99/24 dev pub noprefixroute',
        'route add 192.168.0.0/24 dev pub proto kernel scope link src 192.168.0.99 metric 100',
      ],
    ],
  ])('if a listed subnet becomes connected%s, its route is withdrawn, also by the next agent', (_, lines) =>
    Testbed.run({}, async (testbed) => {
      const isRefused = /192\.168\.0\.0\/24 refused: .*connected to this node's pub/;
      const pod = await testbed.startReady();
      testbed.node.netns.batch(lines);
      await testbed.untilReadiness(pod, false, isRefused);
      await testbed.untilOwned(['192.168.1.0/24']);
      await pod.stop();
      const next = await testbed.cluster.startPod();
      await testbed.untilReadiness(next, false, isRefused);
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      testbed.ip('addr del 192.168.0.99/24 dev pub');
      await testbed.untilReadiness(next, true, /2 effective/);
    }),
  );

  it('a Docker network that contains listed subnets causes their routes to be withdrawn until it is removed', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.node.netns.batch([
        'link add br-docker type bridge',
        'addr add 192.168.0.1/20 dev br-docker',
        'link set br-docker up',
      ]);
      await testbed.untilReadiness(pod, false, /192\.168\.0\.0\/24 refused: .*connected to this node's br-docker/);
      await testbed.untilOwned([]);
      testbed.ip('link del br-docker');
      await testbed.untilReadiness(pod, true, /2 effective/);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('a route that contains a connected subnet is harmless and is installed', () =>
    Testbed.run({ list: ['10.184.0.0/16', '192.168.0.0/16'] }, async (testbed) => {
      await testbed.startReady();
      expect(testbed.owned()).toEqual(['10.184.0.0/16', '192.168.0.0/16']);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('the default route needs an opt-in, and even then must not take the route to the API server', () =>
    Testbed.run({ list: ['0.0.0.0/0'], env: { ALLOW_DEFAULT_ROUTE: 'true' } }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /conflicting|would take the route to the API server/);
      expect(testbed.owned()).toEqual([]);
    }));
});
