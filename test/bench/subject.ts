import type { Pod } from '../lab/kubelet/pod';
import { Testbed } from '../lab/testbed';
import { SEEDS, type TopologyOptions } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { Listener } from './listen';

/** The standard network with a second router to move to, and a second node without an agent to compare with. */
const PICTURE: TopologyOptions = {
  ...SEEDS,
  nodes: [...SEEDS.nodes, { name: 'worker-2', private: ['10.184.0.4/26'], public: ['198.51.100.4/28'] }],
  routers: [['10.184.0.1/26'], ['10.184.0.3/26']],
};

/** Longer than the agent rests after its longest pass, so that each repetition starts at rest. */
const REST_MS = 1000;

export const rest = (milliseconds = REST_MS) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** `count` /32 routes of 172.16.0.0/14, a range that nothing else uses here. */
export function subnets(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, k) => {
    const i = k + from;
    return `172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/32`;
  });
}

/** An agent from dist/ with its routes, at rest, and a listener on its node's routing events. */
export interface Subject {
  readonly testbed: Testbed;
  readonly listener: Listener;
  pod: Pod;
}

export function withAgent(count: number, body: (subject: Subject) => Promise<void>): Promise<void> {
  return Testbed.run({ topology: PICTURE, list: subnets(count) }, async (testbed) => {
    const listener = await Listener.in(testbed.node.netns);
    const pod = await testbed.cluster.startPod();
    await pod.waitReady(20_000);
    await waitFor('the agent to open its watch', 5000, () => testbed.cluster.api.watches.size > 0);
    await rest(1000);
    listener.clear();
    await body({ testbed, listener, pod });
  });
}

/** BENCH_ROUNDS=0.1 runs a tenth of the rounds, for a quick result. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 1);

/** Measures this many rounds, each started at rest. */
export async function repeat<T>(rounds: number, measure: (round: number) => Promise<T>): Promise<T[]> {
  const times = Math.max(3, Math.round(rounds * ROUNDS));
  const results: T[] = [];
  for (let round = 0; round < times; round++) {
    results.push(await measure(round));
    await rest();
  }
  return results;
}
