import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { addressOf, nth } from '../topology/addresses';
import { DUAL_STACK, SEEDS, type TopologyOptions } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const [FIRST, SECOND] = ['10.184.0.1', '10.184.0.3'] as const;
const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const TWO_ROUTERS: TopologyOptions = { ...SEEDS, routers: [[`${FIRST}/26`], [`${SECOND}/26`]] };
const TWO_DUAL_ROUTERS: TopologyOptions = {
  ...DUAL_STACK,
  routers: [
    [`${FIRST}/26`, 'fd00:184::1/64'],
    [`${SECOND}/26`, 'fd00:184::3/64'],
  ],
};

const over = (subnets: readonly string[], nextHops: readonly string[], mode?: string) =>
  subnets.map((subnet) => ({ subnet, nextHops, ...(mode !== undefined && { mode }) }));

/** A router dies on the private side, while the node's link stays up. On-premise routers notice it at once. */
function silence(testbed: Testbed, router: 0 | 1): void {
  testbed.topology.routers[router]?.netns.ip('link', 'set', 'priv', 'down');
  leadBackBy(testbed, router === 0 ? 1 : 0);
}

function revive(testbed: Testbed, router: 0 | 1): void {
  testbed.topology.routers[router]?.netns.ip('link', 'set', 'priv', 'up');
  leadBackBy(testbed, router);
}

/** Sets the router by which on-premise servers answer: at the first address of each subnet, or the last but one. */
function leadBackBy(testbed: Testbed, router: 0 | 1): void {
  testbed.topology.options.servers.forEach(({ addresses }, i) => {
    const gateways = addresses.map((address) => addressOf(nth(address, router === 0 ? 1 : -2)));
    testbed.topology.servers[i]?.netns.batch(gateways.map((gateway) => `route replace default via ${gateway}`));
  });
}

/** The next hops of the agent's routes in the kernel, if all routes have the same ones. */
function inUse(testbed: Testbed, family: 4 | 6 = 4): string {
  const routes = testbed.topology.routes(family, PROTOCOL);
  const ways = routes.map(({ gateway, nexthops }) => (nexthops ?? [{ gateway }]).map((hop) => hop.gateway).join(' '));
  return new Set(ways).size === 1 ? (ways[0] as string) : `different: ${ways.join(', ')}`;
}

/** Waits until the agent's routes use these next hops. */
async function untilInUse(testbed: Testbed, pod: Pod, hops: string, ms: number, family: 4 | 6 = 4): Promise<void> {
  await waitFor(`the routes to use ${hops}`, ms, () => inUse(testbed, family) === hops, 5).catch((error: Error) => {
    throw new Error(`${error.message}; they use ${inUse(testbed, family)}\n${pod.logs}`);
  });
}

describeLab('several next hops', () => {
  it('a dead one is removed by one message, packets flow, and it is used again once it answers', () =>
    Testbed.run({ topology: TWO_ROUTERS, list: over(SUBNETS, [FIRST, SECOND]) }, async (testbed) => {
      const pod = await testbed.startReady();
      expect(inUse(testbed)).toBe(`${FIRST} ${SECOND}`);
      const objects = testbed.topology.routes(4, PROTOCOL).map(({ nhid }) => nhid);
      silence(testbed, 0);
      await untilInUse(testbed, pod, SECOND, 20_000);
      expect(testbed.topology.routes(4, PROTOCOL).map(({ nhid }) => nhid)).toEqual(objects);
      expect(await testbed.topology.answered()).toBe(true);
      await testbed.untilReadiness(pod, true, /2 effective; next hop 10\.184\.0\.1 dev priv does not answer/);
      expect((await testbed.status(pod)).nextHops).toMatchObject([
        { nextHop: FIRST, state: 'down' },
        { nextHop: SECOND, state: 'up' },
      ]);
      const { stdout: metrics } = await testbed.get('/metrics');
      expect(metrics).toContain(`onprem_link_next_hop_up{next_hop="${FIRST}",interface="priv"} 0`);
      expect(metrics).toContain(`onprem_link_next_hop_up{next_hop="${SECOND}",interface="priv"} 1`);

      revive(testbed, 0);
      await pod.waitForLog(({ json }) => json?.event === 'nexthop.returning', 20_000);
      await untilInUse(testbed, pod, `${FIRST} ${SECOND}`, 15_000);
      expect(testbed.topology.routes(4, PROTOCOL).map(({ nhid }) => nhid)).toEqual(objects);
      expect(await testbed.topology.answered()).toBe(true);
      expect((await testbed.status(pod)).counters.repairs).toBe(0);
    }));

  it('in failover mode, the first that answers takes all traffic; the last one is never removed', () =>
    Testbed.run({ topology: TWO_ROUTERS, list: over(SUBNETS, [FIRST, SECOND], 'failover') }, async (testbed) => {
      const pod = await testbed.startReady();
      expect(inUse(testbed)).toBe(FIRST);
      expect(await testbed.topology.answered()).toBe(true);
      silence(testbed, 0);
      await untilInUse(testbed, pod, SECOND, 20_000);
      expect(await testbed.topology.answered()).toBe(true);
      silence(testbed, 1);
      await pod.waitForLog(({ json }) => json?.event === 'nexthop.down' && json.nextHop === SECOND, 8000);
      expect(inUse(testbed)).toBe(SECOND);
      expect(testbed.owned()).toEqual(SUBNETS);
      revive(testbed, 0);
      // No other next hop answers, so it is used before it counts as up.
      await untilInUse(testbed, pod, FIRST, 20_000);
      const up = pod.logs.lines.filter(({ json }) => json?.event === 'nexthop.up' && json.nextHop === FIRST);
      expect(up).toEqual([]);
      expect(await testbed.topology.answered()).toBe(true);
    }));

  it('in both families', () =>
    Testbed.run(
      {
        topology: TWO_DUAL_ROUTERS,
        env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
        list: [
          ...over(SUBNETS, [FIRST, SECOND], 'failover'),
          ...over(['2001:db8:a::/64', '2001:db8:b::/64'], ['fd00:184::1', 'fd00:184::3'], 'failover'),
        ],
      },
      async (testbed) => {
        const pod = await testbed.startReady();
        expect(await testbed.topology.answered()).toBe(true);
        silence(testbed, 0);
        await untilInUse(testbed, pod, 'fd00:184::3', 20_000, 6);
        await untilInUse(testbed, pod, SECOND, 20_000);
        expect(await testbed.topology.answered()).toBe(true);
      },
    ));

  it('one with a manually set neighbour entry counts as up, and the entry stays', () =>
    Testbed.run({ topology: TWO_ROUTERS, list: [] }, async (testbed) => {
      testbed.ip(`neigh replace ${FIRST} lladdr 02:00:00:00:00:01 dev priv nud permanent`);
      const pod = await testbed.startReady();
      testbed.putList(over(SUBNETS, [FIRST, SECOND]));
      silence(testbed, 0);
      silence(testbed, 1);
      await untilInUse(testbed, pod, FIRST, 8000);
      expect(testbed.ip(`neigh show ${FIRST} dev priv`)).toContain('PERMANENT');
    }));

  it('if this node cannot reach one, its routes use the others', () =>
    Testbed.run({ topology: TWO_ROUTERS, list: over(SUBNETS, ['203.0.113.77', SECOND]) }, async (testbed) => {
      const pod = await testbed.startReady();
      expect(inUse(testbed)).toBe(SECOND);
      expect(await testbed.topology.answered()).toBe(true);
      await testbed.untilReadiness(pod, true, /2 effective; next hop 203\.0\.113\.77 is not on a link of this node/);
    }));
});
