import { waitFor } from '../lab/wait';
import { HealthCluster } from './health-cluster';
import { healthSite, SERVERS } from './health-site';
import { describeCluster } from './requirements';
import { Load, type Seen } from './traffic';

jest.setTimeout(1_200_000);

const [FIRST, SECOND] = SERVERS;
const EVERY_S = 2;
const PROBE = { every: `${EVERY_S}s`, timeout: '1s', downAfter: 3 } as const;
/** Interval × threshold + timeout. */
const BOUND_MS = 1000 * (EVERY_S * PROBE.downAfter + 1);
/** kube-proxy and this test need a moment to follow; later failures are counted as late. */
const AFTERWARDS_MS = 2_000;

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const figures: Record<string, unknown>[] = [];
afterAll(() => process.stderr.write(`${figures.map((one) => JSON.stringify(one)).join('\n')}\n`));

/** It reports packet loss while the servers stay up. */
const REPEATS = 'onprem_link_health_server_repeats_total';
/** Requests that began this long before the fault may still fail with it. */
const UNDER_WAY_MS = 500;

/** Failures before the fault, or of requests that began after kube-proxy had followed. */
function unexplained({ failures }: Seen, from: number, followed: number): unknown[] {
  return failures.filter(({ at }) => at < from - UNDER_WAY_MS || at > followed);
}

/**
 * Lets one of two servers of a Service fail and answer again, while a client opens connections: only those that began
 * before kube-proxy followed the detection may fail.
 */
async function withFault(
  health: HealthCluster,
  fault: string,
  port: number,
  { begin, end }: { readonly begin: () => unknown; readonly end: () => unknown },
): Promise<void> {
  const load = await Load.start(health.client, await health.urlOf(fault));
  await rest(2_000);
  const from = Date.now();
  await begin();
  await health.untilReady(fault, [SECOND]);
  const detected = Date.now() - from;
  await health.untilForwardedElsewhere(FIRST, port);
  const followed = Date.now();
  await rest(AFTERWARDS_MS + 1_000);
  await end();
  await health.untilReady(fault, [FIRST, SECOND]);
  await rest(1_000);
  const seen = await load.end();
  const late = seen.failures.filter(({ at }) => at > from + detected + AFTERWARDS_MS).length;
  const { total, failures } = seen;
  figures.push({ fault, detected, followed: followed - from, total, failed: failures.length, late });
  expect(detected).toBeLessThan(BOUND_MS + AFTERWARDS_MS);
  expect(unexplained(seen, from, followed)).toEqual([]);
  expect(total).toBeGreaterThan(2_000);
}

