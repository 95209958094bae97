import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NodeRoutes, Site } from '../../../lib';
import { find, type Manifest, parseManifests } from '../dist';
import { FakeDaemonSet } from '../kubelet/daemon-set';
import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { type Place, SEEDS, type TopologyOptions } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(300_000);

const GOOD = ['192.168.0.0/24', '192.168.1.0/24'];
const BETTER = [...GOOD, '192.168.5.0/24'];
/** A target that must stay reachable. It is behind the default route. */
const TARGET = '203.0.113.99';
/** Routes packets for it into the private network, where nothing answers. */
const BAD = [...GOOD, '203.0.113.96/29'];
/** If nothing happens in this many rounds of the controller, nothing will. */
const ENOUGH_LOOKS = 20;

/** The objects that GitOps applies for a rolling list. */
function objectsWith(subnets: readonly string[]): Manifest[] {
  const site = new Site('rolling', {
    cluster: { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
  });
  new NodeRoutes(site, 'node-routes', {
    changes: 'rolling',
    canary: { maxUnavailable: 1 },
    confirm: [`${TARGET}:8443`],
    routes: subnets,
  });
  return parseManifests(site.synthYaml());
}

const templateWith = (subnets: readonly string[]) => find(objectsWith(subnets), 'DaemonSet');

function pictureWith(count: number): TopologyOptions {
  const nodes = Array.from({ length: count }, (_, i) => ({
    name: `worker-${i + 1}`,
    private: [`10.184.0.${i + 2}/26`],
    public: [`198.51.100.${i + 2}/28`],
  }));
  return { ...SEEDS, nodes };
}

function play(count: number, body: (testbed: Testbed) => Promise<void>): Promise<void> {
  return Testbed.run({ topology: pictureWith(count), objects: objectsWith(GOOD) }, async (testbed) => {
    testbed.topology.internet.netns.ip('addr', 'add', TARGET, 'dev', 'lo');
    await testbed.topology.internet.client.serve(TARGET, 8443, 'target');
    await body(testbed);
  });
}

/** Runs a DaemonSet with the list GOOD on all nodes, all Ready. */
function playFleet(count: number, body: (fleet: Fleet) => Promise<void>): Promise<void> {
  return play(count, async (testbed) => {
    const fleet = new Fleet(testbed, new FakeDaemonSet(testbed.cluster, templateWith(GOOD)));
    try {
      await fleet.until('all pods to be Ready', 60_000, () => fleet.daemonSet.upToDate === count);
      await body(fleet);
    } finally {
      fleet.daemonSet.stop();
    }
  });
}

class Fleet {
  constructor(
    readonly testbed: Testbed,
    readonly daemonSet: FakeDaemonSet,
  ) {}

  /** Applies both objects as GitOps would: the ConfigMap at once, the pods one after the other. */
  apply(subnets: readonly string[]): void {
    const objects = objectsWith(subnets);
    this.testbed.cluster.api.put(find(objects, 'ConfigMap', 'static-routes'));
    this.daemonSet.apply(find(objects, 'DaemonSet'));
  }

  until(what: string, ms: number, look: () => boolean): Promise<unknown> {
    return waitFor(what, ms, () => this.daemonSet.looks >= 0 && look(), 100);
  }

  /** Waits for some rounds of the controller. */
  async quiet(): Promise<void> {
    const end = this.daemonSet.looks + ENOUGH_LOOKS;
    await this.until('the rounds of the controller', 60_000, () => this.daemonSet.looks >= end);
  }

  /** The different lists in the kernels. */
  get lists(): string[] {
    return [...new Set(this.testbed.topology.nodes.map((node) => ownedBy(this.testbed, node).join(' ')))];
  }
}

function ownedBy({ topology }: Testbed, node: Place): string[] {
  return topology
    .routes(4, PROTOCOL, node)
    .map(({ dst }) => dst)
    .sort();
}

/** Removes the addresses whose answers confirm a list. @returns a function that restores them */
function cutOff({ topology, cluster }: Testbed): () => void {
  const addresses = [...topology.options.apiServer, TARGET];
  const all = (act: 'add' | 'del') => addresses.map((address) => `addr ${act} ${address}/32 dev lo`);
  cluster.api.outage('down');
  topology.internet.netns.batch(all('del'));
  return () => {
    topology.internet.netns.batch(all('add'));
    cluster.api.outage(undefined);
  };
}

describeLab('a list that rolls', () => {
  it('halts at the first of ten nodes that loses a target; a revert replaces that pod at once', () =>
    playFleet(10, async (fleet) => {
      const { daemonSet, testbed } = fleet;
      fleet.apply(BAD);
      await fleet.until('a pod to be replaced', 10_000, () => daemonSet.updated.length > 0);
      const first = await waitFor('the new pod', 20_000, () => testbed.cluster.pods[10]);
      await first.waitForLog(({ json }) => json?.event === 'list.condemned', 90_000);
      await fleet.quiet();
      // Nine pods never received the list, and the trial protected the node of the first.
      expect([daemonSet.updated, daemonSet.ready, fleet.lists]).toEqual([['worker-1'], 9, [GOOD.join(' ')]]);
      expect((await first.probe('readiness')).body).toMatch(/the list was rolled back/);
      expect((await (daemonSet.pods[1] as Pod).probe('readiness')).body).toMatch(
        /2 effective; ConfigMap onprem-link\/static-routes differs from the pod's list/,
      );
      const [node] = testbed.topology.nodes as [Place];
      node.netns.ip('route', 'del', '192.168.0.0/24');
      await waitFor('the previous list to be restored', 5000, () => ownedBy(testbed, node).join() === GOOD.join());
      fleet.apply(GOOD);
      await fleet.until('the pod to be replaced', 10_000, () => daemonSet.updated.length === 2);
      await fleet.until('all pods to be up to date', 60_000, () => daemonSet.upToDate === 10);
      expect([daemonSet.updated, fleet.lists]).toEqual([['worker-1', 'worker-1'], [GOOD.join(' ')]]);
    }));

  it('continues node by node as each confirms it, even if the next hop or the API server is down meanwhile', () =>
    playFleet(3, async (fleet) => {
      const { daemonSet, testbed } = fleet;
      const privateNetwork = ['10.0.0.0/8', 'via', '10.184.0.1', 'dev', 'priv'];
      for (const { netns } of testbed.topology.nodes) netns.ip('route', 'del', ...privateNetwork);
      const reconnect = cutOff(testbed);
      await waitFor('all agents to notice', 20_000, async () => {
        const bodies = await Promise.all(daemonSet.pods.map(async (pod) => (await pod?.probe('readiness'))?.body));
        return bodies.every((body) => body?.includes('2 of 2 routes: 192.168.0.0/24 waiting'));
      });
      fleet.daemonSet.apply(templateWith(BETTER));
      await fleet.until('a pod to be replaced', 10_000, () => daemonSet.updated.length > 0);
      await fleet.quiet();
      // The other two are Ready; otherwise both would have the new list by now.
      expect([daemonSet.updated, daemonSet.ready, fleet.lists]).toEqual([['worker-1'], 2, [GOOD.join(' ')]]);
      for (const { netns } of testbed.topology.nodes) netns.ip('route', 'add', ...privateNetwork);
      reconnect();
      await fleet.until('all pods to be up to date', 180_000, () => daemonSet.upToDate === 3);
      expect([daemonSet.updated, fleet.lists]).toEqual([['worker-1', 'worker-2', 'worker-3'], [BETTER.join(' ')]]);
    }));

  it('comes only from the pod template; a different or deleted ConfigMap changes nothing', () =>
    play(1, async (testbed) => {
      const pod = await testbed.startReady();
      await testbed.untilOwned(GOOD);
      testbed.putList(BAD);
      await testbed.untilReadiness(pod, true, /2 effective; ConfigMap onprem-link\/static-routes differs/);
      expect((await testbed.get('/metrics')).stdout).toContain('onprem_link_list_differs 1\n');
      testbed.putText('[');
      testbed.deleteList();
      await pod.waitForLog(({ json }) => json?.event === 'list.gone', 5000);
      testbed.ip('route del 192.168.0.0/24');
      await testbed.untilOwned(GOOD);
      await testbed.untilReadiness(pod, true, /2 effective/);
      const { stdout } = await pod.exec(['node', '/opt/onprem-link/agent.cjs', 'diff']);
      expect(stdout).toBe('nothing would change\n');
    }));

  it('is removed if the agent is stopped after its ConfigMap was deleted, and stays otherwise', () =>
    play(1, async (testbed) => {
      const first = await testbed.startReady();
      await first.stop();
      expect(testbed.owned()).toEqual(GOOD);
      const second = await testbed.startReady();
      testbed.cluster.api.owners.delete(testbed.own('DaemonSet'));
      testbed.deleteList();
      await second.waitForLog(({ json }) => json?.event === 'list.gone', 5000);
      await second.stop();
      expect(testbed.owned()).toEqual([]);
    }));

  it('waits for the API server before it changes a node, and the pod is Ready only after the confirmation', () =>
    play(1, async (testbed) => {
      const reconnect = cutOff(testbed);
      const pod = await testbed.cluster.startPod();
      await pod.waitForLog(({ json }) => json?.event === 'watch.failing', 20_000);
      await testbed.untilReadiness(
        pod,
        false,
        /the API server 203\.0\.113\.10:6443 does not answer, so the list cannot be confirmed/,
        10_000,
      );
      expect(testbed.owned()).toEqual([]);
      reconnect();
      await testbed.untilReadiness(pod, true, /2 effective/, 90_000);
    }));

  it('is repaired by a restarted container of the same pod, which is Ready regardless of the API server', () =>
    play(1, async (testbed) => {
      const emptyDirs = join(testbed.topology.lab.folder, 'empty-dirs');
      mkdirSync(emptyDirs);
      const start = () => testbed.cluster.startPod(testbed.node, testbed.cluster.workload, emptyDirs);
      const first = await start();
      await first.waitReady(20_000);
      first.signal('SIGKILL');
      await first.exited;
      cutOff(testbed);
      testbed.ip('route del 192.168.0.0/24');
      const second = await start();
      await testbed.untilOwned(GOOD);
      await testbed.untilReadiness(second, true, /2 effective/);
      // Problems are reported, but do not make a Ready pod unready.
      testbed.ip('route del 10.0.0.0/8 via 10.184.0.1 dev priv');
      await testbed.untilReadiness(second, true, /stays Ready because its list was confirmed, but: 2 of 2 routes/);
      expect((await testbed.get('/metrics')).stdout).toContain('onprem_link_ready 0\n');
      second.signal('SIGKILL');
      await second.exited;
      await testbed.untilReadiness(
        await start(),
        true,
        /stays Ready because its list was confirmed, but: 2 of 2 routes/,
      );
    }));
});
