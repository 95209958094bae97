import { describeLab } from '../requirements';
import { PROTOCOL, type Status, Testbed } from '../testbed';
import { DUAL_STACK, SEEDS, type TopologyOptions } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(240_000);

const [FIRST, SECOND] = ['10.184.0.1', '10.184.0.3'] as const;
const BOTH = `${FIRST} ${SECOND}`;
const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const TWO_ROUTERS: TopologyOptions = { ...SEEDS, routers: [[`${FIRST}/26`], [`${SECOND}/26`]] };
const TARGET = '192.168.0.10:8080';
const ENV = { PROBES: `datacentre ${SUBNETS.join()} ${TARGET}`, PROBE_EVERY_MS: '1000' };

/** The first SYN of each connection is dropped. TCP repeats it after 1 s (RFC 6298). */
const LOSES_FIRST_SYN = `table ip lossy {
  set seen { type ipv4_addr . inet_service; timeout 4s; size 4096; }
  chain input {
    type filter hook input priority 0; policy accept;
    tcp flags & (syn | ack) == syn ip saddr . tcp sport @seen accept
    tcp flags & (syn | ack) == syn add @seen { ip saddr . tcp sport } drop
  }
}`;

const MASQUERADE =
  'table ip back { chain post { type nat hook postrouting priority srcnat; oifname "premises" masquerade; }\n}';
const DROP = 'table ip dead { chain forward { type filter hook forward priority 0; policy drop; }\n}';

const list = (mode?: string) =>
  SUBNETS.map((subnet) => ({ subnet, nextHops: [FIRST, SECOND], ...(mode !== undefined && { mode }) }));

/** The node's rules and routes for probes, in the format of `ip`. */
const rulesOf = (testbed: Testbed) =>
  testbed
    .ip('rule show')
    .split('\n')
    .filter((line) => line.startsWith('7:'));
const tablesOf = (testbed: Testbed) =>
  testbed.topology
    .routes()
    .filter(({ table }) => Number(table) >= 0x6f700000)
    .map(({ gateway }) => gateway);

/** The routers masquerade packets to the on-premise network, so answers return through the same router. */
async function withProbes(
  body: (testbed: Testbed) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
  mode?: string,
): Promise<void> {
  await Testbed.run({ topology: TWO_ROUTERS, list: list(mode), env: { ...ENV, ...env } }, async (testbed) => {
    await testbed.topology.serve();
    for (const { netns } of testbed.topology.routers) netns.load(MASQUERADE);
    await body(testbed);
  });
}

/** The tunnel behind a router is dead: the router answers ARP and ping, but forwards nothing. */
function breakTunnel({ topology }: Testbed, router: 0 | 1): void {
  topology.routers[router]?.netns.load(DROP);
}

function mendTunnel({ topology }: Testbed, router: 0 | 1): void {
  topology.routers[router]?.netns.run('nft', 'delete', 'table', 'ip', 'dead');
}

/** The next hops of the agent's routes in the kernel, if all routes have the same ones. */
function inUse({ topology }: Testbed): string {
  const routes = topology.routes(4, PROTOCOL).filter(({ table }) => table === '254');
  const ways = new Set(
    routes.map(({ gateway, nexthops }) => (nexthops ?? [{ gateway }]).map((hop) => hop.gateway).join(' ')),
  );
  return [...ways].join(' and ');
}

const untilInUse = (testbed: Testbed, hops: string, ms: number) =>
  waitFor(`the routes to use ${hops}`, ms, () => inUse(testbed) === hops);

