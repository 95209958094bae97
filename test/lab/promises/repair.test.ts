import { describeLab } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { DUAL_STACK, SEEDS, type TopologyOptions } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

/** A topology with a second router, so that the private network's next hop can change. */
const TWO_ROUTERS: TopologyOptions = { ...SEEDS, routers: [['10.184.0.1/26'], ['10.184.0.3/26']] };

/** Enough for a busy machine; `npm run bench` measures the real speed. */
const SOON = 3000;

describeLab('drift of the kernel is repaired from its events', () => {
  it('when a route is deleted by hand', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.ip('route del 192.168.0.0/24');
      await testbed.untilOwned(SUBNETS, SOON);
      await waitFor('the repair to be counted', SOON, async () => (await testbed.status(pod)).counters.repairs > 0);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('when the table is flushed, including the private network', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      // iproute2 cannot flush routes with nexthop objects, but flushing the objects removes the routes too.
      testbed.ip('nexthop flush');
      testbed.ip('-4 route flush table main proto boot');
      testbed.ip('-4 route flush table main proto kernel');
      await testbed.untilReadiness(pod, false, /no route for 10\.0\.0\.0\/8|API server/);
      testbed.node.netns.batch([
        'route add 10.184.0.0/26 dev priv proto kernel scope link src 10.184.0.2',
        'route add 198.51.100.0/28 dev pub proto kernel scope link src 198.51.100.2',
        'route add 10.0.0.0/8 via 10.184.0.1',
        'route add default via 198.51.100.1',
      ]);
      await testbed.untilOwned(SUBNETS, SOON);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('when the link bounces, which flushes routes and nexthop objects without an event for either', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      testbed.ip('link set priv down');
      expect(testbed.owned()).toEqual([]);
      testbed.node.netns.batch(['link set priv up', 'route add 10.0.0.0/8 via 10.184.0.1']);
      await testbed.untilOwned(SUBNETS, SOON);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('when the address is removed and added again', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      testbed.node.netns.batch(['addr del 10.184.0.2/26 dev priv']);
      testbed.node.netns.batch(['addr add 10.184.0.2/26 dev priv', 'route replace 10.0.0.0/8 via 10.184.0.1']);
      await testbed.untilOwned(SUBNETS, SOON);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('when the nexthop objects are flushed', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      testbed.ip('nexthop flush');
      await testbed.untilOwned(SUBNETS, SOON);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it("and unlisted routes with the agent's protocol number are removed", () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      testbed.ip(`route add 172.31.0.0/24 via 10.184.0.1 proto ${PROTOCOL}`);
      await testbed.untilOwned(SUBNETS, SOON);
    }));

  it('in both families', () =>
    Testbed.run({ topology: DUAL_STACK, env: DUAL_ENV, list: DUAL_LIST }, async (testbed) => {
      await testbed.startReady();
      testbed.ip('-6 route del 2001:db8:a::/64');
      await testbed.untilOwned(['2001:db8:a::/64', '2001:db8:b::/64'], SOON, 6);
      expect(await testbed.topology.answered()).toBe(true);
    }));
});

describeLab('when the private network gets another next hop', () => {
  it('all routes follow with one change of their nexthop object', () =>
    Testbed.run({ topology: TWO_ROUTERS }, async (testbed) => {
      const pod = await testbed.startReady();
      const before = testbed.topology.nexthops();
      testbed.ip('route replace 10.0.0.0/8 via 10.184.0.3');
      await waitFor('the routes to follow', SOON, () =>
        testbed.topology.routes(4, PROTOCOL).every(({ gateway }) => gateway === '10.184.0.3'),
      );
      expect(testbed.topology.nexthops().map(({ id }) => id)).toEqual(before.map(({ id }) => id));
      const moved = await pod.waitForLog(
        ({ json }) => json?.event === 'routes.changed' && json.trigger === 'kernel event',
        SOON,
      );
      expect(moved.json?.message).toBe('0 routes added, 0 changed, 0 removed, next hop changed');
    }));

  it('while there is no next hop, the routes stay unchanged and the node is not Ready', () =>
    Testbed.run({ topology: TWO_ROUTERS }, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.ip('route del 10.0.0.0/8');
      await testbed.untilReadiness(pod, false, /no route for 10\.0\.0\.0\/8/);
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await testbed.topology.answered()).toBe(true);
      testbed.ip('route add 10.0.0.0/8 via 10.184.0.3');
      await testbed.untilReadiness(pod, true, /2 effective/);
      expect(new Set(testbed.topology.routes(4, PROTOCOL).map(({ gateway }) => gateway))).toEqual(
        new Set(['10.184.0.3']),
      );
    }));
});

const DUAL_ENV = { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' };
const DUAL_LIST = [...SUBNETS, '2001:db8:a::/64', '2001:db8:b::/64'];
