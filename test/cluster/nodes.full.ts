import { waitFor } from '../lab/wait';
import { CLIENT_POD } from './client-pod';
import { PATIENCE_MS } from './control-plane';
import { FullCluster } from './full-cluster';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

/** A program that prints the answer of a URL, or nothing if there is none. */
const asking = (url: string) =>
  `fetch("${url}").then((a) => a.text()).then((text) => process.stdout.write(text), () => {})`;

describeFull('dist/ on nodes with kubelet, containerd and a CNI bridge', () => {
  it.each(['iptables', 'nftables'] as const)(
    'connects nodes and pods to both servers of a Service through kube-proxy with %s, and on-premise hosts to the nodes',
    (proxyMode) =>
      FullCluster.run({ proxyMode }, async (cluster) => {
        const { topology } = cluster;
        const servers = (await topology.serve()).slice(-topology.servers.length);
        for (const node of topology.nodes)
          expect((await topology.exchange(node)).some(({ toNode }) => toNode.status === 200)).toBe(false);
        await cluster.install();
        // A node that is not Ready yet is reported, but nothing about the start itself.
        const events = 'get events --field-selector=type=Warning --output=jsonpath={.items[*].message}';
        const warnings = await cluster.kubectl(`-n onprem-link ${events}`);
        expect(warnings.replaceAll('Readiness probe failed: HTTP probe failed with statuscode: 503', '').trim()).toBe(
          '',
        );
        for (const node of topology.nodes)
          await waitFor('an on-premise host to reach the node', PATIENCE_MS, () => topology.answered(node));

        await cluster.plane.api('/api/v1/namespaces/default/pods', { method: 'POST', body: CLIENT_POD });
        await cluster.kubectl('wait pod/client --for=condition=Ready --timeout=120s');
        const ip = await cluster.kubectl('get service orders-service --output=jsonpath={.spec.clusterIP}');
        const url = `http://${ip}:8080/`;
        const clients = {
          node: async () => (await topology.node.client.fetch(url)).body,
          pod: () => cluster.kubectl(`exec client -- node --eval '${asking(url)}'`),
        };
        const before = await Promise.all(servers.map(async (server) => (await server.seen()).length));
        for (const [name, ask] of Object.entries(clients)) {
          const seen = new Set<string>();
          await waitFor(`both servers to answer the ${name} through the Service`, PATIENCE_MS, async () => {
            seen.add(await ask());
            seen.delete('');
            return seen.size === 2;
          });
          expect([...seen].sort()).toEqual(['orders-1', 'orders-2']);
        }
        // docs/ibm-classic.md: servers see a pod with its node's address.
        const addresses = await Promise.all(
          servers.map(async (server, i) => (await server.seen()).slice(before[i] as number)),
        );
        expect([...new Set(addresses.flat())].sort()).toEqual(['10.184.0.2', '10.184.0.3']);
      }),
  );
});
