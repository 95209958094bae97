import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { PROTOCOL, type Status, Testbed, type TestbedOptions } from '../testbed';
import { NetnsClient } from '../topology/netns-client';
import { DUAL_STACK } from '../topology/topology';
import { startWorkload } from '../topology/workload';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const PODS = ['172.30.5.9', 'fd00:172:30::9'];
const DUAL = {
  topology: DUAL_STACK,
  env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8', POD_SUBNETS: '172.30.0.0/16,fd00:172:30::/48' },
  list: ['192.168.0.0/24', '192.168.1.0/24', '2001:db8:a::/64', '2001:db8:b::/64'],
} satisfies TestbedOptions;

/** The rules of the AWS VPC CNI for a pod on a second interface. Its table has only the public route. */
const AWS = ['rule add from 172.30.5.9 lookup 2 pref 1536', 'route add default via 198.51.100.1 table 2'];
const AWS_6 = ['-6 rule add from fd00:172:30::9 lookup 2 pref 1536', '-6 route add default via 2001:db8:51::1 table 2'];

const ipAll = (testbed: Testbed, lines: readonly string[]) => {
  for (const line of lines) testbed.ip(line);
};

/** The state of packets from pods in /status, once an agent has checked it. */
async function waysOf(testbed: Testbed, pod: Pod): Promise<Status['ways']> {
  return waitFor('a check of packets from pods', 5000, async () => {
    const { ways } = await testbed.status(pod);
    return ways.pods.reason !== 'the first pass is under way' && ways;
  });
}

/** Whether an on-premise server answers the pod. */
async function reaches(testbed: Testbed, address: string): Promise<boolean> {
  const [router] = testbed.topology.routers;
  router?.netns.batch([`route replace ${PODS[0]} via 10.184.0.2`, `route replace ${PODS[1]} via fd00:184::2`]);
  const client = NetnsClient.of(startWorkloadOnce(testbed));
  return (await client.datagram({ address, bytes: 100, timeoutMs: 950 })) === 'ECONNREFUSED';
}

const started = new WeakMap<Testbed, ReturnType<typeof startWorkload>>();
function startWorkloadOnce(testbed: Testbed) {
  const pod = started.get(testbed) ?? startWorkload(testbed.node, { addresses: PODS, interface: 'eni1' });
  started.set(testbed, pod);
  return pod;
}

describeLab('packets from the node', () => {
  it('are looked up with their source: a rule for the node’s address shadows the routes at once', () =>
    Testbed.run(DUAL, async (testbed) => {
      const pod = await testbed.startReady();
      ipAll(testbed, [
        'route add default via 198.51.100.1 table 100',
        'rule add from 10.184.0.2 lookup 100 pref 100',
        '-6 route add default via 2001:db8:51::1 table 100',
        '-6 rule add from fd00:184::2 lookup 100 pref 100',
      ]);
      await testbed.untilReadiness(
        pod,
        false,
        /4 of 4 routes: 192\.168\.0\.0\/24 shadowed: a lookup finds 0\.0\.0\.0\/0 via 198\.51\.100\.1 dev pub, protocol 3, metric 0, table 100 for packets from 10\.184\.0\.2/,
      );
      const { ways, rulesBeforeMain } = await testbed.status(pod);
      expect(ways.nodes.state).toBe('shadowed');
      expect(rulesBeforeMain).toEqual([
        'IPv4 100: from 10.184.0.2/32 lookup 100',
        'IPv6 100: from fd00:184::2/128 lookup 100',
      ]);
      ipAll(testbed, ['rule del pref 100', '-6 rule del pref 100']);
      await testbed.untilReadiness(pod, true, /4 effective/);
    }));
});

