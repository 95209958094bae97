import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../kubelet/pod';
import { describeLab, missingRequirements } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { SERVER, SUBNET, synthesiseTunnels, TWO_WAYS, TwoTunnels, WAYS } from '../topology/two-tunnels';
import { UdpFlow } from '../topology/udp-flow';
import { missingForVpn } from '../topology/vpn-requirements';
import { waitFor } from '../wait';

jest.setTimeout(400_000);

const [FIRST, SECOND] = WAYS.map(({ nextHop }) => nextHop) as [string, string];
const FLOW_EVERY_MS = 20;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onprem-link-tunnels-'));
  synthesiseTunnels(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Part {
  readonly testbed: Testbed;
  readonly tunnels: TwoTunnels;
  readonly pod: Pod;
}

async function withTunnels(mode: string, everyMs: number, body: (part: Part) => Promise<void>): Promise<void> {
  const list = [{ subnet: SUBNET, nextHops: [FIRST, SECOND], ...(mode === 'failover' && { mode }) }];
  const env = { PROBES: `datacentre ${SUBNET} ${SERVER}:8080`, PROBE_EVERY_MS: `${everyMs}` };
  await Testbed.run({ topology: TWO_WAYS, list, env }, async (testbed) => {
    const { topology } = testbed;
    const tunnels = await TwoTunnels.build(topology.lab, topology, folder);
    const pod = await testbed.startReady();
    await waitFor('probes through both tunnels to be answered', 3 * everyMs + 20_000, async () => {
      const { networks } = await testbed.status(pod);
      const [paths = []] = networks.map((network) => network.paths);
      return paths.length === 2 && networks[0]?.state === 'reachable' && paths.every(({ misses }) => misses === 0);
    });
    await body({ testbed, tunnels, pod });
  });
}

/** The next hops of the route in the kernel. */
function inUse({ testbed }: Part): string {
  const [route] = testbed.topology.routes(4, PROTOCOL).filter(({ table }) => table === '254');
  return (route?.nexthops ?? [{ gateway: route?.gateway }]).map(({ gateway }) => gateway).join(' ');
}

async function untilInUse(part: Part, hops: string, ms: number): Promise<number> {
  const started = performance.now();
  await waitFor(`the route to use ${hops}`, ms, () => inUse(part) === hops).catch((error: Error) => {
    throw new Error(`${error.message}; it uses ${inUse(part)}\n${part.pod.logs}`);
  });
  return performance.now() - started;
}

const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A flow of datagrams from a port of the node to the server. */
const flow = ({ testbed, tunnels }: Part, port: number) =>
  UdpFlow.start(testbed.node.netns, tunnels.server, { listen: SERVER, to: SERVER, port, everyMs: FLOW_EVERY_MS });

/** Waits for this many further answers. */
async function flowing(traffic: UdpFlow, answers = 5): Promise<void> {
  const { answered } = await traffic.count();
  await waitFor(
    'further datagrams to be answered',
    15_000,
    async () => (await traffic.count()).answered >= answered + answers,
  );
}

const pings = (testbed: Testbed, address: string): boolean =>
  testbed.node.netns.run('ping', '-c', '1', '-W', '2', address).includes('1 received');

describeLab('two real tunnels', () => {
  it.each([
    ['failover', 1_000, 6_000],
    ['failover', 10_000, 35_000],
  ])('in %s mode, with a probe every %i ms, traffic leaves a dead tunnel within %i ms', (mode, everyMs, ms) =>
    withTunnels(mode, everyMs, async (part) => {
      const { tunnels, testbed } = part;
      expect(inUse(part)).toBe(FIRST);
      const traffic = await flow(part, 9000);
      await flowing(traffic);
      tunnels.near[0]?.freeze();
      expect(pings(testbed, FIRST)).toBe(true);
      const taken = await untilInUse(part, SECOND, 2 * ms);
      expect(taken).toBeLessThan(ms);
      await flowing(traffic);
      const { lost } = await traffic.count();
      console.info(`every ${everyMs} ms: moved after ${Math.round(taken)} ms, ${lost} of 50 datagrams a second lost`);
      expect(lost * FLOW_EVERY_MS).toBeLessThan(ms + 1_000);
      expect((await testbed.status(part.pod)).nextHops).toMatchObject([{ state: 'up' }, { state: 'up' }]);
    }),
  );

  it('a tunnel with delays of up to 1.8 s stays in use at the default interval', () =>
    withTunnels('failover', 10_000, async (part) => {
      const { tunnels, testbed, pod } = part;
      const end = performance.now() + 65_000;
      // Packets that arrive while charon is stopped are delivered when it continues.
      while (performance.now() < end) {
        tunnels.near[0]?.freeze();
        await rest(1_800);
        tunnels.near[0]?.thaw();
        await rest(100);
      }
      expect(inUse(part)).toBe(FIRST);
      expect(`${pod.logs}`).not.toContain('path.down');
      const { networks } = await testbed.status(pod);
      expect(networks[0]?.roundTrip?.max).toBeGreaterThan(1_000);
    }));

  it('connections through the other router lose nothing, and the first is used again after a minute of answers', () =>
    withTunnels('balance', 1_000, async (part) => {
      const { tunnels, testbed } = part;
      testbed.node.netns.sysctl({ 'ipv4/fib_multipath_hash_policy': 1 }); // hash ports too
      const flows = await Promise.all([9000, 9001, 9002, 9003, 9004, 9005].map((port) => flow(part, port)));
      const count = () => Promise.all(flows.map((each) => each.count()));
      await Promise.all(flows.map((each) => flowing(each)));
      const bySecond = (await count()).map(({ seenAs }) => seenAs.startsWith('192.168.3.'));
      expect(new Set(bySecond).size).toBe(2);
      const lostBefore = (await count()).map(({ lost }) => lost);
      tunnels.near[0]?.freeze();
      await untilInUse(part, SECOND, 15_000);
      await Promise.all(flows.map((each) => flowing(each)));
      const lost = (await count()).map((each, i) => each.lost - (lostBefore[i] ?? 0));
      console.info(
        `lost by the dead tunnel: ${lost.filter((_, i) => !bySecond[i])}, by the other: ${lost.filter((_, i) => bySecond[i])}`,
      );
      expect(lost.filter((_, i) => bySecond[i]).every((each) => each === 0)).toBe(true);

      tunnels.near[0]?.thaw();
      const back = await untilInUse(part, `${FIRST} ${SECOND}`, 180_000);
      expect(back).toBeGreaterThan(55_000);
      await Promise.all(flows.map((each) => flowing(each)));
    }));
}, [...missingForVpn(), ...missingRequirements()]);
