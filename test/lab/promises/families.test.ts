import { describeLab } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { DUAL_STACK, SEEDS, type TopologyOptions } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

const BOTH = { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' };

const IPV6_ONLY: TopologyOptions = {
  nodes: [{ name: 'worker-1', private: ['fd00:184::2/64'], public: ['2001:db8:51::2/64'] }],
  routers: [['fd00:184::1/64']],
  privateNetworks: ['fd00::/8'],
  gateway: ['2001:db8:51::1/64'],
  apiServer: ['2001:db8:203::10'],
  servers: [{ name: 'orders-1', addresses: ['2001:db8:a::10/64'] }],
  rpFilter: 1,
};

const TWO_ROUTERS: TopologyOptions = { ...SEEDS, routers: [['10.184.0.1/26'], ['10.184.0.3/26']] };

describeLab('both families', () => {
  it('on a dual-stack node', () =>
    Testbed.run(
      {
        topology: DUAL_STACK,
        env: BOTH,
        list: ['192.168.0.0/24', '192.168.1.0/24', '2001:db8:a::/64', '2001:db8:b::/64'],
      },
      async (testbed) => {
        await testbed.startReady();
        expect(await testbed.topology.answered()).toBe(true);
        testbed.putList(['192.168.0.0/24', '192.168.1.0/24', '2001:db8:b::/64']);
        await testbed.untilOwned(['2001:db8:b::/64'], 5000, 6);
        const [, , , last] = await testbed.topology.exchange();
        expect(last?.fromNode.body).toBe('orders-2');
      },
    ));

  it('on an IPv6-only node, whose API server has an IPv6 address', () =>
    Testbed.run(
      { topology: IPV6_ONLY, env: { PRIVATE_NETWORKS: 'fd00::/8' }, list: ['2001:db8:a::/64'] },
      async (testbed) => {
        await testbed.startReady();
        expect(await testbed.topology.answered()).toBe(true);
      },
    ));

  it('a link-local next hop with its interface', () =>
    Testbed.run({ topology: DUAL_STACK, env: BOTH, list: [] }, async (testbed) => {
      await testbed.startReady();
      testbed.topology.routers[0]?.netns.ip('addr', 'add', 'fe80::1/64', 'dev', 'priv', 'nodad');
      testbed.putList([
        '192.168.0.0/24',
        '192.168.1.0/24',
        { subnet: '2001:db8:a::/64', nextHop: 'fe80::1', interface: 'priv' },
        { subnet: '2001:db8:b::/64', nextHop: 'fe80::1', interface: 'priv' },
      ]);
      await testbed.untilOwned(['2001:db8:a::/64', '2001:db8:b::/64'], 5000, 6);
      expect(await testbed.topology.answered()).toBe(true);
    }));
});

describeLab('the private network entry in its different forms', () => {
  it('IPv4 through an IPv6 next hop, for the private network and in the list', () =>
    Testbed.run({ topology: DUAL_STACK, env: BOTH, list: [] }, async (testbed) => {
      testbed.topology.routers[0]?.netns.ip('addr', 'add', 'fe80::1/64', 'dev', 'priv', 'nodad');
      testbed.ip('route replace 10.0.0.0/8 via inet6 fd00:184::1 dev priv');
      const pod = await testbed.startReady();
      testbed.putList([
        '192.168.0.0/24',
        { subnet: '192.168.1.0/24', nextHop: 'fe80::1', interface: 'priv' },
        '2001:db8:a::/64',
        '2001:db8:b::/64',
      ]);
      await testbed.untilReadiness(pod, true, /4 effective/);
      expect(testbed.owned()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
      expect(await testbed.topology.answered()).toBe(true);
      testbed.ip('route replace 10.0.0.0/8 via 10.184.0.1');
      await waitFor('the routes to use the next hop', 5000, () =>
        testbed.topology
          .nexthops()
          .some(({ gateway, protocol }) => gateway === '10.184.0.1' && protocol === `${PROTOCOL}`),
      );
      await testbed.untilReadiness(pod, true, /4 effective/);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('IPv4 through an IPv6 next hop, on an unnumbered link: the address is on lo, and packets are answered', () =>
    Testbed.run({ list: [] }, async (testbed) => {
      const router = testbed.topology.routers[0]?.netns;
      router?.batch([
        'addr add fe80::1/64 dev priv nodad',
        'addr del 10.184.0.1/26 dev priv',
        'addr add 10.184.0.1/32 dev lo',
      ]);
      testbed.node.netns.batch([
        'addr add fe80::2/64 dev priv nodad',
        'addr del 10.184.0.2/26 dev priv',
        'addr add 10.184.0.2/32 dev lo',
        'route add 10.0.0.0/8 via inet6 fe80::1 dev priv',
      ]);
      router?.ip('route', 'add', '10.184.0.2', 'via', 'inet6', 'fe80::2', 'dev', 'priv');
      const pod = await testbed.startReady();
      testbed.putList(['192.168.0.0/24', { subnet: '192.168.1.0/24', nextHop: 'fe80::1', interface: 'priv' }]);
      await testbed.untilReadiness(pod, true, /2 effective/);
      const { routes } = await testbed.status(pod);
      expect(routes.map(({ way }) => way)).toEqual(['via fe80::1 dev priv', 'via fe80::1 dev priv']);
      expect(await testbed.topology.answered()).toBe(true);
      testbed.ip('route del 192.168.0.0/24');
      await testbed.untilOwned(['192.168.0.0/24', '192.168.1.0/24']);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('listed twice: the entry that the kernel uses provides the next hop, and a blackhole before it is reported', () =>
    Testbed.run({}, async (testbed) => {
      testbed.ip('route add 10.0.0.0/8 via 10.184.0.9 dev priv metric 1024');
      const pod = await testbed.startReady();
      expect(await testbed.topology.answered()).toBe(true);
      testbed.ip('route del 10.0.0.0/8 metric 0');
      testbed.ip('route add blackhole 10.0.0.0/8');
      await testbed.untilReadiness(pod, false, /waiting: the node's route blackhole 10\.0\.0\.0\/8.* has no next hop/);
      // In this order: if the entry via 10.184.0.9 were the best one for a moment, the agent would be Ready with it.
      testbed.ip('route add 10.0.0.0/8 via 10.184.0.1 dev priv metric 50');
      testbed.ip('route del blackhole 10.0.0.0/8');
      await testbed.untilReadiness(pod, true, /2 effective/);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('an expired entry provides no next hop, although a dump still contains it', () =>
    Testbed.run(
      { topology: IPV6_ONLY, env: { PRIVATE_NETWORKS: 'fd00::/8' }, list: ['2001:db8:a::/64'] },
      async (testbed) => {
        testbed.ip('-6 route del fd00::/8');
        testbed.ip('-6 route add fd00::/8 via fd00:184::1 dev priv proto ra expires 1');
        await waitFor('the entry to expire', 5000, () => /expires -\d/.test(testbed.ip('-6 route show fd00::/8')));
        const pod = await testbed.cluster.startPod();
        await testbed.untilReadiness(pod, false, /no route for fd00::\/8/);
      },
    ));
});

describeLab('every field of a route', () => {
  it('table, metric, source and MTU reach the kernel, and so do changes to them', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.ip('addr add 10.184.0.9/26 dev priv');
      testbed.putList([
        { subnet: '192.168.0.0/24', metric: 50, source: '10.184.0.9', mtu: 1350, comment: 'narrow tunnel' },
        { subnet: '192.168.1.0/24', table: 1000 },
      ]);
      await testbed.untilReadiness(pod, true, /1 effective, 1 installed/);
      const routes = testbed.topology.routes(4, PROTOCOL).sort((a, b) => a.dst.localeCompare(b.dst));
      expect(routes).toMatchObject([
        { dst: '192.168.0.0/24', metric: 50, prefsrc: '10.184.0.9', metrics: [{ mtu: 1350 }] },
        { dst: '192.168.1.0/24', table: '1000' },
      ]);
      testbed.putList([{ subnet: '192.168.0.0/24', metric: 50, mtu: 1300 }]);
      await testbed.untilReadiness(pod, true, /1 routes: 1 effective/);
      const [changed] = testbed.topology.routes(4, PROTOCOL);
      expect(changed).toMatchObject({ dst: '192.168.0.0/24', metrics: [{ mtu: 1300 }] });
      expect(changed?.prefsrc).toBeUndefined();
    }));

  it('its own next hop, several next hops that share traffic, and one that is not on any link', () =>
    Testbed.run({ topology: TWO_ROUTERS }, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.putList([
        { subnet: '192.168.0.0/24', nextHop: '10.184.0.3' },
        { subnet: '192.168.1.0/24', nextHops: ['10.184.0.1', '10.184.0.3'] },
        { subnet: '192.168.5.0/24', nextHop: '203.0.113.77' },
      ]);
      await testbed.untilReadiness(
        pod,
        false,
        /192\.168\.5\.0\/24 waiting: next hop 203\.0\.113\.77 is not on a link of this node/,
      );
      expect(testbed.topology.routes(4, PROTOCOL)).toMatchObject([
        { dst: '192.168.0.0/24', gateway: '10.184.0.3' },
        { dst: '192.168.1.0/24', nexthops: [{ gateway: '10.184.0.1' }, { gateway: '10.184.0.3' }] },
      ]);
      testbed.putList([]);
      await testbed.untilOwned([]);
      expect(testbed.topology.nexthops()).toEqual([]);
    }));

  it('a route with a missing interface waits until the interface exists', () =>
    Testbed.run({ list: [{ subnet: '192.168.0.0/24', nextHop: '10.99.0.1', interface: 'late' }] }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /this node has no interface late/);
      testbed.node.netns.batch([
        'link add late type veth peer name other',
        'addr add 10.99.0.2/24 dev late',
        'link set late up',
        'link set other up',
      ]);
      await testbed.untilReadiness(pod, true, /1 effective/);
    }));
});

describeLab("the private network's route", () => {
  it('may be onlink, as in clouds with /32 addresses', () =>
    Testbed.run({}, async (testbed) => {
      testbed.node.netns.batch([
        'addr del 10.184.0.2/26 dev priv',
        'addr add 10.184.0.2/32 dev priv',
        'route add 10.0.0.0/8 via 10.184.0.1 dev priv onlink',
      ]);
      await testbed.startReady();
      expect(testbed.topology.routes(4, PROTOCOL).every(({ flags }) => flags.includes('onlink'))).toBe(true);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('may be multipath', () =>
    Testbed.run({ topology: TWO_ROUTERS }, async (testbed) => {
      testbed.ip('route replace 10.0.0.0/8 nexthop via 10.184.0.1 weight 3 nexthop via 10.184.0.3');
      await testbed.startReady();
      expect(testbed.topology.routes(4, PROTOCOL)[0]?.nexthops).toMatchObject([
        { gateway: '10.184.0.1', weight: 3 },
        { gateway: '10.184.0.3', weight: 1 },
      ]);
    }));

  it('may use a foreign nexthop object, or a group of them', () =>
    Testbed.run({ topology: TWO_ROUTERS }, async (testbed) => {
      testbed.node.netns.batch([
        'nexthop add id 5 via 10.184.0.3 dev priv',
        'nexthop add id 6 via 10.184.0.1 dev priv',
        'route replace 10.0.0.0/8 nhid 5',
      ]);
      const pod = await testbed.startReady();
      expect(testbed.topology.routes(4, PROTOCOL)[0]).toMatchObject({ gateway: '10.184.0.3' });
      testbed.node.netns.batch(['nexthop add id 7 group 5/6', 'route replace 10.0.0.0/8 nhid 7']);
      await pod.waitForLog(({ json }) => json?.event === 'routes.changed' && json.trigger === 'kernel event', 5000);
      expect(testbed.topology.routes(4, PROTOCOL)[0]?.nexthops).toHaveLength(2);
      expect(testbed.topology.nexthops().filter(({ protocol }) => protocol !== `${PROTOCOL}`)).toHaveLength(3);
    }));

  it('cannot be used without a next hop, which is reported', () =>
    Testbed.run({}, async (testbed) => {
      testbed.ip('route replace 10.0.0.0/8 dev priv');
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(
        pod,
        false,
        /the node's route 10\.0\.0\.0\/8 dev priv, protocol 3, metric 0 has no next hop; give the routes a nextHop/,
      );
    }));
});
