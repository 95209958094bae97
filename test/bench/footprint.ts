import { readdirSync, readFileSync } from 'node:fs';
import type { Pod } from '../lab/kubelet/pod';
import { now } from './listen';
import { repeat, rest, type Subject, subnets, withAgent } from './subject';
import { mib, ms, spread, type Table } from './table';

/** Milliseconds of CPU that all threads of a process have used, with nanosecond resolution. */
export function cpu(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

/** After this time, the agent has read everything once more since the last change, and has returned unused memory. */
const CALM_MS = 45_000;

/** Changes lists, deletes routes and reads status pages. */
async function exercise({ testbed, listener }: Subject, size: number): Promise<void> {
  const all = subnets(size);
  for (let round = 0; round < 30; round++) {
    listener.clear();
    if (round % 3 === 0) testbed.putList(round % 2 === 0 ? [...all, '172.31.0.0/16'] : all);
    else testbed.ip(`route del ${all[(round * 7919) % size]}`);
    await testbed.get('/status/node-routes');
    await rest(300);
  }
}

export async function memory(): Promise<Table> {
  const rows: string[][] = [];
  for (const size of [10, 2000, 10_000]) {
    await withAgent(size, async (subject) => {
      const first = subject.pod.rss().now;
      await exercise(subject, size);
      const { now: busy, peak } = subject.pod.rss();
      await rest(CALM_MS);
      const { now: calm, own } = subject.pod.rss();
      rows.push([`${size}`, ...[first, busy, peak, calm, own].map(mib)]);
    });
  }
  return {
    title: 'Memory',
    text: "Resident memory (RSS) of the agent when it is Ready; after 10 changed lists, 20 repairs and 30 status pages (busy); the most in that time (peak); and after 45 s without work (calm). About 45 MiB of each are pages of Node's program file, which all Node programs of a machine share; the last column excludes them.",
    head: ['routes', 'Ready', 'busy', 'peak', 'calm', 'calm, not shared'],
    rows,
  };
}

/** Runs the kubelet's probes at the intervals of the DaemonSet. */
function probing(pod: Pod): () => void {
  const timers = [
    setInterval(() => void pod.probe('readiness'), 5000),
    setInterval(() => void pod.probe('liveness'), 10_000),
  ];
  return () => timers.forEach((timer) => void clearInterval(timer));
}

export async function idle(seconds = 95): Promise<Table> {
  const rows: string[][] = [];
  for (const [size, isProbed] of [
    [1000, false],
    [1000, true],
    [10_000, true],
  ] as const) {
    await withAgent(size, async ({ pod }) => {
      await rest(CALM_MS);
      const stop = isProbed ? probing(pod) : () => undefined;
      const [started, before] = [now(), cpu(pod.pid)];
      await rest(seconds * 1000);
      const [used, passed] = [cpu(pod.pid) - before, now() - started];
      stop();
      rows.push([`${size}`, isProbed ? 'yes' : 'no', ms(used), `${((used / passed) * 100).toFixed(3)} %`]);
    });
  }
  return {
    title: 'CPU at rest',
    text: `CPU time of all threads in ${seconds} s without events, in which the agent only reads the routing tables every 30 s, without and with the kubelet's probes.`,
    head: ['routes', 'probes', `CPU in ${seconds} s`, 'of a core'],
    rows,
  };
}

export async function coldStart(): Promise<Table> {
  const rows: string[][] = [];
  for (const size of [1000, 10_000]) {
    await withAgent(size, async (subject) => {
      const times = await repeat(20, async () => {
        subject.pod.signal('SIGKILL');
        await subject.pod.exited;
        subject.pod = await subject.testbed.cluster.startPod();
        const started = now();
        // waitFor() sleeps between its checks, which would add to the result.
        while (!(await subject.pod.probe('readiness')).ok) {
          if (now() - started > 20_000) throw new Error(`not ready after 20 s:\n${subject.pod.logs}`);
          await rest(1);
        }
        return now() - started;
      });
      rows.push([`${size}`, ...spread(times)]);
    });
  }
  return {
    title: 'Cold start',
    text: 'From the start of the Node process (image and container exist already) to the first readiness probe that succeeds. The kernel holds the routes of the previous agent.',
    head: ['routes', 'p50', 'p99', 'rounds'],
    rows,
  };
}
