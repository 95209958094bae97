import { readFileSync } from 'node:fs';
import type { ServerHealthProbe } from '../../lib/charts';
import { HealthCluster } from './health-cluster';
import { healthSite } from './health-site';
import { describeCluster } from './requirements';
import { FailingServer } from './traffic';

jest.setTimeout(1_200_000);

const SERVICES = 200;
/** Five servers of each, on one host. */
const HOSTS = [21, 22, 23, 24, 25];
const EVERY = '10s';
/** Compilation and the first round are over. */
const WARM_UP_MS = 45_000;
const MEASURED_MS = 60_000;
const MIB = 2 ** 20;

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const figures: string[] = [];
afterAll(() => process.stderr.write(`${figures.join('\n')}\n`));

/** User and system time in milliseconds (man 5 proc: fields 14 and 15, in ticks of 10 ms). */
function cpuMs(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number) as [number, number];
  return (user + system) * 10;
}

describeCluster('200 Services with 5 servers each, probed every 10 s', () => {
  it.each<[string, number, number, (authority: string) => ServerHealthProbe]>([
    ['TCP', 12, 96, () => ({ tcp: true })],
    ['HTTP', 20, 96, () => ({ http: { path: '/healthz' } })],
    // Handshakes pile up on a busy machine.
    ['HTTPS', 45, 160, (ca) => ({ http: { path: '/healthz' }, tls: { serverName: 'orders.corp.example', ca } })],
  ])('by %s cost at most %i %% of a core and %i MiB, and write nothing', (kind, most, mib, probe) =>
    HealthCluster.run({}, async (health) => {
      const { cluster } = health;
      const { topology, kubelets } = cluster;
      await startServers(health, kind === 'HTTPS' ? 'secure' : 'ok');
      const one = { port: 8080, health: { ...probe(health.authority), every: EVERY } };
      const services = Object.fromEntries(Array.from({ length: SERVICES }, (_, i) => [`orders-${i}`, one]));
      const folder = healthSite(
        topology.lab.folder,
        services,
        HOSTS.map((host) => `10.0.1.${host}`),
      );
      await cluster.kubectl(`apply --filename ${folder}`);
      await health.untilProgramReady();
      await rest(WARM_UP_MS);

      const pods = kubelets.flatMap((kubelet) => kubelet.running('server-health'));
      const versions = () =>
        cluster.kubectl(
          'get endpointslices --selector=app.kubernetes.io/part-of=onprem-link --output=jsonpath={.items[*].metadata.resourceVersion}',
        );
      const [before, started, from] = [await versions(), pods.map(({ pid }) => cpuMs(pid)), performance.now()];
      await rest(MEASURED_MS);
      const passed = performance.now() - from;
      const shares = pods.map(({ pid }, i) => (100 * (cpuMs(pid) - (started[i] as number))) / passed);
      const memory = pods.map((pod) => pod.rss());
      const inMiB = (bytes: readonly number[]) => bytes.map((one) => (one / 2 ** 20).toFixed(0)).join(' and ');
      figures.push(
        `${kind}: CPU ${shares.map((share) => share.toFixed(1)).join(' and ')} %, memory ${inMiB(memory.map(({ now }) => now))} MiB, at most ${inMiB(memory.map(({ peak }) => peak))}`,
      );
      expect(await versions()).toBe(before);
      expect(before.split(' ').length).toBe(SERVICES);
      expect(pods.length).toBe(2);
      for (const share of shares) expect(share).toBeLessThanOrEqual(most);
      for (const { now } of memory) expect(now).toBeLessThanOrEqual(mib * MIB);
    }),
  );
});

/** Further addresses of one host, each with a server. */
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
