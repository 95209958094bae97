import type { ServerHealthProbe } from '../../lib/charts';
import { HealthCluster } from '../cluster/health-cluster';
import { healthSite } from '../cluster/health-site';
import { missingForCluster } from '../cluster/requirements';
import { FailingServer } from '../cluster/traffic';
import { cpu } from './footprint';
import { now } from './listen';
import { rest } from './subject';
import { mib, type Table } from './table';

const SERVICES = 200;
/** Each host has this many servers of each kind. */
const HOSTS = [21, 22, 23, 24, 25];
const EVERY_S = 10;
/** After this time, compilation and the first round of probes are done. */
const WARM_UP_MS = 45_000;
const MEASURED_MS = 60_000;

const KINDS: Readonly<Record<string, (authority: string) => ServerHealthProbe>> = {
  TCP: () => ({ tcp: true }),
  HTTP: () => ({ http: { path: '/healthz' } }),
  HTTPS: (ca) => ({ http: { path: '/healthz' }, tls: { serverName: 'orders.corp.example', ca } }),
};

/** The cost of the server health program on a real Kubernetes. */
export async function serverHealth(): Promise<Table> {
  const rows: string[][] = [];
  const missing = missingForCluster();
  if (missing.length > 0) rows.push([`not measured: ${missing.join('; ')}`, '', '', '']);
  else for (const [kind, probe] of Object.entries(KINDS)) rows.push([kind, ...(await cost(kind, probe))]);
  return {
    title: 'Server health',
    text: `${SERVICES} Services with ${HOSTS.length} servers each, probed every ${EVERY_S} s by two replicas on a real Kubernetes. The servers run on the same machine. Measured over a minute in which nothing changes and no EndpointSlice is written.`,
    head: ['probes', 'CPU of one core', 'memory', 'peak memory'],
    rows,
  };
}

async function cost(kind: string, probe: (authority: string) => ServerHealthProbe): Promise<string[]> {
  let cells: string[] = [];
  await HealthCluster.run({}, async (health) => {
    const { cluster } = health;
    await startServers(health, kind === 'HTTPS' ? 'secure' : 'ok');
    const one = { port: 8080, health: { ...probe(health.authority), every: `${EVERY_S}s` } };
    const services = Object.fromEntries(Array.from({ length: SERVICES }, (_, i) => [`orders-${i}`, one]));
    const hosts = HOSTS.map((host) => `10.0.1.${host}`);
    await cluster.kubectl(`apply --filename ${healthSite(cluster.topology.lab.folder, services, hosts)}`);
    await health.untilProgramReady();
    await rest(WARM_UP_MS);

    const pods = cluster.kubelets.flatMap((kubelet) => kubelet.running('server-health'));
    const versions = () =>
      cluster.kubectl(
        'get endpointslices --selector=app.kubernetes.io/part-of=onprem-link --output=jsonpath={.items[*].metadata.resourceVersion}',
      );
    const [before, used, from] = [await versions(), pods.map(({ pid }) => cpu(pid)), now()];
    await rest(MEASURED_MS);
    const passed = now() - from;
    const shares = pods.map(({ pid }, i) => (100 * (cpu(pid) - (used[i] as number))) / passed);
    const memory = pods.map((pod) => pod.rss());
    if ((await versions()) !== before) throw new Error('an EndpointSlice was written while nothing changed');
    const both = (texts: readonly string[]) => texts.join(' and ');
    cells = [
      both(shares.map((share) => `${share.toFixed(1)} %`)),
      both(memory.map((one) => mib(one.now))),
      both(memory.map((one) => mib(one.peak))),
    ];
  });
  return cells;
}

/** Adds addresses to one host, with a server at each. */
async function startServers({ cluster: { topology } }: HealthCluster, behaviour: 'ok' | 'secure'): Promise<void> {
  const place = topology.servers.find(({ name }) => name === 'orders-1');
  if (place === undefined) throw new Error('the topology has no orders-1');
  const [{ ifname = '' } = {}] = place.netns.ipJson<{ ifname?: string }[]>('addr', 'show', 'to', '192.168.1.10');
  for (const host of HOSTS) {
    place.netns.ip('addr', 'add', `192.168.1.${host}/24`, 'dev', ifname);
    const server = new FailingServer(place.netns, `192.168.1.${host}`, topology.lab.folder);
    await server.behave(8080, behaviour);
  }
}
