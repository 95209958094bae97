import { NodeRoutes, type NodeRoutesProps, Site } from '../../../lib';
import { find, type Manifest, parseManifests } from '../dist';
import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { DUAL_STACK } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(150_000);

const A = 142;
const B = 143;
/** How long an agent must not answer before its routes are taken over. */
const SILENCE = 60_000;
/** The time to notice this on a busy machine. */
const NOTICED = SILENCE + 15_000;

/** The objects of a site with pools, without lists: the tests write them. */
function poolsWith(a: NodeRoutesProps, b: NodeRoutesProps, others: Readonly<Record<string, NodeRoutesProps>> = {}) {
  const site = new Site('pools', {
    cluster: { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
  });
  const common = { networks: [], privateNetworks: ['10.0.0.0/8', 'fd00::/8'] };
  new NodeRoutes(site, 'a', { ...common, protocol: A, ...a });
  const all = Object.entries({ b: { protocol: B, ...b }, ...others });
  all.forEach(([id, props], i) => {
    new NodeRoutes(site, id, { ...common, port: 9143 + i, configMapName: `list-of-${id}`, ...props });
  });
  return parseManifests(site.synthYaml());
}

/** A node, the agents of two pools that can run on it, and a record of its route changes. */
class Node {
  private marks = 0;

  private constructor(
    readonly testbed: Testbed,
    /** The kernel's messages about routes, in the format of `ip monitor`. */
    private readonly messages: string[],
  ) {}

  static play(objects: readonly Manifest[], body: (node: Node) => Promise<void>): Promise<void> {
    return Testbed.run({ topology: DUAL_STACK, objects, daemonSet: 'a' }, async (testbed) => {
      const messages: string[] = [];
      const monitor = testbed.topology.lab.spawn('ip', ['-n', testbed.node.netns.name, '-o', 'monitor', 'route'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      monitor.stdout?.setEncoding('utf8').on('data', (text: string) => messages.push(...text.split('\n')));
      const node = new Node(testbed, messages);
      await node.allTold();
      await body(node);
    });
  }

  start(pool: 'a' | 'b' | 'witness'): Promise<Pod> {
    const { cluster, node } = this.testbed;
    return cluster.startPod(node, find(cluster.objects, 'DaemonSet', pool));
  }

  async startReady(pool: 'a' | 'b'): Promise<Pod> {
    const pod = await this.start(pool);
    await pod.waitReady(20_000);
    return pod;
  }

  /** The subnets of the routes with that protocol number, in both families. */
  routes(protocol: number): string[] {
    return [...this.testbed.owned(4, protocol), ...this.testbed.owned(6, protocol)];
  }

  async until(protocol: number, subnets: readonly string[], ms = 10_000): Promise<void> {
    let seen = '';
    await waitFor(`the routes of protocol ${protocol}`, ms, () => {
      seen = this.routes(protocol).join(' ');
      return seen === subnets.join(' ');
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${seen || 'none'} instead of ${subnets.join(' ') || 'none'}`);
    });
  }

  /** Waits until `messages` is complete. @returns its number of lines */
  async allTold(): Promise<number> {
    const mark = `blackhole 198.18.0.${++this.marks}`;
    await waitFor('ip monitor to print the marker', 10_000, () => {
      this.testbed.node.netns.batch([`route add ${mark}`, `route del ${mark}`]);
      return this.messages.some((line) => line.startsWith(`${mark} `));
    });
    return this.messages.length;
  }

  /** The messages about routes with that protocol number, from a line on. */
  async changes(protocol: number, from: number): Promise<string[]> {
    await this.allTold();
    return this.messages.slice(from).filter((line) => line.includes(` proto ${protocol} `));
  }

  /** The subnets of deleted routes. */
  async deleted(): Promise<string[]> {
    await this.allTold();
    return this.messages.flatMap((line) => /^Deleted (\S+\/\d+)/.exec(line)?.[1] ?? []);
  }

  /** Looks up an address repeatedly, and collects answers that are not the private route. */
  watchWays(...addresses: readonly string[]): { stop(): Promise<string[]> } {
    const misses: string[] = [];
    let isStopped = false;
    const watching = waitFor('the lookups to stop', 120_000, () => {
      for (const address of addresses) {
        const [answer] = this.testbed.node.netns.ipJson<{ dev?: string }[]>('route', 'get', address);
        if (answer?.dev !== 'priv') misses.push(`${address}: ${JSON.stringify(answer)}`);
      }
      return isStopped;
    });
    watching.catch(() => undefined); // a failed test closes the lab before the watch ends
    return {
      stop: async () => {
        isStopped = true;
        await watching;
        return misses;
      },
    };
  }
}

const [WITNESSED, GONE] = [144, 145];
/**
 * The witness takes over the routes of a pool that is disjoint from it alone. When it has done so, an agent that has
 * watched another one's silence for longer would have done the same.
 */
const WITNESS = {
  witness: { protocol: WITNESSED, nodeSelector: { role: 'witness' }, routes: ['192.168.6.0/24'] },
  gone: { protocol: GONE, nodeSelector: { role: 'gone' } },
} satisfies Record<string, NodeRoutesProps>;

/** One of the two agents does not answer for longer than a takeover takes in disjoint pools. */
async function overlap(): Promise<void> {
  const ofA = ['192.168.0.0/24', '192.168.1.0/24'];
  const ofB = ['192.168.2.0/24', '192.168.3.0/24', '2001:db8:b::/64'];
  const objects = poolsWith({ routes: ofA }, { routes: ofB, nodeSelector: { edge: '' } }, WITNESS);
  await Node.play(objects, async (node) => {
    const { testbed } = node;
    const put = (subnets: readonly string[]) => {
      testbed.putList(subnets);
      return node.until(A, subnets);
    };
    const a = await node.startReady('a');
    const b = await node.startReady('b');
    await node.until(B, ofB);
    const mark = await node.allTold();
    await put([...ofA, '192.168.5.0/24']);
    await put(['192.168.0.0/24']);
    await put([]);
    await put(ofA);
    await a.stop();
    const again = await node.startReady('a');
    again.signal('SIGKILL');
    await again.exited;
    const last = await node.startReady('a');
    b.signal('SIGKILL');
    await b.exited;
    // Until a list is confirmed, the agent has looked at the locks; the witness starts to wait after that.
    for (const list of [ofA.slice(1), ofA]) {
      await put(list);
      await testbed.untilReadiness(last, true, new RegExp(`${list.length} effective`));
    }
    testbed.ip(`route add 192.168.77.0/24 via 10.184.0.1 proto ${GONE}`);
    const witness = await node.start('witness');
    await witness.waitForLog(({ json }) => json?.event === 'routes.taken-over', NOTICED);
    await put([...ofA, '192.168.5.0/24']);
    expect(node.routes(B)).toEqual(ofB);
    await node.startReady('b');
    expect(await node.changes(B, mark)).toEqual([]);
    const markOfA = await node.allTold();
    await put([]);
    expect(await node.changes(A, markOfA)).toHaveLength(3);
    expect(node.routes(B)).toEqual(ofB);
  });
}

/** All but the second are on both lists; 192.168.3.0/24 has another next hop in b. */
const OF_A = ['192.168.0.0/24', '192.168.1.0/24', '192.168.3.0/24', '2001:db8:a::/64'];
const OF_B = ['192.168.0.0/24', '192.168.2.0/24', '192.168.3.0/24', '2001:db8:a::/64'];
const disjointPools = () =>
  poolsWith(
    { nodeSelector: { pool: 'a' }, routes: OF_A },
    {
      nodeSelector: { pool: 'b' },
      routes: OF_B.map((subnet) => (subnet === '192.168.3.0/24' ? { subnet, nextHop: '10.184.0.3' } : subnet)),
    },
  );

/** The node moves from a to b, and back after b has taken over all routes. */
async function move(): Promise<void> {
  await Node.play(disjointPools(), async (node) => {
    const { testbed } = node;
    const a = await node.startReady('a');
    await node.until(A, OF_A);
    const movedAt = performance.now();
    await a.stop();
    const b = await node.start('b');
    await testbed.untilReadiness(b, false, /192\.168\.3\.0\/24 conflicting: .* protocol 142/, 10_000);
    expect(node.routes(B)).toEqual(['192.168.2.0/24']);

    const ways = node.watchWays('192.168.0.10', '192.168.3.10', '2001:db8:a::10');
    const { json, at } = await b.waitForLog((line) => line.json?.event === 'routes.taken-over', NOTICED);
    expect(json).toMatchObject({ protocol: A, routes: OF_A.length });
    expect(at - movedAt).toBeGreaterThan(SILENCE);
    await node.until(B, OF_B);
    await node.until(A, []);
    await waitFor('the nexthop objects of a to be removed', 5000, () => objectsOf(testbed, A) === 0);
    expect(await ways.stop()).toEqual([]);
    expect(await node.deleted()).toEqual(['192.168.1.0/24']);
    await testbed.untilReadiness(b, true, /4 effective/);

    const back = await node.start('a');
    await testbed.untilReadiness(back, false, /protocol 142 is in use on this node by onprem-link\/b, which took its/);
    expect(node.routes(B)).toEqual(OF_B);
    await b.stop();
    await back.waitForLog((line) => line.json?.event === 'lock.taken', 5000);
    await node.until(A, ['192.168.1.0/24']);
  });
}

/** The node is in b for a few seconds only. */
async function visit(): Promise<void> {
  await Node.play(disjointPools(), async (node) => {
    const a = await node.startReady('a');
    await node.until(A, OF_A);
    const mark = await node.allTold();
    await a.stop();
    const b = await node.start('b');
    await node.until(B, ['192.168.2.0/24']);
    await b.stop();
    const leftAt = performance.now();
    const back = await node.startReady('a');
    const { json, at } = await back.waitForLog((line) => line.json?.event === 'routes.taken-over', NOTICED);
    expect(json).toMatchObject({ protocol: B, routes: 1 });
    expect(at - leftAt).toBeGreaterThan(SILENCE);
    await node.until(B, []);
    expect([node.routes(A), objectsOf(node.testbed, B)]).toEqual([OF_A, 0]);
    expect(await node.changes(A, mark)).toEqual([]);
    await back.waitReady(20_000);
  });
}

function objectsOf(testbed: Testbed, protocol: number): number {
  return testbed.topology.nexthops().filter((object) => object.protocol === `${protocol}`).length;
}

describeLab('several pools', () => {
  let testbeds: Record<'overlap' | 'move' | 'visit', Promise<void>>;
  beforeAll(() => {
    // Each waits for a minute, so they run in parallel.
    testbeds = { overlap: overlap(), move: move(), visit: visit() };
    for (const testbed of Object.values(testbeds)) testbed.catch(() => undefined); // the test that awaits it reports the error
  });

  afterAll(() => Promise.allSettled(Object.values(testbeds)));

  it('on the same nodes never touch each other’s routes, whatever happens to one of them', () => testbeds.overlap);

  it('a node that moves to another pool ends with only the routes of that pool, and shared routes never disappear', () =>
    testbeds.move);

  it("a node that returns keeps its routes, and the other pool's routes are removed", () => testbeds.visit);
});
