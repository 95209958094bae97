import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { DUAL_STACK, SEEDS } from '../topology/topology';

jest.setTimeout(60_000);

const WITHOUT_PRIVATE = {
  ...SEEDS,
  nodes: [{ name: 'worker-1', private: ['192.0.2.2/24'], public: ['198.51.100.2/28'] }],
  routers: [['192.0.2.1/24']],
  privateNetworks: [],
};

describeLab('a route that is present but not effective is reported with the entry that wins', () => {
  it('another table that a rule selects first', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.node.netns.batch([
        'route add 192.168.0.0/24 via 198.51.100.1 table 77',
        'rule add to 192.168.0.0/24 lookup 77 pref 100',
      ]);
      await testbed.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 shadowed: a lookup finds 192\.168\.0\.0\/24 via 198\.51\.100\.1 dev pub, protocol 3, metric 0, table 77/,
      );
      testbed.ip('rule del pref 100');
      await testbed.untilReadiness(pod, true, /2 effective/);
    }));

  it('a better metric', () =>
    Testbed.run({ env: { ROUTE_METRIC: '100' } }, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.ip('route add 192.168.0.0/24 via 198.51.100.1 metric 5');
      await testbed.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 conflicting: listed via 10\.184\.0\.1 dev priv, but the node has 192\.168\.0\.0\/24 via 198\.51\.100\.1 dev pub, protocol 3, metric 5/,
      );
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      testbed.ip('route del 192.168.0.0/24 metric 5');
      await testbed.untilReadiness(pod, true, /2 effective/);
    }));

  it('in IPv6 as well, by metric and by rule', () =>
    Testbed.run(
      {
        topology: DUAL_STACK,
        env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
        list: ['2001:db8:a::/64', '2001:db8:b::/64'],
      },
      async (testbed) => {
        const pod = await testbed.startReady();
        testbed.ip('-6 route add 2001:db8:a::/64 via 2001:db8:51::1 metric 5');
        await testbed.untilReadiness(pod, false, /2001:db8:a::\/64 conflicting/);
        testbed.ip('-6 route del 2001:db8:a::/64 metric 5');
        await testbed.untilReadiness(pod, true, /2 effective/);
        testbed.ip('route add 2001:db8:b::/64 via 2001:db8:51::1 table 77');
        testbed.ip('-6 rule add to 2001:db8:b::/64 lookup 77 pref 100');
        await testbed.untilReadiness(pod, false, /2001:db8:b::\/64 shadowed/);
      },
    ));

  it('a longer prefix inside it takes only its own part', () =>
    Testbed.run({ list: ['192.168.0.0/16', '192.168.1.0/24'] }, async (testbed) => {
      testbed.ip('route add 192.168.0.0/24 via 198.51.100.1');
      const pod = await testbed.startReady();
      expect((await testbed.status(pod)).counts).toEqual({ effective: 2 });
    }));

  it('strict rp_filter on a private link that the routes do not use is reported', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.node.netns.batch([
        'link add other type veth peer name other-end',
        'addr add 10.99.0.2/24 dev other',
        'link set other up',
      ]);
      const { reversePathFilters } = await testbed.status(pod);
      expect(reversePathFilters).toContainEqual({ interface: 'priv', mode: 'strict' });
      await testbed.untilReadiness(pod, true, /effective/);
      testbed.putList(['192.168.0.0/24']);
      await testbed.untilOwned(['192.168.0.0/24']);
      const after = await testbed.status(pod);
      expect(after.reversePathFilters.find(({ interface: name }) => name === 'other')?.warning).toMatch(
        /on-premise packets that arrive here are dropped/,
      );
    }));
});

describeLab('a node outside the private network', () => {
  it('is ready and says that nothing applies', () =>
    Testbed.run({ topology: WITHOUT_PRIVATE }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(
        pod,
        true,
        /2 routes: 2 not-applicable \(this node has no route for 10\.0\.0\.0\/8 and no address in it\)/,
      );
    }));

  it('is not, when the private network is required', () =>
    Testbed.run({ topology: WITHOUT_PRIVATE, env: { REQUIRE_PRIVATE_NETWORK: 'true' } }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /2 of 2 routes: 192\.168\.0\.0\/24 waiting/);
    }));
});
