import { describeLab } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import type { Namespace } from '../topology/namespaces';
import { NetnsClient } from '../topology/netns-client';
import { DUAL_STACK, type TopologyOptions } from '../topology/topology';
import { startWorkload } from '../topology/workload';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

const POD = ['172.30.5.9', 'fd00:172:30::9'];
const BYTES = 1420;
/** Each CPU has its own cache of path MTUs, and a packet may meet any of them. */
const ROUNDS = 3;

const SUBNETS = { 4: [0, 1, 2].map((i) => `192.168.${i}.0/24`), 6: ['a', 'b', 'c'].map((x) => `2001:db8:${x}::/64`) };

const FOUR_AND_SIX: TopologyOptions = {
  ...DUAL_STACK,
  servers: [0, 1, 2].map((i) => ({
    name: `orders-${i}`,
    addresses: [`192.168.${i}.10/24`, `2001:db8:${'abc'[i]}::10/64`],
  })),
};

const PLAIN = { topology: FOUR_AND_SIX, env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' }, list: [] };

/** The path MTU to each server for a packet from the namespace; undefined if the packet arrives whole. */
async function fates(testbed: Testbed, netns: Namespace, family: 4 | 6): Promise<(number | undefined)[]> {
  const client = NetnsClient.of(netns);
  const seen = SUBNETS[family].map(() => new Set<number | undefined>());
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { addresses }] of testbed.topology.servers.entries()) {
      const address = addresses[family === 4 ? 0 : 1] as string;
      netns.ip(`-${family}`, 'route', 'flush', 'cache');
      const error = await client.datagram({ address, bytes: BYTES - (family === 4 ? 28 : 48) });
      expect(['EMSGSIZE', 'ECONNREFUSED']).toContain(error);
      const [way] = netns.ipJson<{ metrics?: { mtu?: number }[] }[]>('route', 'get', address);
      seen[i]?.add(error === 'EMSGSIZE' ? way?.metrics?.[0]?.mtu : undefined);
    }
  }
  return seen.map((each) => (each.size === 1 ? [...each][0] : Number.NaN));
}

describeLab('the MTU of a route applies to that route only', () => {
  it.each([4, 6] as const)(
    'IPv%i: several values on one next hop, added, changed and removed, for packets from a pod',
    (family) =>
      Testbed.run(PLAIN, async (testbed) => {
        const pod = await testbed.startReady();
        const workload = startWorkload(testbed.node, { addresses: POD, interface: 'cali0' });
        const [router] = testbed.topology.routers;
        router?.netns.batch([`route add ${POD[0]} via 10.184.0.2`, `route add ${POD[1]} via fd00:184::2`]);
        for (const { netns } of [testbed.node, ...testbed.topology.servers])
          netns.sysctl({ 'ipv4/icmp_ratelimit': 0, 'ipv6/icmp/ratelimit': 0 });
        const entries = (...mtus: (number | undefined)[]) =>
          SUBNETS[family].map((subnet, i) => (mtus[i] === undefined ? subnet : { subnet, mtu: mtus[i] }));
        for (const mtus of [
          [1280, undefined, undefined],
          [1280, 1400, undefined],
          [undefined, 1400, 1300],
          [1300, 1300, 1300],
          [undefined, undefined, undefined],
        ]) {
          testbed.putList(entries(...mtus));
          await testbed.untilReadiness(pod, true, /3 effective/);
          await waitFor(`the path MTUs ${mtus}`, 5000, () => {
            const routes = testbed.topology.routes(family, PROTOCOL).sort((a, b) => a.dst.localeCompare(b.dst));
            return routes.length === 3 && routes.every(({ metrics }, i) => metrics?.[0]?.mtu === mtus[i]);
          });
          expect(await fates(testbed, workload, family)).toEqual(mtus);
        }
      }),
  );

  it('IPv6: the source address of a route applies to that route only', () =>
    Testbed.run(PLAIN, async (testbed) => {
      const pod = await testbed.startReady();
      const sources = ['fd00:184::8', 'fd00:184::9', 'fd00:184::9'];
      testbed.ip('addr add fd00:184::8/64 dev priv nodad');
      testbed.ip('addr add fd00:184::9/64 dev priv nodad');
      testbed.putList(SUBNETS[6].map((subnet, i) => ({ subnet, source: sources[i] })));
      await testbed.untilReadiness(pod, true, /3 effective/);
      const servers = await Promise.all(
        testbed.topology.servers.map(({ client, addresses: [, own] }) => client.serve(own as string, 0, 'here')),
      );
      for (let round = 0; round < ROUNDS; round++)
        for (const { url } of servers) expect(await testbed.node.client.fetch(url)).toMatchObject({ body: 'here' });
      for (const [i, server] of servers.entries()) expect(await server.seen()).toEqual(Array(ROUNDS).fill(sources[i]));
    }));

  it('a read-only pass changes nothing, and each value is restored after a link bounce', () =>
    Testbed.run(PLAIN, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.putList([{ subnet: '192.168.0.0/24', mtu: 1280 }, '192.168.1.0/24', '192.168.2.0/24']);
      await testbed.untilReadiness(pod, true, /3 effective/);
      const mtus = () => testbed.topology.routes(4, PROTOCOL).map(({ dst, metrics }) => [dst, metrics?.[0]?.mtu]);
      const wanted = [
        ['192.168.0.0/24', 1280],
        ['192.168.1.0/24', undefined],
        ['192.168.2.0/24', undefined],
      ];
      expect(mtus()).toEqual(wanted);
      const { stdout } = await testbed.get('/diff/node-routes');
      expect(JSON.parse(stdout)).toEqual([]);
      testbed.node.netns.batch(['link set priv down', 'link set priv up', 'route add 10.0.0.0/8 via 10.184.0.1']);
      await testbed.untilReadiness(pod, true, /3 effective/);
      expect(mtus()).toEqual(wanted);
      testbed.ip('route replace 10.0.0.0/8 via 10.184.0.3');
      await waitFor('the routes to use the other next hop', 5000, () =>
        testbed.topology.routes(4, PROTOCOL).every(({ gateway }) => gateway === '10.184.0.3'),
      );
      expect(mtus()).toEqual(wanted);
    }));
});
