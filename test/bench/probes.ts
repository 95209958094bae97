import { Testbed } from '../lab/testbed';
import { SEEDS, type TopologyOptions } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { cpu } from './footprint';
import { now } from './listen';
import { rest, subnets } from './subject';
import { ms, type Table } from './table';

const NEXT_HOPS = ['10.184.0.1', '10.184.0.3'];
const SERVERS = [0, 1, 2].map((i) => `192.168.${i}.10`);
const PICTURE: TopologyOptions = {
  ...SEEDS,
  routers: NEXT_HOPS.map((address) => [`${address}/26`]),
  servers: SERVERS.map((address, i) => ({ name: `server-${i}`, addresses: [`${address}/24`] })),
};
const NETWORKS = SERVERS.map((address, i) => `network-${i} 192.168.${i}.0/24 ${address}:8080`).join(';');
const LIST = [...SERVERS.map((_, i) => ({ subnet: `192.168.${i}.0/24`, nextHops: NEXT_HOPS })), ...subnets(997)];
/** After this time, the work of the start is done. */
const CALM_MS = 45_000;

export async function probes(seconds = 95): Promise<Table> {
  const rows: string[][] = [];
  for (const everyMs of [undefined, 10_000, 1_000]) {
    const env = everyMs === undefined ? {} : { PROBES: NETWORKS, PROBE_EVERY_MS: `${everyMs}` };
    await Testbed.run({ topology: PICTURE, list: LIST, env }, async (testbed) => {
      await testbed.topology.serve();
      const pod = await testbed.startReady();
      await rest(CALM_MS);
      await waitFor('all probes to be answered', 30_000, async () =>
        (await testbed.status(pod)).networks.every(({ state, paths }) => state === 'reachable' && paths.length === 2),
      );
      const requests = () => testbed.cluster.api.requested('list').length + testbed.cluster.api.requested('get').length;
      const [started, before, asked] = [now(), cpu(pod.pid), requests()];
      await rest(seconds * 1000);
      const [used, passed] = [cpu(pod.pid) - before, now() - started];
      const every = everyMs === undefined ? 'none' : `${everyMs / 1000} s`;
      rows.push([every, ms(used), `${((used / passed) * 100).toFixed(3)} %`, `${requests() - asked}`]);
    });
  }
  return {
    title: 'CPU of probes',
    text: `CPU time of all threads in ${seconds} s at rest with 1,000 routes, and probes of 3 networks through 2 next hops each, with 1 target. The checks of the two next hops every second are included.`,
    head: ['probe interval', `CPU in ${seconds} s`, 'of a core', 'requests to the API server'],
    rows,
  };
}
