import type { Manifest } from '../lab/dist';
import { describeLab } from '../lab/requirements';
import { Testbed } from '../lab/testbed';
import { runs, share } from './budget';

const BASE = ['192.168.0.0/24', '192.168.1.0/24'];
const KILLS = Math.max(5, Math.round(runs(100_000) / 2000));
const SOAK_MS = share(0.25);
const SAMPLE_MS = 1000;

jest.setTimeout(SOAK_MS + 600_000);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The base and a changing choice of 250 others. */
function listOf(step: number, size = 60): string[] {
  return [...BASE, ...Array.from({ length: size }, (_, k) => `172.31.${(step * 7 + k) % 250}.0/24`)];
}

describeLab('an agent that is killed repeatedly', () => {
  it(`${KILLS} SIGKILLs under a stream of changes: routes in every list never disappear, and the agent applies the last list`, () =>
    Testbed.run({ list: BASE }, async (testbed) => {
      const foreign = '172.30.0.0/16';
      testbed.ip(`route add ${foreign} via 10.184.0.1`);
      await (await testbed.startReady()).stop();
      let [step, isOver] = [0, false];
      const losses: string[] = [];
      const changing = (async () => {
        while (!isOver) {
          testbed.putList(listOf(++step));
          await sleep(20 + (step % 7) * 5);
        }
      })();
      const watching = (async () => {
        while (!isOver) {
          const there = testbed.topology.routes().map(({ dst }) => dst);
          for (const subnet of [...BASE, foreign]) if (!there.includes(subnet)) losses.push(`${subnet} at ${step}`);
          await sleep(10);
        }
      })();
      for (let kill = 0; kill < KILLS; kill++) {
        const pod = await testbed.cluster.startPod();
        // The kill hits anything from before the agent's first read of the kernel to well after its start.
        await sleep((kill % 10) * 45);
        pod.signal('SIGKILL');
        await pod.exited;
      }
      isOver = true;
      await Promise.all([changing, watching]);
      await testbed.startReady();
      await testbed.untilOwned(listOf(step), 10_000);
      expect(losses).toEqual([]);
      expect(testbed.topology.nexthops()).toHaveLength(1);
    }));
});

/** The slope of the least-squares line: units of y per unit of x. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const over = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  return points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / over;
}

/** A small heap is collected often, and each collection is logged: memory that stays after collections is a leak. */
const SMALL_HEAP = ['--max-old-space-size=64', '--trace-gc'];
/** The MB left after a collection, in a line such as `Mark-Compact 20.5 (24.1) -> 12.0 (23.1) MB`. */
const LEFT = /Mark-Compact .*? -> ([\d.]+) \(/;

/** How much higher the minimum of the second half is than that of the first half. */
function growth(values: readonly number[]): number {
  const half = values.length >> 1;
  return Math.min(...values.slice(half)) - Math.min(...values.slice(0, half));
}

function withSmallHeap(workload: Manifest): Manifest {
  const copy = structuredClone(workload) as Manifest & {
    spec: { template: { spec: { containers: { command: string[] }[] } } };
  };
  copy.spec.template.spec.containers[0]?.command.splice(-1, 0, ...SMALL_HEAP); // Node uses the last of two values
  return copy;
}

/** One round of changes and faults that keep the agent busy. @returns the list in effect afterwards */
async function disturb(testbed: Testbed, step: number): Promise<string[]> {
  const list = listOf(step, 240);
  if (step % 3 === 0) testbed.putText('no list');
  testbed.putList(list);
  if (step % 5 === 0) testbed.ip('nexthop flush proto 142');
  if (step % 20 === 0) testbed.cluster.api.dropConnections();
  if (step % 4 === 0) for (const page of ['status', 'readyz', 'diff']) await testbed.get(`/${page}/node-routes`);
  await sleep(50);
  return list;
}

describeLab('an agent that runs for a long time', () => {
  it(`does not grow in ${Math.round(SOAK_MS / 1000)} s of changes, repairs, broken watches and requests`, () =>
    Testbed.run({ list: listOf(0, 240) }, async (testbed) => {
      const pod = await testbed.cluster.startPod(testbed.node, withSmallHeap(testbed.cluster.workload));
      await pod.waitReady(10_000);
      const samples: [number, number][] = [];
      const started = performance.now();
      let last = BASE;
      for (let step = 1; performance.now() - started < SOAK_MS; step++) {
        last = await disturb(testbed, step);
        const passed = performance.now() - started;
        if (passed >= samples.length * SAMPLE_MS) samples.push([passed / 1000, pod.rss().now / 1024]);
      }
      await testbed.untilOwned(last, 45_000);
      await testbed.untilReadiness(pod, true, /effective/, 45_000);
      const settled = samples.slice(samples.length >> 2);
      const kib = settled.map(([, size]) => size);
      const left = pod.logs.lines.flatMap(({ text }) => LEFT.exec(text)?.[1] ?? []).map(Number);
      const range = (values: readonly number[]) => `${Math.min(...values)} to ${Math.max(...values)}`;
      const figures = `${range(kib)} KiB, slope ${slope(settled).toFixed(1)} KiB/s; ${left.length} collections left ${range(left)} MB`;
      process.stderr.write(`RSS in ${samples.length} s: ${figures}\n`);
      expect(left.length).toBeGreaterThan(3);
      expect(growth(left)).toBeLessThan(8); // leaking ten lists a second would add 25
      expect(growth(kib)).toBeLessThan(16 * 1024); // the allocator's own reserve varies
    }));
});
