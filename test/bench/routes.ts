import { run } from '../lab/topology/namespaces';
import { Listener, now } from './listen';
import { repeat, rest, type Subject, subnets, withAgent } from './subject';
import { ms, percentile, spread, type Table } from './table';

const SIZES: readonly (readonly [size: number, rounds: number])[] = [
  [1, 50],
  [100, 30],
  [1000, 20],
  [10_000, 15],
];
const OWN = 'add 142';
/** After this time a list is confirmed, and is applied without a check when it comes again. */
const CONFIRMED_MS = 4000;

/** Milliseconds from the moment before the API server writes the watch event to the kernel's message about the last route. */
async function addByAgent({ testbed, listener }: Subject, size: number): Promise<[total: number, writing: number]> {
  testbed.putList([]);
  await testbed.untilOwned([], 20_000);
  await rest();
  listener.clear();
  const started = now();
  testbed.putList(subnets(size));
  const ended = await listener.until(OWN, size);
  return [ended - started, ended - (listener.first(OWN) ?? started)];
}

/** Milliseconds of `ip -batch` on the node without an agent, from its start to the message about the last route. */
async function addByBatch({ testbed }: Subject, listener: Listener, size: number): Promise<[number, number]> {
  const { netns } = testbed.topology.nodes[1] ?? testbed.node;
  const lines = subnets(size).map((subnet) => `route add ${subnet} via 10.184.0.1 proto 143`);
  listener.clear();
  const started = now();
  netns.batch(lines);
  const ended = await listener.until('add 143', size);
  const writing = ended - (listener.first('add 143') ?? started);
  run('ip', ['-n', netns.name, 'route', 'flush', 'proto', '143']);
  return [ended - started, writing];
}

export async function adding(): Promise<Table> {
  const rows: string[][] = [];
  for (const [size, rounds] of SIZES) {
    await withAgent(0, async (subject) => {
      const other = await Listener.in((subject.testbed.topology.nodes[1] ?? subject.testbed.node).netns);
      await addByAgent(subject, size);
      await rest(CONFIRMED_MS);
      const both = await repeat(rounds, async () => ({
        agent: await addByAgent(subject, size),
        batch: await addByBatch(subject, other, size),
      }));
      const agent = both.map((round) => round.agent[0]);
      const batch = both.map((round) => round.batch[0]);
      const writing = percentile(
        both.map((round) => round.agent[1]),
        0.5,
      );
      const ratio = percentile(agent, 0.5) / percentile(batch, 0.5);
      rows.push([`${size}`, ...spread(agent), ms(writing), ...spread(batch).slice(0, 2), ratio.toFixed(2)]);
    });
  }
  return {
    title: 'Adding routes',
    text:
      'From the watch event (just before the API server writes it, so HTTPS, parsing, reading the kernel and deciding are ' +
      "included) to the kernel's message about the last route, in an empty table, for a list that the node confirmed before " +
      '(the agent checks a new list for 1 s before it applies it). Alternating with the agent, `ip -batch` writes the same routes: from its ' +
      'start to the same message. *Writing* is the time from the first route to the last.',
    head: ['routes', 'agent p50', 'p99', 'rounds', 'writing p50', '`ip -batch` p50', 'p99', 'ratio of p50'],
    rows,
  };
}

export async function oneChange(): Promise<Table> {
  const rows: string[][] = [];
  for (const size of [10, 1000, 10_000]) {
    await withAgent(size, async ({ testbed, listener }) => {
      testbed.putList([...subnets(size), '172.31.0.0/16']);
      await listener.until(OWN, 1);
      await rest(CONFIRMED_MS);
      testbed.putList(subnets(size));
      await listener.until('del 142', 1);
      await rest(CONFIRMED_MS);
      const times = await repeat(20, async (round) => {
        const isAdded = round % 2 === 0;
        listener.clear();
        const started = now();
        testbed.putList(isAdded ? [...subnets(size), '172.31.0.0/16'] : subnets(size));
        const ended = await listener.until(isAdded ? OWN : 'del 142', 1);
        if (listener.count(OWN) + listener.count('del 142') !== 1)
          throw new Error('the agent changed more than one route');
        return ended - started;
      });
      rows.push([`${size}`, ...spread(times), '1']);
    });
  }
  return {
    title: 'One change in a long list',
    text: 'One route is added to a list that the node confirmed before, or removed from it: from the watch event to the message about this route.',
    head: ['routes in the list', 'p50', 'p99', 'rounds', 'routes written'],
    rows,
  };
}