describeCluster('Services with probed servers, behind a real kube-proxy', () => {
  it('lose no connections to a failed server after the detection time', () =>
    HealthCluster.run({}, async (health) => {
      const { cluster, servers, authority } = health;
      const http = { ...PROBE, http: { path: '/healthz' } } as const;
      const tls = { ...PROBE, tls: { serverName: 'orders.corp.example', ca: authority } } as const;
      const faults = ['refuse', 'hung', 'slow', 'error'] as const;
      const ports = Object.fromEntries(faults.map((name, i) => [name, { port: 8081 + i, health: http }]));
      const folder = healthSite(cluster.topology.lab.folder, {
        ...ports,
        certificate: { port: 8091, health: tls },
        gone: { port: 8092, health: http },
        both: { port: 8093, health: http },
      });
      for (const server of servers) {
        for (const { port } of Object.values(ports)) await server.behave(port, 'ok');
        await server.behave(8091, 'secure');
        await server.behave(8092, 'ok');
        await server.behave(8093, 'ok');
      }
      await health.install(folder);
      await health.untilProgramReady();

      for (const fault of faults) {
        const port = ports[fault]?.port as number;
        await withFault(health, fault, port, {
          begin: () => servers[0].behave(port, fault),
          end: () => servers[0].behave(port, 'ok'),
        });
      }

      const changed = Date.now();
      await servers[0].behave(8091, 'certificate');
      await health.untilReady('certificate', [SECOND]);
      const noticed = Date.now() - changed;
      expect(noticed).toBeLessThan(BOUND_MS + AFTERWARDS_MS);
      figures.push({ fault: 'certificate', detected: noticed });
      expect(await health.events('certificate')).toEqual([
        expect.stringMatching(/^ServerDown: 10\.0\.1\.10 .* is down: certificate: /),
      ]);

      await withFault(health, 'gone', 8092, { begin: () => servers[0].drop(1), end: () => servers[0].answer() });

      // Both servers of one Service fail while other Services have servers that answer: both stay listed, and an event reports it.
      for (const server of servers) await server.behave(8093, 'refuse');
      await waitFor('the event AllServersDown', 60_000, async () =>
        (await health.events('both')).some((text) => text.startsWith('AllServersDown')),
      );
      expect(await health.ready('both')).toEqual([FIRST, SECOND]);
    }));

  it('lose no connections when the program, its node or the API server fails; packet loss marks no server down', () =>
    HealthCluster.run({}, async (health) => {
      const { cluster, servers } = health;
      const http = { ...PROBE, http: { path: '/healthz' } } as const;
      const folder = healthSite(cluster.topology.lab.folder, { orders: { port: 8080, health: http } });
      for (const server of servers) await server.behave(8080, 'ok');
      await health.install(folder);
      await health.untilProgramReady();
      const url = await health.urlOf('orders');

      /** Opens 200 new connections per second during the fault: none may fail. */
      const during = async (fault: string, happen: () => Promise<void>) => {
        await health.untilProgramReady();
        const load = await Load.start(health.client, url);
        await happen();
        await rest(2_000);
        const { total, failures } = await load.end();
        figures.push({ fault, total, failed: failures.length });
        expect([fault, failures]).toEqual([fault, []]);
      };

      await during('leader killed', async () => {
        const { name, pod } = await health.leader();
        pod.signal('SIGKILL');
        await health.untilLed((leader) => leader !== name);
      });

      await during('leader stopped and continued', async () => {
        const { name, pod } = await health.leader();
        pod.signal('SIGSTOP');
        await waitFor('a new leader', 60_000, async () => !(await termOf(health)).includes(name));
        const before = await versionOf(health);
        pod.signal('SIGCONT');
        await rest(6_000);
        expect(await versionOf(health)).toBe(before);
      });

      await during('API server down for a minute', async () => {
        const before = await versionOf(health);
        await cluster.plane.kill('kube-apiserver');
        await rest(60_000);
        cluster.plane.startApiServer();
        await cluster.plane.untilReady();
        await health.untilProgramReady();
        expect(await health.ready('orders')).toEqual([FIRST, SECOND]);
        figures.push({ fault: 'API server down for a minute', isUnchanged: (await versionOf(health)) === before });
      });

      const lossy = await versionOf(health);
      const repeatsBefore = await health.metricOfLeader(REPEATS);
      for (const server of servers) server.drop(0.5);
      await rest(60_000);
      for (const server of servers) server.answer();
      expect(await health.metricOfLeader(REPEATS)).toBeGreaterThan(repeatsBefore);
      figures.push({
        fault: 'half of all packets lost for a minute',
        isUnchanged: (await versionOf(health)) === lossy,
      });
      expect([await health.ready('orders'), await versionOf(health)]).toEqual([[FIRST, SECOND], lossy]);

      await during("the leader's node crashed, then a server", async () => {
        // The client's own node must keep running.
        await health.untilLeaderIsElsewhere();
        const { name, node } = await health.leader();
        await cluster.kubelets.find(({ place }) => place.name === node)?.crash();
        await health.untilLed((leader) => leader !== name);
      });
      await servers[0].behave(8080, 'refuse');
      await health.untilReady('orders', [SECOND]);
    }));

  it('move from Git to the program and back without losing a connection', () =>
    HealthCluster.run({}, async (health) => {
      const { cluster, servers } = health;
      const http = { ...PROBE, http: { path: '/healthz' } } as const;
      const folderOf = (handover?: boolean) =>
        healthSite(cluster.topology.lab.folder, {
          orders: { port: 8080, ...(handover !== undefined && { health: { ...http, handover } }) },
        });
      const [git, both, program] = [folderOf(), folderOf(true), folderOf(false)];
      for (const server of servers) await server.behave(8080, 'ok');
      await health.install(git);
      const load = await Load.start(health.client, await health.urlOf('orders'));
      await rest(2_000);
      await sync(health, git, both);
      await health.untilProgramReady();
      await sync(health, both, program);
      await waitFor(
        'the slice from Git to be deleted',
        60_000,
        async () => !(await slices(health)).includes('orders-ipv4'),
      );
      await rest(3_000);
      expect(await slices(health)).toEqual(['orders-health-ipv4']);
      await sync(health, program, both);
      await rest(3_000);
      await sync(health, both, git);
      await waitFor(
        'the slice of the program to be deleted',
        60_000,
        async () => !(await slices(health)).includes('orders-health-ipv4'),
      );
      await rest(3_000);
      expect(await slices(health)).toEqual(['orders-ipv4']);
      const seen = await load.end();
      figures.push({ change: 'from Git to the program and back', ...count(seen) });
      expect(seen.failures).toEqual([]);
    }));
});

const count = ({ total, failures }: Seen) => ({
  total,
  failed: failures.length,
  reasons: [...new Set(failures.map(({ reason }) => reason))],
});

async function versionOf(health: HealthCluster): Promise<string> {
  return (await health.slice('orders')).metadata.resourceVersion;
}

async function termOf(health: HealthCluster): Promise<string> {
  return (await health.slice('orders')).metadata.annotations?.['onprem-link/term'] ?? '';
}

async function slices({ cluster }: HealthCluster): Promise<string[]> {
  const text = await cluster.kubectl(
    'get endpointslices --selector=kubernetes.io/service-name=orders --output=jsonpath={.items[*].metadata.name}',
  );
  return text.split(' ').filter(Boolean).sort();
}

/** Applies a folder as GitOps tools do in the worse order: delete what is no longer in Git, unless annotated, then apply the rest. */
async function sync({ cluster }: HealthCluster, before: string, after: string): Promise<void> {
  const names = async (folder: string) =>
    (
      await cluster.kubectl(
        `apply --dry-run=client --output=jsonpath='{range .items[*]}{.kind}/{.metadata.name} -n {.metadata.namespace}{"\\n"}{end}' --filename ${folder}`,
      )
    )
      .split('\n')
      .filter(Boolean);
  const now = new Set(await names(after));
  for (const object of (await names(before)).filter((name) => !now.has(name) && !name.startsWith('Namespace'))) {
    const kept = await cluster.kubectl(
      `get ${object} --output=jsonpath={.metadata.annotations.argocd\\\\.argoproj\\\\.io/sync-options}`,
    );
    if (!kept.includes('Prune=false')) await cluster.kubectl(`delete ${object} --wait=false`);
  }
  await cluster.kubectl(`apply --filename ${after}`);
}