describeLab("pods' packets", () => {
  it('are looked up as forwarded packets, and reported as effective if they arrive', () =>
    Testbed.run(DUAL, async (testbed) => {
      startWorkloadOnce(testbed);
      const pod = await testbed.startReady();
      expect(await waysOf(testbed, pod)).toEqual({ nodes: { state: 'effective' }, pods: { state: 'effective' } });
      expect(await reaches(testbed, '192.168.0.10')).toBe(true);
    }));

  it.each([
    ['IPv4', AWS, '192.168.0.10'],
    ['IPv6', AWS_6, '2001:db8:a::10'],
  ])('%s: a rule by source shadows them and is reported with the fix, and copyToTables fixes it', (_, rule, server) =>
    Testbed.run(DUAL, async (testbed) => {
      startWorkloadOnce(testbed);
      ipAll(testbed, rule);
      const pod = await testbed.startReady();
      expect(await waysOf(testbed, pod)).toMatchObject({
        nodes: { state: 'effective' },
        pods: {
          state: 'shadowed',
          reason: 'by rule 1536 → table 2; set copyToTables: [2] to copy the routes there',
        },
      });
      const { stdout } = await pod.exec(['node', '/opt/onprem-link/agent.cjs', 'status']);
      expect(stdout).toMatch(/nodes: effective · pods: shadowed by rule 1536 → table 2/);
      expect(stdout).toMatch(/rule +IPv[46] 1536: from .* lookup 2/);
      const { stdout: metrics } = await testbed.get('/metrics');
      expect(metrics).toContain('onprem_link_packets_way{of="pods",state="shadowed"} 1');
      expect(metrics).toContain('onprem_link_pods_shadowed_by{rule="1536",table="2"} 1');
      expect(await reaches(testbed, server)).toBe(false);
    }).then(() =>
      Testbed.run(
        { ...DUAL, env: { ...DUAL.env, COPY_TO_TABLES: '2,7', ALLOWED_TABLES: '2,7,254' } },
        async (testbed) => {
          startWorkloadOnce(testbed);
          ipAll(testbed, rule);
          const pod = await testbed.startReady();
          expect((await waysOf(testbed, pod)).pods).toEqual({ state: 'effective' });
          expect((await testbed.status(pod)).counts).toEqual({ effective: 4, installed: 8 });
          expect(await reaches(testbed, server)).toBe(true);
          testbed.putList([]);
          await testbed.untilOwned([]);
          expect([...testbed.topology.routes(4, PROTOCOL), ...testbed.topology.routes(6, PROTOCOL)]).toEqual([]);
        },
      ),
    ),
  );

  it('with requirePods a proven shadow makes the node unready', () =>
    Testbed.run({ ...DUAL, env: { ...DUAL.env, REQUIRE_PODS: 'true' } }, async (testbed) => {
      startWorkloadOnce(testbed);
      ipAll(testbed, AWS);
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /pods' packets are shadowed by rule 1536 → table 2/);
    }));

  it('copies are removed from the tables when the option is removed', () =>
    Testbed.run(DUAL, async (testbed) => {
      testbed.ip(`route add 192.168.0.0/24 via 10.184.0.1 table 2 proto ${PROTOCOL}`);
      await testbed.startReady();
      expect(testbed.topology.routes(4, PROTOCOL).map(({ table }) => table)).toEqual(['254', '254']);
    }));

  it('an entry of the list replaces its copy', () =>
    Testbed.run({ ...DUAL, env: { ...DUAL.env, COPY_TO_TABLES: '2', ALLOWED_TABLES: '2,254' } }, async (testbed) => {
      await testbed.startReady();
      const copies = () => testbed.topology.routes(4, PROTOCOL).filter(({ table }) => table === '2').length;
      expect(copies()).toBe(2);
      testbed.putList([...DUAL.list, { subnet: '192.168.0.0/24', table: 2, mtu: 1400 }]);
      await waitFor('the entry of the list to take the place of the copy', 5000, () =>
        testbed.topology.routes(4, PROTOCOL).some(({ table, metrics }) => table === '2' && metrics?.[0]?.mtu === 1400),
      );
      expect(copies()).toBe(2);
    }));
});

describeLab('an unknown path of pods never counts', () => {
  const REQUIRED = { ...DUAL, env: { ...DUAL.env, REQUIRE_PODS: 'true' }, list: ['192.168.0.0/24'] };
  it.each<[string, (testbed: Testbed) => void, TestbedOptions, RegExp]>([
    ['no pod', () => undefined, REQUIRED, /this node has no route to a pod yet/],
    [
      'one device for all pods, as in Cilium without endpoint routes',
      (testbed) =>
        ipAll(testbed, [
          'link add cilium_host type bridge',
          'addr add 172.30.1.77/32 dev cilium_host',
          'link set cilium_host up',
          'route add 172.30.1.77 dev cilium_host',
          'route add 172.30.1.0/24 via 172.30.1.77 dev cilium_host',
        ]),
      REQUIRED,
      /pods have no interfaces of their own in this node's routes \(dev cilium_host\)/,
    ],
    [
      'one device for all pods, as in OVN-Kubernetes',
      (testbed) =>
        ipAll(testbed, [
          'link add ovn-k8s-mp0 type bridge',
          'addr add 172.30.1.2/24 dev ovn-k8s-mp0',
          'link set ovn-k8s-mp0 up',
        ]),
      REQUIRED,
      /pods have no interfaces of their own in this node's routes \(dev ovn-k8s-mp0\)/,
    ],
    [
      'a rule by mark',
      (testbed) => {
        startWorkloadOnce(testbed);
        ipAll(testbed, [...AWS, 'rule add fwmark 0x200/0xf00 lookup 2004 pref 9']);
      },
      REQUIRED,
      /rule 9 selects packets by more than their addresses/,
    ],
    [
      'forwarding is off',
      (testbed) => {
        startWorkloadOnce(testbed);
        testbed.node.netns.sysctl({ 'ipv4/ip_forward': 0 });
      },
      REQUIRED,
      /forwarding is off on eni1/,
    ],
    [
      'a packet that the kernel rejects',
      (testbed) => {
        startWorkloadOnce(testbed);
        // The strict filter expects the answer on another interface: EINVAL, although the table has a route to the pod.
        ipAll(testbed, ['rule add to 172.30.5.9 lookup 7 pref 50', 'route add 172.30.5.9 dev pub table 7']);
      },
      REQUIRED,
      /the kernel refuses a packet from 172\.30\.5\.9 on eni1 \(EINVAL\)/,
    ],
    [
      'no pod range is set',
      startWorkloadOnce,
      { ...REQUIRED, env: { ...REQUIRED.env, POD_SUBNETS: '' } },
      /no IPv4 range/,
    ],
  ])('%s', (_, prepare, options, reason) =>
    Testbed.run(options, async (testbed) => {
      prepare(testbed);
      const pod = await testbed.startReady();
      const { pods } = await waysOf(testbed, pod);
      expect(pods.state).toBe('unknown');
      expect(pods.reason).toMatch(reason);
    }),
  );

  it('with a pod bridge it is known: the lookup uses a pod address, not the node’s', () =>
    Testbed.run(REQUIRED, async (testbed) => {
      ipAll(testbed, ['link add cni0 type bridge', 'addr add 172.30.5.1/24 dev cni0', 'link set cni0 up']);
      testbed.node.netns.sysctl({ 'ipv4/ip_forward': 1 });
      ipAll(testbed, ['rule add iif cni0 lookup 2 pref 1536', 'route add default via 198.51.100.1 table 2']);
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /pods' packets are shadowed by rule 1536 → table 2/);
    }));
});
