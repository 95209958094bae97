import { describeLab } from '../requirements';
import { PROTOCOL, Testbed, type TestbedOptions, withEnvironment } from '../testbed';
import { NetnsClient } from '../topology/netns-client';
import { missingForTraces, PacketTrace } from '../topology/packet-trace';
import { DUAL_STACK } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(120_000);

const IPV4 = ['192.168.0.0/24', '192.168.1.0/24'];
const IPV6 = ['2001:db8:a::/64', '2001:db8:b::/64'];
const LIST = [...IPV4, ...IPV6];
const SERVERS = ['192.168.0.10', '192.168.1.10', '2001:db8:a::10', '2001:db8:b::10'];
const ON_PREMISE = LIST.map((subnet) => `net ${subnet}`).join(' or ');
/** A server that answers on the public link. */
const PUBLIC_GATEWAY = '198.51.100.1';
const POD = '172.30.5.9';
const ENV = { OTHERWISE: 'unreachable', PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' };
/** Two addresses behind the default route that the guard does not protect. The route to the second one cuts off the first. */
const [TARGET, HIJACK] = ['203.0.113.99', '203.0.113.96/29'];
const WORST = 4294967295;
const RTN_UNREACHABLE = '7';

/** A dual-stack node, with a list of both families. */
function play(body: (testbed: Testbed) => Promise<void>, options: TestbedOptions = {}): Promise<void> {
  return Testbed.run({ topology: DUAL_STACK, env: ENV, list: LIST, ...options }, body);
}

/** The subnets of the agent's unreachable routes, sorted. */
function companions(testbed: Testbed): string[] {
  return ([4, 6] as const)
    .flatMap((family) => testbed.topology.routes(family, PROTOCOL))
    .filter(({ type, metric }) => type === RTN_UNREACHABLE && metric === WORST)
    .map(({ dst }) => dst)
    .sort();
}

function untilCompanions(testbed: Testbed, subnets: readonly string[], ms = 5000): Promise<boolean> {
  const wanted = [...subnets].sort().join(' ');
  return waitFor(
    `the unreachable routes to be ${wanted || 'none'}`,
    ms,
    () => companions(testbed).join(' ') === wanted,
  );
}

/** A pod with its own link, whose packets the node forwards. */
function addPod({ topology, node }: Testbed): NetnsClient {
  const pod = topology.lab.namespace('pod');
  const forwarding = { 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1 };
  // Otherwise the kernel's rate limit for ICMP would drop answers to the burst of datagrams.
  const answering = { 'ipv4/icmp_ratelimit': 0, 'ipv6/icmp/ratelimit': 0 };
  node.netns.sysctl({ ...forwarding, ...answering });
  topology.lab.link(
    { in: pod, name: 'eth0', addresses: [`${POD}/24`, 'fd00:30::9/64'] },
    { in: node.netns, name: 'cni0', addresses: ['172.30.5.1/24', 'fd00:30::1/64'] },
  );
  pod.batch(['route add default via 172.30.5.1', 'route add default via fd00:30::1']);
  return NetnsClient.of(pod);
}

/** Takes down the bridge end of the node's private link. */
function loseCarrier({ node, topology }: Testbed): void {
  const [link] = node.netns.ipJson<{ link_index: number }[]>('link', 'show', 'priv');
  const ends = topology.wires.ipJson<{ ifindex: number; ifname: string }[]>('link', 'show');
  const end = ends.find(({ ifindex }) => ifindex === link?.link_index);
  topology.wires.ip('link', 'set', `${end?.ifname}`, 'down');
}

/** Sends many datagrams from each sender to all servers. */
function send(senders: readonly NetnsClient[]): Promise<unknown> {
  const all = senders.flatMap((sender) => SERVERS.map((address) => ({ sender, address })));
  const repeated = Array.from({ length: 25 }, () => all).flat();
  return Promise.all(repeated.map(({ sender, address }) => sender.datagram({ address, bytes: 32, timeoutMs: 300 })));
}

/** The node's ICMP answer to a pod for a packet without a route. */
const NO_WAY = '(icmp[icmptype] == icmp-unreach and icmp[icmpcode] == 1) or (icmp6 and ip6[40] == 1)';

interface Traced {
  /** Packets to the on-premise network that left by the public link while the route was lost, and afterwards. */
  readonly leaks: readonly string[];
  /** The errors of the node's own connections afterwards. */
  readonly node: readonly (string | undefined)[];
  /** The servers for which the node answered a pod with "no route". */
  readonly pod: readonly string[];
}

async function traced(testbed: Testbed, pod: NetnsClient, end: () => unknown): Promise<Traced> {
  const { client, netns } = testbed.node;
  const [pub, cni] = await Promise.all([
    PacketTrace.start(netns, 'pub', ON_PREMISE, PUBLIC_GATEWAY),
    PacketTrace.start(netns, 'cni0', NO_WAY, POD),
  ]);
  const during = send([client, pod]);
  await end();
  await during;
  const answers = SERVERS.map((address) => client.connect({ address, port: 8080 }));
  await send([client, pod]);
  const node = (await Promise.all(answers)).map(({ error }) => error);
  const [leaks, icmp] = await Promise.all([pub.stop(), cni.stop()]);
  const isReported = (address: string) => new RegExp(` ${address}[ ,]`).test(icmp.join('\n'));
  return { leaks, node, pod: SERVERS.filter(isReported) };
}

/** No packet leaves the node, and every sender gets an error. */
const CLOSED: Traced = { leaks: [], node: SERVERS.map(() => 'EHOSTUNREACH'), pod: SERVERS };

describeLab(
  'while the on-premise route is missing, nothing leaves by the public link',
  () => {
    it.each<[string, (testbed: Testbed) => unknown]>([
      ['the link goes down', (testbed) => testbed.ip('link set priv down')],
      ['the carrier is lost', loseCarrier],
    ])('when %s', (_, end) =>
      play(async (testbed) => {
        const pod = addPod(testbed);
        await testbed.startReady();
        await untilCompanions(testbed, LIST);
        expect(await traced(testbed, pod, () => end(testbed))).toEqual(CLOSED);
        expect(companions(testbed)).toEqual([...LIST].sort());
      }),
    );

    it('when the gateway dies', () =>
      play(async (testbed) => {
        const pod = addPod(testbed);
        await testbed.startReady();
        await untilCompanions(testbed, LIST);
        const end = () => testbed.topology.routers[0]?.netns.ip('link', 'set', 'priv', 'down');
        expect((await traced(testbed, pod, end)).leaks).toEqual([]);
      }));

    it('when the agent is killed while the link is down, and when the next one starts', () =>
      play(async (testbed) => {
        const inPod = addPod(testbed);
        const pod = await testbed.startReady();
        await untilCompanions(testbed, LIST);
        testbed.ip('link set priv down');
        const kill = async () => {
          pod.signal('SIGKILL');
          await pod.exited;
        };
        expect(await traced(testbed, inPod, kill)).toEqual(CLOSED);
        const start = async () => {
          const next = await testbed.cluster.startPod();
          await next.waitForLog(({ json }) => json?.event === 'route.state', 10_000);
          await testbed.untilReadiness(next, false, /waiting/);
        };
        // By now the kernel no longer answers the pod's IPv4 packets: ip_error() in net/ipv4/route.c allows only a few.
        const { leaks, node } = await traced(testbed, inPod, start);
        expect({ leaks, node }).toEqual({ leaks: [], node: CLOSED.node });
        expect(companions(testbed)).toEqual([...LIST].sort());
        testbed.ip('link set priv up');
        testbed.node.netns.batch([
          'addr replace fd00:184::2/64 dev priv nodad',
          'route add 10.0.0.0/8 via 10.184.0.1',
          'route add fd00::/8 via fd00:184::1',
        ]);
        await waitFor('all requests to be answered', 10_000, () => testbed.topology.answered());
      }));

    it('without the option, packets do leave on the public link, from the node and from a pod', () =>
      play(
        async (testbed) => {
          const pod = addPod(testbed);
          await testbed.startReady();
          const { leaks } = await traced(testbed, pod, () => testbed.ip('link set priv down'));
          for (const address of SERVERS)
            for (const source of address.includes(':') ? ['2001:db8:51::2', 'fd00:30::9'] : ['198.51.100.2', POD])
              expect(leaks.join('\n')).toMatch(new RegExp(`${source}\\.\\d+ > ${address}\\.9: UDP`));
          expect(companions(testbed)).toEqual([]);
        },
        { env: { ...ENV, OTHERWISE: 'nothing' } },
      ));
  },
  missingForTraces(),
);

describeLab('an unreachable route exists only beside a confirmed route', () => {
  it('never beside a route that waits, is rejected, conflicts or is satisfied by another', () =>
    play(
      async (testbed) => {
        testbed.node.netns.batch([
          'route add 192.168.1.0/24 via 198.51.100.1',
          'route add 192.168.2.0/24 via 10.184.0.1 dev priv',
        ]);
        const pod = await testbed.cluster.startPod();
        await untilCompanions(testbed, ['192.168.0.0/24']);
        const { routes } = await testbed.status(pod);
        const found = routes.map(({ subnet, state, otherwise }) => [subnet, state, otherwise].join(' ').trim()).sort();
        expect(found).toEqual([
          '10.184.0.0/28 refused',
          '192.168.0.0/24 effective unreachable',
          '192.168.1.0/24 conflicting',
          '192.168.2.0/24 satisfied',
          '192.168.3.0/24 waiting',
        ]);
        // The same later, when a foreign route has the prefix.
        testbed.ip('route del 192.168.1.0/24');
        await untilCompanions(testbed, ['192.168.0.0/24', '192.168.1.0/24']);
      },
      {
        list: [
          ...['192.168.0.0/24', '192.168.1.0/24', '192.168.2.0/24', '10.184.0.0/28'],
          { subnet: '192.168.3.0/24', nextHop: '10.184.0.9', interface: 'missing' },
        ],
      },
    ));

  it('is withdrawn at once when a less specific foreign route appears, and restored when that is removed', () =>
    play(async (testbed) => {
      await testbed.startReady();
      await untilCompanions(testbed, LIST);
      testbed.ip('route add 192.168.0.0/16 via 198.51.100.1');
      await untilCompanions(testbed, IPV6, 2000);
      testbed.ip('-6 route add 2001:db8::/32 via 2001:db8:51::1');
      await untilCompanions(testbed, [], 2000);
      testbed.ip('route del 192.168.0.0/16');
      testbed.ip('-6 route del 2001:db8::/32');
      await untilCompanions(testbed, LIST, 2000);
    }));

  it('is restored when it is deleted, even while the link is down', () =>
    play(async (testbed) => {
      await testbed.startReady();
      await untilCompanions(testbed, LIST);
      testbed.ip('link set priv down');
      testbed.ip('route del unreachable 192.168.0.0/24');
      testbed.ip('-6 route del unreachable 2001:db8:a::/64 metric 4294967295 dev lo');
      await untilCompanions(testbed, LIST);
    }));
});

describeLab('unreachable routes are removed with their routes', () => {
  it('when an entry leaves the list; a rollback restores them, and rolled back routes have none', () =>
    play(
      async (testbed) => {
        testbed.topology.internet.netns.ip('addr', 'add', TARGET, 'dev', 'lo');
        await testbed.topology.internet.client.serve(TARGET, 8443, 'target');
        const pod = await testbed.startReady();
        await untilCompanions(testbed, LIST);
        testbed.putList(['192.168.0.0/24', '2001:db8:a::/64', HIJACK]);
        await untilCompanions(testbed, ['192.168.0.0/24', '2001:db8:a::/64']);
        await testbed.untilReadiness(pod, false, /is applied but not confirmed yet/);
        await pod.waitForLog(({ json }) => json?.event === 'list.rolled-back', 20_000);
        await untilCompanions(testbed, LIST);
        testbed.putList(['192.168.0.0/24']);
        await untilCompanions(testbed, ['192.168.0.0/24']);
      },
      { env: { ...ENV, CONFIRM: `${TARGET}:8443` } },
    ));

  it('when the agent is uninstalled', () =>
    play(async (testbed) => {
      const pod = await testbed.startReady();
      await untilCompanions(testbed, LIST);
      testbed.cluster.api.owners.delete(testbed.own('DaemonSet'));
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone; its routes stay/);
      await pod.stop();
      expect([...testbed.owned(4), ...testbed.owned(6)]).toEqual([]);
    }));

  it('when the next agent runs without the option', () =>
    play(async (testbed) => {
      const pod = await testbed.startReady();
      await untilCompanions(testbed, LIST);
      await pod.stop();
      const older = withEnvironment(testbed.cluster.workload, { OTHERWISE: 'nothing' });
      await (await testbed.cluster.startPod(testbed.node, older)).waitReady(20_000);
      await untilCompanions(testbed, []);
      expect([...testbed.owned(4), ...testbed.owned(6)]).toEqual([...IPV4, ...IPV6]);
    }));

  it('and are listed in /status and in the status table', () =>
    play(async (testbed) => {
      const pod = await testbed.startReady();
      await untilCompanions(testbed, LIST);
      const table = async () => (await pod.exec(['node', '/opt/onprem-link/agent.cjs', 'status'])).stdout;
      expect(await table()).toMatch(/192\.168\.0\.0\/24 +effective +via 10\.184\.0\.1 dev priv, otherwise unreachable/);
      testbed.ip('link set priv down');
      await testbed.untilReadiness(pod, false, /waiting/);
      expect(await table()).toMatch(/192\.168\.0\.0\/24 +waiting +otherwise unreachable/);
    }));
});