/** Waits until the agent reports this state of the network. */
async function untilNetwork(testbed: Testbed, fits: (network: Status['networks'][number]) => boolean, ms = 20_000) {
  const pod = testbed.cluster.pods.at(-1);
  if (pod === undefined) throw new Error('no pod');
  let seen: unknown;
  await waitFor('the reported state of the network to match', ms, async () => {
    const { networks } = await testbed.status(pod);
    seen = networks;
    return networks.some(fits);
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(seen)}\n${pod.logs}`);
  });
}

const bothUp = ({ state, paths }: Status['networks'][number]) =>
  state === 'reachable' &&
  paths.every((path) => path.state === 'up' && path.misses === 0 && path.trouble === undefined);

describeLab('a dead VPN behind a live router', () => {
  it('is detected through each next hop, and routes use the other one; no probe objects remain at the end', () =>
    withProbes(async (testbed) => {
      const pod = await testbed.startReady();
      await untilNetwork(testbed, bothUp);
      expect(inUse(testbed)).toBe(BOTH);
      expect(rulesOf(testbed)).toEqual([
        expect.stringMatching(
          /from 10\.184\.0\.2 to 192\.168\.0\.10 ipproto tcp sport 61128-61131 dport 8080 lookup \d+ proto 142/,
        ),
        expect.stringMatching(/sport 61132-61135/),
      ]);
      expect(tablesOf(testbed)).toEqual([FIRST, SECOND]);
      // None of this comes from the route list.
      const { rulesBeforeMain, counters, routes } = await testbed.status(pod);
      expect([rulesBeforeMain, counters.repairs, routes.length]).toEqual([[], 0, 2]);

      breakTunnel(testbed, 0);
      await untilInUse(testbed, SECOND, 15_000);
      expect(await testbed.topology.rpFilterDrops()).toBe(0);
      await testbed.untilReadiness(pod, true, /2 effective/);
      const { stdout: metrics } = await testbed.get('/metrics');
      expect(metrics).toContain('onprem_link_network_reachable{network="datacentre"} 1');
      expect(metrics).toContain(
        `onprem_link_network_path_up{network="datacentre",next_hop="${FIRST}",interface="priv"} 0`,
      );
      expect(metrics).toContain(`onprem_link_next_hop_up{next_hop="${FIRST}",interface="priv"} 1`);
      await pod.stop();
      expect([rulesOf(testbed), tablesOf(testbed)]).toEqual([[], []]);
    }));

  it('gets no traffic back when the agent is restarted or killed, and leftovers are cleaned up', () =>
    withProbes(async (testbed) => {
      const pod = await testbed.startReady();
      await untilNetwork(testbed, bothUp);
      breakTunnel(testbed, 0);
      await untilInUse(testbed, SECOND, 15_000);
      pod.signal('SIGKILL');
      await pod.exited;
      expect(rulesOf(testbed)).toHaveLength(2);
      testbed.ip(
        'rule add from 10.184.0.2 to 192.168.9.9 ipproto tcp sport 61128-61131 dport 22 lookup 1869647370 prio 7 protocol 142',
      );
      testbed.ip(`route add default via ${FIRST} table 1869647370 proto 142`);
      await testbed.startReady();
      await untilNetwork(testbed, ({ paths }) => paths.some(({ state, misses }) => state === 'down' && misses > 0));
      expect(inUse(testbed)).toBe(SECOND);
      expect([rulesOf(testbed).length, tablesOf(testbed)]).toEqual([2, [FIRST, SECOND]]);
    }));

  it('if both are dead, nothing moves and the node reports it; the first to recover takes all traffic', () =>
    withProbes(async (testbed) => {
      const pod = await testbed.startReady();
      await untilNetwork(testbed, bothUp);
      breakTunnel(testbed, 0);
      breakTunnel(testbed, 1);
      await untilNetwork(testbed, ({ state }) => state === 'unreachable');
      expect(inUse(testbed)).not.toBe('');
      await testbed.untilReadiness(pod, true, /2 effective; no target answers in datacentre/);
      mendTunnel(testbed, 1);
      await untilNetwork(testbed, ({ state }) => state === 'reachable');
      await untilInUse(testbed, SECOND, 15_000);
    }));

  it('makes the node unready if requireReachable is set', () =>
    withProbes(
      async (testbed) => {
        const pod = await testbed.startReady();
        await untilNetwork(testbed, bothUp);
        breakTunnel(testbed, 0);
        breakTunnel(testbed, 1);
        await testbed.untilReadiness(pod, false, /no target answers in datacentre/);
        mendTunnel(testbed, 0);
        await testbed.untilReadiness(pod, true, /2 effective/);
      },
      { REQUIRE_REACHABLE: 'true' },
    ));

  it('a target that is itself down moves no traffic while another one answers', () =>
    withProbes(
      async (testbed) => {
        await testbed.startReady();
        await untilNetwork(testbed, ({ paths }) =>
          [TARGET, '192.168.1.77:443'].every((target) =>
            paths.some((path) => path.target === target && (target === TARGET ? path.misses === 0 : path.misses >= 4)),
          ),
        );
        expect(inUse(testbed)).toBe(BOTH);
      },
      { PROBES: `${ENV.PROBES},192.168.1.77:443` },
    ));

  it('a refused connection counts as an answer', () =>
    withProbes(
      async (testbed) => {
        await testbed.startReady();
        await untilNetwork(testbed, bothUp);
      },
      { PROBES: ENV.PROBES.replace(':8080', ':9') },
    ));

  it('deleted rules are restored, and a probe that takes the wrong path does not count', () =>
    withProbes(async (testbed) => {
      await testbed.startReady();
      await untilNetwork(testbed, bothUp);
      for (let i = 0; i < 2; i++) testbed.ip('rule del prio 7');
      testbed.ip(`route flush table ${0x6f700000 + 142 * 256}`);
      await waitFor(
        'the rules to be restored',
        10_000,
        () => rulesOf(testbed).length === 2 && tablesOf(testbed).length === 2,
      );
      await untilNetwork(testbed, bothUp);
      breakTunnel(testbed, 0);
      await untilInUse(testbed, SECOND, 15_000);
    }));

  it('a tunnel that flaps every 5 s moves the traffic at most twice a minute', () =>
    withProbes(async (testbed) => {
      await testbed.startReady();
      await untilNetwork(testbed, bothUp);
      const seen: string[] = [inUse(testbed)];
      const end = performance.now() + 60_000;
      for (let isDead = false; performance.now() < end; isDead = !isDead) {
        if (isDead) mendTunnel(testbed, 0);
        else breakTunnel(testbed, 0);
        const until = performance.now() + 5_000;
        await waitFor('five seconds to pass', 6_000, () => {
          const now = inUse(testbed);
          if (now !== seen.at(-1)) seen.push(now);
          return performance.now() >= until;
        });
      }
      expect(seen).toEqual([BOTH, SECOND]);
    }));

  it('a late answer after a lost first packet counts as an answer', () =>
    withProbes(
      async (testbed) => {
        testbed.topology.servers[0]?.netns.load(LOSES_FIRST_SYN);
        const pod = await testbed.startReady();
        await untilNetwork(
          testbed,
          ({ paths, roundTrip }) => bothUp({ state: 'reachable', paths }) && (roundTrip?.p50 ?? 0) > 900,
          60_000,
        );
        await pod.waitForLog(({ json }) => json?.event === 'network.reachable', 1_000);
        const lines = pod.logs.toString();
        expect(lines).not.toContain('path.down');
      },
      { PROBE_EVERY_MS: '5000' },
    ));

  it('is still detected without the API server, and while a changed list is on trial', () =>
    withProbes(async (testbed) => {
      const pod = await testbed.startReady();
      await untilNetwork(testbed, bothUp);
      testbed.putList([...list(), '192.168.7.0/24']);
      breakTunnel(testbed, 0);
      await waitFor(
        'the traffic to move',
        20_000,
        () => inUse(testbed).includes(SECOND) && !inUse(testbed).includes(BOTH),
      );
      await waitFor(
        'the list to be confirmed',
        30_000,
        async () => (await testbed.status(pod)).list.rollout.state === 'settled',
      );
      expect(testbed.owned()).toContain('192.168.7.0/24');
      testbed.cluster.api.fail(500);
      mendTunnel(testbed, 0);
      breakTunnel(testbed, 1);
      await waitFor('the traffic to move back', 20_000, () => inUse(testbed).split(' and ').includes(FIRST));
    }));

  it('in IPv6', () =>
    Testbed.run(
      {
        topology: {
          ...DUAL_STACK,
          routers: [
            [`${FIRST}/26`, 'fd00:184::1/64'],
            [`${SECOND}/26`, 'fd00:184::3/64'],
          ],
        },
        env: {
          PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8',
          PROBES: 'datacentre 2001:db8:a::/64 [2001:db8:a::10]:8080',
          PROBE_EVERY_MS: '1000',
        },
        list: [{ subnet: '2001:db8:a::/64', nextHops: ['fd00:184::1', 'fd00:184::3'] }],
      },
      async (testbed) => {
        await testbed.topology.serve();
        for (const { netns } of testbed.topology.routers) netns.load(MASQUERADE.replace('table ip', 'table ip6'));
        await testbed.startReady();
        await untilNetwork(testbed, bothUp);
        testbed.topology.routers[0]?.netns.load(DROP.replace('table ip', 'table ip6'));
        await waitFor('the route to use the second next hop', 15_000, () => {
          const [route] = testbed.topology.routes(6, PROTOCOL).filter(({ table }) => table === '254');
          return (route?.gateway ?? route?.nexthops?.map(({ gateway }) => gateway).join()) === 'fd00:184::3';
        });
      },
    ));
});
