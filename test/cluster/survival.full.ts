import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE } from '../lab/testbed';
import { waitFor } from '../lab/wait';
import { CLIENT_POD } from './client-pod';
import { PATIENCE_MS } from './control-plane';
import { FullCluster } from './full-cluster';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const AGENT = /node-routes-agent-[0-9a-f]+/g;

/** Records changes of the agent's routes on all nodes from now on. */
async function changes(cluster: FullCluster): Promise<() => string[]> {
  const monitors = await Promise.all(cluster.topology.nodes.map((node) => cluster.changes(node)));
  return () => monitors.flatMap((monitor) => monitor());
}

/** The example with a renamed agent program, and so a new revision, as synthesis of the next version would write it. */
function nextVersion(cluster: FullCluster, change = (text: string) => text): { folder: string; old: string } {
  const folder = join(cluster.topology.lab.folder, 'next');
  mkdirSync(folder);
  let old = '';
  for (const name of readdirSync(EXAMPLE)) {
    const text = readFileSync(join(EXAMPLE, name), 'utf8');
    old = text.match(AGENT)?.[0] ?? old;
    writeFileSync(join(folder, name), change(text.replaceAll(AGENT, 'node-routes-agent-0000000000')));
  }
  return { folder, old };
}

/** The agent's pod on a node. */
async function agentOn(cluster: FullCluster, node: string): Promise<string> {
  const names = await cluster.kubectl(
    `-n onprem-link get pods --field-selector=spec.nodeName=${node} --output=jsonpath={.items[*].metadata.name}`,
  );
  expect(names.split(' ').length).toBe(1);
  return names;
}

