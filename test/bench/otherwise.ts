import { Testbed } from '../lab/testbed';
import { DUAL_STACK } from '../lab/topology/topology';
import { Listener, now } from './listen';
import { repeat, rest, subnets } from './subject';
import { ms, percentile, type Table } from './table';

const COUNT = 10_000;
const ROUNDS = 8;
const ENV = { OTHERWISE: 'unreachable', PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' };

/** This many /48 subnets of 2001:db8::/32. */
const prefixes = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `2001:db8:${(0x1000 + i).toString(16)}::/48`);

/** Milliseconds to write the routes, then the unreachable routes beside them, and the latter with `ip -batch`. */
async function round(testbed: Testbed, own: Listener, other: Listener, list: readonly string[]): Promise<number[]> {
  own.clear();
  const started = now();
  testbed.putList(list);
  const routes = await own.until('add 142', COUNT);
  const all = await own.until('add 142', 2 * COUNT);
  await rest();
  own.clear();
  testbed.putList([]);
  await own.until('del 142', 2 * COUNT);
  const { netns } = testbed.topology.internet;
  other.clear();
  const batchStarted = now();
  netns.batch(list.map((subnet) => `route add unreachable ${subnet} metric 4294967295 proto 143`));
  const batch = (await other.until('add 143', COUNT)) - batchStarted;
  for (const family of ['-4', '-6']) netns.ip(family, 'route', 'flush', 'proto', '143');
  return [routes - started, all - routes, batch];
}

export async function unreachable(): Promise<Table> {
  const rows: string[][] = [];
  for (const [family, list] of [
    ['IPv4', subnets(COUNT)],
    ['IPv6', prefixes(COUNT)],
  ] as const)
    await Testbed.run({ topology: DUAL_STACK, env: ENV, list: [] }, async (testbed) => {
      const own = await Listener.in(testbed.node.netns);
      const other = await Listener.in(testbed.topology.internet.netns);
      await testbed.startReady();
      const rounds = await repeat(ROUNDS, () => round(testbed, own, other, list));
      const p50 = (i: number) =>
        ms(
          percentile(
            rounds.map((each) => each[i] as number),
            0.5,
          ),
        );
      rows.push([family, p50(0), p50(1), p50(2), `${rounds.length}`]);
    });
  return {
    title: 'Unreachable routes',
    text:
      `${COUNT} routes with \`otherwise: 'unreachable'\`: from the watch event to the last route; from then to the last unreachable route ` +
      'beside them (before it writes the first, the agent confirms the list, and reads and verifies all routes again); and ' +
      'the same unreachable routes written by `ip -batch`. All figures are p50.',
    head: ['family', 'routes', 'unreachable routes after that', '`ip -batch`', 'rounds'],
    rows,
  };
}
