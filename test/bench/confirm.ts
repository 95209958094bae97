import { readFileSync } from 'node:fs';
import { waitFor } from '../lab/wait';
import { now } from './listen';
import { repeat, type Subject, withAgent } from './subject';
import { ms, percentile, type Table } from './table';

/** CPU milliseconds that a handshake with one request takes a real API server, as measured on a real cluster: from, to. */
const HANDSHAKE_MS = [3, 4] as const;
const [BEFORE, AFTER] = [4, 8];
/** Seconds over which the requests of a change are spread. */
const [BEFORE_S, AFTER_S] = [1, 2];
const SPREAD_S = 30;
const FLEETS: readonly (readonly [nodes: number, spreadS: number])[] = [
  [50, 0],
  [500, 0],
  [5000, 0],
  [5000, SPREAD_S],
];

interface Change {
  readonly before: number;
  readonly after: number;
  /** From the watch event to the last connection before the change, and to the confirmation. */
  readonly applied: number;
  readonly confirmed: number;
  /** CPU milliseconds of all threads of the agent. */
  readonly cpu: number;
}

async function change({ testbed, listener, pod }: Subject, round: number): Promise<Change> {
  const { api } = testbed.cluster;
  const proofs = () => api.requests.filter(({ path }) => path === '/livez').length;
  const [startedProofs, startedCpu] = [proofs(), cpuMs(pod.pid)];
  listener.clear();
  const started = now();
  testbed.putList([`172.16.${round}.0/24`]);
  await listener.until('add 142', 1);
  const [applied, before] = [now() - started, proofs() - startedProofs];
  await waitFor(
    'the confirmation',
    20_000,
    async () => (await testbed.status(pod)).list.rollout.state === 'settled',
    20,
  );
  const confirmed = now() - started;
  return { before, after: proofs() - startedProofs - before, applied, confirmed, cpu: cpuMs(pod.pid) - startedCpu };
}

/** Clock ticks are 10 ms (man 5 proc_pid_stat, sysconf(_SC_CLK_TCK)). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function fleetRow([nodes, spreadS]: (typeof FLEETS)[number]): string[] {
  const handshakes = nodes * (BEFORE + AFTER);
  const rate = handshakes / (spreadS + BEFORE_S + AFTER_S);
  const range = (each: (handshakeMs: number) => number) => HANDSHAKE_MS.map((cost) => Math.round(each(cost))).join('–');
  return [
    nodes.toLocaleString('en'),
    spreadS === 0 ? 'no' : `${spreadS} s`,
    handshakes.toLocaleString('en'),
    Math.round(rate).toLocaleString('en'),
    `${range((cost) => (handshakes * cost) / 1000)} s`,
    range((cost) => (rate * cost) / 1000),
  ];
}

export async function confirming(): Promise<Table> {
  let changes: Change[] = [];
  await withAgent(0, async (subject) => {
    changes = await repeat(10, (round) => change(subject, round));
  });
  const median = (of: (one: Change) => number) => percentile(changes.map(of), 0.5);
  return {
    title: 'Load on the API server per change',
    text:
      `A new list on one node takes ${median(({ before }) => before)} handshakes before it is applied and ${median(({ after }) => after)} after it, ` +
      `each with one request. It is applied after ${ms(median(({ applied }) => applied))} and confirmed after ${ms(median(({ confirmed }) => confirmed))} (p50 of ${changes.length}), and ` +
      `takes ${ms(median(({ cpu }) => cpu))} of the agent's CPU time, including the status pages that the measurement reads. A list that changes nothing on a node, and a restart of the agent, take no handshakes. ` +
      `A handshake with its request takes a real API server ${HANDSHAKE_MS.join(' to ')} ms of CPU (measured on a real cluster, not in the lab). ` +
      'The load on all API servers together, calculated from this, with and without `nodeCount`:',
    head: ['nodes', 'spread over', 'handshakes', 'a second', 'CPU time', 'cores busy meanwhile'],
    rows: FLEETS.map(fleetRow),
  };
}