describeFull('nodes with kubelet and containerd keep their routes', () => {
  it('through a drain and through an upgrade that deletes the old program at once, and restore them after a reboot', () =>
    FullCluster.run({}, async (cluster) => {
      const { topology } = cluster;
      await cluster.install();
      const monitor = await changes(cluster);
      const { folder, old } = nextVersion(cluster);
      await cluster.kubectl(`apply --filename ${folder}`);
      await cluster.kubectl(`-n onprem-link delete configmap ${old}`);
      await cluster.untilReady();

      await cluster.plane.api('/api/v1/namespaces/default/pods', { method: 'POST', body: CLIENT_POD });
      await cluster.kubectl('wait pod/client --for=condition=Ready --timeout=120s');
      expect((await cluster.shell('kubectl drain worker-2 --ignore-daemonsets --force --timeout=120s')).code).toBe(0);
      expect(await cluster.kubectl('get pods --output=name')).toBe('');
      expect(cluster.owned(topology.nodes[1])).toEqual(SUBNETS);
      await cluster.kubectl('uncordon worker-2');
      expect(monitor()).toEqual([]);

      await cluster.crash(1);
      await cluster.boot(1);
      await cluster.untilOwned(SUBNETS);
      await cluster.untilReady();
    }));

  it("if the old program is deleted while a node is down: the node's pod waits for it until the pod is replaced", () =>
    FullCluster.run({}, async (cluster) => {
      const { topology, workers } = cluster;
      await cluster.install();
      const pod = await agentOn(cluster, 'worker-2');
      // Keeps the pods at the old revision, as a node that is not Ready does.
      const { folder, old } = nextVersion(cluster, (text) =>
        text.replace(/rollingUpdate:\n\s+maxUnavailable: 10%\n\s+type: RollingUpdate/, 'type: OnDelete'),
      );
      await cluster.crash(1);
      await cluster.kubectl(`apply --filename ${folder}`);
      await cluster.kubectl(`-n onprem-link delete configmap ${old}`);
      await cluster.boot(1);

      // docs/upgrade.md quotes this message.
      const messages = (of = pod) =>
        cluster.kubectl(
          `-n onprem-link get events --field-selector=involvedObject.name=${of},reason=FailedMount --output=jsonpath='{range .items[*]}{.message}{"\\n"}{end}'`,
        );
      await waitFor('the FailedMount event', PATIENCE_MS, async () => (await messages()).includes('not found'));
      expect(await messages()).toMatch(new RegExp(`MountVolume.SetUp failed .* configmap "${old}" not found`));
      await cluster.kubectl(`-n onprem-link wait pod/${pod} --for=condition=Ready=false --timeout=120s`);
      expect(cluster.owned(topology.nodes[1])).toEqual([]);

      // A kubelet that restarts leaves running pods alone.
      const running = await agentOn(cluster, 'worker-1');
      const monitor = await cluster.changes();
      await workers[0]?.killKubelet();
      await workers[0]?.startKubelet();
      await waitFor('the FailedMount event', PATIENCE_MS, async () => (await messages(running)).includes('not found'));
      expect(await cluster.kubectl(`-n onprem-link get pod ${running} --no-headers`)).toMatch(/ 1\/1 +Running +0 /);
      expect(await cluster.kubectl(`-n onprem-link get pod ${pod} --no-headers`)).toMatch(/ 0\/1 +Unknown /);
      expect(monitor()).toEqual([]);
      expect(cluster.owned()).toEqual(SUBNETS);

      await cluster.kubectl(`apply --filename ${rolling(folder)}`);
      await cluster.untilReady();
      await cluster.untilOwned(SUBNETS);
      expect(await agentOn(cluster, 'worker-2')).not.toBe(pod);
    }));

  it('while the API server and etcd are killed, watches are cut repeatedly, kubelet and containerd restart, and the token is replaced', () =>
    FullCluster.run({}, async (cluster) => {
      const { plane, topology, workers } = cluster;
      await cluster.install();
      const monitor = await changes(cluster);
      await plane.kill('kube-apiserver');
      await plane.kill('etcd');
      plane.startEtcd();
      plane.startApiServer();
      await plane.untilReady();
      const counted = () => topology.nodes.map(({ name }) => plane.watchesOf(name).length);
      for (let cuts = 0; cuts < 5; cuts++) {
        const before = counted();
        for (const { netns } of topology.nodes) netns.run('ss', '-K', '-t', 'dst', '172.21.0.1', 'dport', '=', ':443');
        await waitFor('new watches', PATIENCE_MS, () => counted().every((count, i) => count > (before[i] as number)));
      }

      const before = topology.nodes.map(({ name }) => plane.watchesOf(name).at(-1));
      await Promise.all(
        workers.map(async (worker) => {
          await worker.killKubelet();
          await worker.restartContainerd();
          // The kubelet has lost its tokens. It requests a new one for each pod and writes it to the pod's volume.
          await worker.startKubelet();
        }),
      );
      await waitFor(
        'watches with the new token',
        PATIENCE_MS,
        () => {
          for (const { netns } of topology.nodes)
            netns.run('ss', '-K', '-t', 'dst', '172.21.0.1', 'dport', '=', ':443');
          return topology.nodes.every(({ name }, i) => plane.watchesOf(name).at(-1) !== before[i]);
        },
        1000,
      );
      await cluster.untilReady();
      expect(monitor()).toEqual([]);
      await cluster.list(['192.168.1.0/24']);
      await cluster.untilOwned(['192.168.1.0/24']);
    }));

  it('with 10,000 routes within the memory limit of the cgroup, and the kernel kills a process that exceeds it', () =>
    FullCluster.run({}, async (cluster) => {
      await cluster.install();
      const many = Array.from({ length: 10_000 }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.0/24`);
      await cluster.list(many);
      await cluster.untilOwned(many);
      await cluster.untilReady();
      const restarts = () =>
        cluster.kubectl(
          `-n onprem-link get pods --output=jsonpath='{.items[*].status.containerStatuses[*].restartCount}'`,
        );
      expect(await restarts()).toBe('0 0');

      const monitor = await changes(cluster);
      const pod = await agentOn(cluster, 'worker-1');
      const greedy = 'const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))';
      const { code } = await cluster.shell(`kubectl -n onprem-link exec ${pod} -- node --eval '${greedy}'`);
      // SIGKILL from the kernel, which hits the greedy process or the whole container.
      expect(code).toBe(137);
      await cluster.untilReady();
      await cluster.untilOwned(many);
      expect(monitor()).toEqual([]);
    }));
});

/** Switches the manifests in the folder back to rolling updates. */
function rolling(folder: string): string {
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    writeFileSync(join(folder, name), text.replace('type: OnDelete', 'type: RollingUpdate'));
  }
  return folder;
}
