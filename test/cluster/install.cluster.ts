import { NetnsClient } from '../lab/topology/netns-client';
import { waitFor } from '../lab/wait';
import { CLIENT_POD } from './client-pod';
import { RealCluster } from './cluster';
import { PATIENCE_MS } from './control-plane';
import { describeCluster } from './requirements';

jest.setTimeout(1_200_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const lines = (text: string) => text.trimEnd().split('\n');

describeCluster('dist/ on a real Kubernetes', () => {
  it('applies without warnings, client-side and server-side, and a second apply changes nothing', () =>
    RealCluster.run({}, async (cluster) => {
      const first = lines(await cluster.kubectl('apply --filename .'));
      expect(first.every((line) => / created$/.test(line))).toBe(true);
      await cluster.untilReady();
      expect(lines(await cluster.kubectl('apply --filename .'))).toEqual(
        first.map((line) => line.replace(/created$/, 'unchanged')),
      );
      expect(await cluster.kubectl('diff --filename .')).toBe('');
      const versions = () => cluster.kubectl('get --filename . --output=jsonpath={.items[*].metadata.resourceVersion}');
      await cluster.kubectl('apply --server-side --force-conflicts --filename .');
      const before = await versions();
      await cluster.kubectl('apply --server-side --filename .');
      expect(await versions()).toBe(before);
    }));

  it.each(['iptables', 'nftables'] as const)(
    'connects nodes and pods to both servers of a Service through kube-proxy with %s, and on-premise hosts to the nodes',
    (proxyMode) =>
      RealCluster.run({ proxyMode }, async (cluster) => {
        const { topology, kubelets } = cluster;
        const servers = (await topology.serve()).slice(-topology.servers.length);
        expect((await topology.exchange(topology.node, 200)).some(({ toNode }) => toNode.status === 200)).toBe(false);
        await cluster.install();
        expect(await topology.answered()).toBe(true);

        await cluster.plane.api('/api/v1/namespaces/default/pods', { method: 'POST', body: CLIENT_POD });
        await cluster.kubectl('wait pod/client --for=condition=Ready --timeout=120s');
        const ip = await cluster.kubectl('get service orders-service --output=jsonpath={.spec.clusterIP}');
        const pod = NetnsClient.of((kubelets[1] as (typeof kubelets)[number]).networkOf('client'));
        for (const client of [topology.node.client, pod]) {
          const seen = new Set<string>();
          await waitFor('both servers to answer through the Service', PATIENCE_MS, async () => {
            const { body } = await client.fetch(`http://${ip}:8080/`);
            if (body !== '') seen.add(body);
            return seen.size === 2;
          });
          expect([...seen].sort()).toEqual(['orders-1', 'orders-2']);
        }
        // docs/pods: servers see a pod with its node's address.
        const clients = new Set((await Promise.all(servers.map((server) => server.seen()))).flat());
        expect([...clients].sort()).toEqual(['10.184.0.2', '10.184.0.3']);
      }),
  );

  it('applies an edited list, keeps the routes after an invalid one and reports the node as not Ready, and applies the corrected list', () =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      const patch = (routes: string) =>
        cluster.kubectl(
          `-n onprem-link patch configmap static-routes --type=merge --patch='${JSON.stringify({ data: { routes } })}'`,
        );
      await patch('["192.168.0.0/24"]');
      await cluster.untilOwned(['192.168.0.0/24']);
      await patch('["192.168.0.0/24", oops');
      await cluster.kubectl('-n onprem-link wait pod --all --for=condition=Ready=false --timeout=120s');
      expect(cluster.owned()).toEqual(['192.168.0.0/24']);
      await cluster.kubectl('apply --filename .');
      await cluster.untilOwned(SUBNETS);
      await cluster.untilReady();
    }));

  it('keeps the routes while the API server and etcd are killed and restarted', () =>
    RealCluster.run({}, async (cluster) => {
      const { plane, topology } = cluster;
      await cluster.install();
      const before = JSON.stringify(topology.routes(4, 142));
      await plane.kill('kube-apiserver');
      await plane.kill('etcd');
      const monitor = await cluster.changes();
      plane.startEtcd();
      plane.startApiServer();
      await plane.untilReady();
      await cluster.untilReady();
      expect(JSON.stringify(topology.routes(4, 142))).toBe(before);
      expect(monitor()).toEqual([]);
      // The watch is connected again: the agent applies the next list.
      await cluster.kubectl(
        `-n onprem-link patch configmap static-routes --type=merge --patch='{"data":{"routes":"[\\"192.168.1.0/24\\"]"}}'`,
      );
      await cluster.untilOwned(['192.168.1.0/24']);
    }));
});

describeCluster('leaving a real Kubernetes', () => {
  it.each([
    ['the namespace is deleted', 'delete namespace onprem-link --timeout=120s'],
    ['all manifests are deleted', 'delete --filename . --timeout=120s'],
    [
      'the objects are deleted without waiting, workloads first, as Argo CD prunes',
      '-n onprem-link delete daemonset,rolebinding,role,configmap,serviceaccount --all --wait=false --cascade=foreground',
    ],
  ])('leaves nothing on the nodes when %s', (_, command) =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      await cluster.untilOwned(SUBNETS);
      await cluster.kubectl(command);
      await cluster.untilClean();
    }),
  );

  it.each([
    ['deleted alone', '-n onprem-link delete daemonset node-routes --timeout=120s', 0],
    ['deleted without its pods', '-n onprem-link delete daemonset node-routes --cascade=orphan', 2],
    [
      'replaced by force',
      '-n onprem-link get daemonset node-routes --output=yaml | kubectl replace --force --filename -',
      2,
    ],
  ])('keeps the routes when the DaemonSet is %s', (_, command, pods) =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      const monitor = await cluster.changes();
      const { code } = await cluster.shell(`kubectl ${command}`);
      expect(code).toBe(0);
      await waitFor('the old pods to be deleted', PATIENCE_MS, async () => {
        const names = await cluster.kubectl(
          '-n onprem-link get pods --field-selector=status.phase=Running --output=jsonpath={.items[*].metadata.name}',
        );
        return names.split(' ').filter(Boolean).length === pods;
      });
      expect(cluster.owned()).toEqual(SUBNETS);
      expect(monitor()).toEqual([]);
    }),
  );
});
