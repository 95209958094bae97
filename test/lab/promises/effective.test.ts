import { describeLab } from '../requirements';
import { Scene } from '../scene';
import { DUAL_STACK, SEEDS } from '../topology/picture';

jest.setTimeout(60_000);

const WITHOUT_PRIVATE = {
  ...SEEDS,
  nodes: [{ name: 'worker-1', private: ['192.0.2.2/24'], public: ['198.51.100.2/28'] }],
  routers: [['192.0.2.1/24']],
  privateNetworks: [],
};

describeLab('a route that is present but not effective is told with the entry that wins', () => {
  it('another table that a rule leads to first', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.node.netns.batch([
        'route add 192.168.0.0/24 via 198.51.100.1 table 77',
        'rule add to 192.168.0.0/24 lookup 77 pref 100',
      ]);
      await scene.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 shadowed: a lookup finds 192\.168\.0\.0\/24 via 198\.51\.100\.1 dev pub, protocol 3, metric 0, table 77/,
      );
      scene.ip('rule del pref 100');
      await scene.untilReadiness(pod, true, /2 effective/);
    }));

  it('a better metric', () =>
    Scene.play({ env: { ROUTE_METRIC: '100' } }, async (scene) => {
      const pod = await scene.startReady();
      scene.ip('route add 192.168.0.0/24 via 198.51.100.1 metric 5');
      await scene.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 conflicting: listed via 10\.184\.0\.1 dev priv, but the node has 192\.168\.0\.0\/24 via 198\.51\.100\.1 dev pub, protocol 3, metric 5/,
      );
      expect(scene.owned()).toEqual(['192.168.1.0/24']);
      scene.ip('route del 192.168.0.0/24 metric 5');
      await scene.untilReadiness(pod, true, /2 effective/);
    }));

  it('in IPv6 as well, by metric and by rule', () =>
    Scene.play(
      {
        picture: DUAL_STACK,
        env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
        list: ['2001:db8:a::/64', '2001:db8:b::/64'],
      },
      async (scene) => {
        const pod = await scene.startReady();
        scene.ip('-6 route add 2001:db8:a::/64 via 2001:db8:51::1 metric 5');
        await scene.untilReadiness(pod, false, /2001:db8:a::\/64 conflicting/);
        scene.ip('-6 route del 2001:db8:a::/64 metric 5');
        await scene.untilReadiness(pod, true, /2 effective/);
        scene.ip('route add 2001:db8:b::/64 via 2001:db8:51::1 table 77');
        scene.ip('-6 rule add to 2001:db8:b::/64 lookup 77 pref 100');
        await scene.untilReadiness(pod, false, /2001:db8:b::\/64 shadowed/);
      },
    ));

  it('a longer prefix inside it takes its own part only', () =>
    Scene.play({ list: ['192.168.0.0/16', '192.168.1.0/24'] }, async (scene) => {
      scene.ip('route add 192.168.0.0/24 via 198.51.100.1');
      const pod = await scene.startReady();
      expect((await scene.status(pod)).counts).toEqual({ effective: 2 });
    }));

  it('strict rp_filter on a private link that the routes do not use is named', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.node.netns.batch([
        'link add other type veth peer name other-end',
        'addr add 10.99.0.2/24 dev other',
        'link set other up',
      ]);
      const { reversePathFilters } = await scene.status(pod);
      expect(reversePathFilters).toContainEqual({ interface: 'priv', mode: 'strict' });
      await scene.untilReadiness(pod, true, /effective/);
      scene.putList(['192.168.0.0/24']);
      await scene.untilOwned(['192.168.0.0/24']);
      const after = await scene.status(pod);
      expect(after.reversePathFilters.find(({ interface: name }) => name === 'other')?.warning).toMatch(
        /packets from on premise that arrive here are dropped/,
      );
    }));
});

describeLab('a node outside the private network', () => {
  it('is ready and says that nothing applies', () =>
    Scene.play({ picture: WITHOUT_PRIVATE }, async (scene) => {
      const pod = await scene.cluster.startPod();
      await scene.untilReadiness(
        pod,
        true,
        /2 routes: 2 not-applicable \(this node has no route for 10\.0\.0\.0\/8 and no address in it\)/,
      );
    }));

  it('is not, when the private network is required', () =>
    Scene.play({ picture: WITHOUT_PRIVATE, env: { REQUIRE_PRIVATE_NETWORK: 'true' } }, async (scene) => {
      const pod = await scene.cluster.startPod();
      await scene.untilReadiness(pod, false, /2 of 2 routes: 192\.168\.0\.0\/24 waiting/);
    }));
});
