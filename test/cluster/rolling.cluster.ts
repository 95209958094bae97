import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { NodeRoutes, Site } from '../../lib';
import { parseManifests } from '../lab/dist';
import { waitFor } from '../lab/wait';
import { RealCluster } from './cluster';
import { PATIENCE_MS } from './control-plane';
import { describeCluster } from './requirements';

jest.setTimeout(1_200_000);

const GOOD = ['192.168.0.0/24', '192.168.1.0/24'];
const BETTER = [...GOOD, '192.168.5.0/24'];
/** An address behind the default route that must stay reachable. */
const TARGET = '203.0.113.99';
/** Routes packets for it into the private network, where nothing answers. */
const BAD = [...GOOD, '203.0.113.96/29'];

/** Writes the manifests of a site with rolling changes. */
function written(cluster: RealCluster, name: string, routes: readonly string[]): string {
  const site = new Site('rolling', {
    cluster: { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
  });
  new NodeRoutes(site, 'node-routes', {
    changes: 'rolling',
    canary: { maxUnavailable: 1 },
    confirm: [`${TARGET}:8443`],
    routes,
  });
  const folder = join(cluster.topology.lab.folder, name);
  mkdirSync(folder);
  for (const object of parseManifests(site.synthYaml())) {
    // kubectl applies files in the order of their names: the namespace must come first.
    const order = object.kind === 'Namespace' ? 0 : 1;
    writeFileSync(join(folder, `${order}-${object.kind}-${object.metadata.name}.yaml`), stringify(object));
  }
  return folder;
}

describeCluster('rolling changes with the real DaemonSet controller', () => {
  it('go from node to node, stop at the first node that a list cuts off, and are reverted by rollout undo', () =>
    RealCluster.run({}, async (cluster) => {
      const { topology } = cluster;
      topology.internet.netns.ip('addr', 'add', TARGET, 'dev', 'lo');
      await topology.internet.client.serve(TARGET, 8443, 'target');
      await cluster.install(written(cluster, 'good', GOOD));
      await cluster.kubectl(`apply --filename ${written(cluster, 'better', BETTER)}`);
      await cluster.untilReady();
      await cluster.untilOwned(BETTER);

      const reached = reachedBy(cluster);
      await cluster.kubectl(`apply --filename ${written(cluster, 'bad', BAD)}`);
      await waitFor('one node to report that it rolled the list back', PATIENCE_MS, async () =>
        (await logsOf(cluster)).some((text) => text.includes('list.condemned')),
      );
      // One pod is not Ready, so the controller stops.
      await waitFor('the controller to count the pod as unavailable', PATIENCE_MS, async () => {
        const status = '{.status.updatedNumberScheduled} {.status.numberUnavailable}';
        const seen = await cluster.kubectl(`-n onprem-link get daemonset node-routes --output=jsonpath='${status}'`);
        return seen === '1 1';
      });
      expect(await reached()).toBe(1);
      for (const node of topology.nodes) expect(cluster.owned(node)).toEqual(expect.arrayContaining(GOOD));
      // kubectl warns that Git, or the next apply, overwrites this: docs/change-safely.md.
      expect((await cluster.shell('kubectl -n onprem-link rollout undo daemonset node-routes')).code).toBe(0);
      await cluster.untilReady();
      await cluster.untilOwned(BETTER);
    }));
});

const logsOf = async ({ kubelets }: RealCluster) =>
  kubelets.flatMap((kubelet) => kubelet.running('node-routes').map(({ logs }) => `${logs}`));

/** Counts the nodes whose pod has the current template. */
function reachedBy(cluster: RealCluster): () => Promise<number> {
  return async () =>
    Number(
      await cluster.kubectl(
        '-n onprem-link get daemonset node-routes --output=jsonpath={.status.updatedNumberScheduled}',
      ),
    );
}
