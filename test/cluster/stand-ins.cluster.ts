import { Cluster } from '../lab/cluster';
import { find, parseManifests, readDist } from '../lab/dist';
import { nodesToUpdate } from '../lab/kubelet/daemon-set';
import { kubeProxyRules } from '../lab/kubelet/kube-proxy';
import { EXAMPLE } from '../lab/testbed';
import { Lab } from '../lab/topology/namespaces';
import { NetnsClient, type NetnsHttpServer } from '../lab/topology/netns-client';
import { type Place, Topology } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { CLIENT_POD } from './client-pod';
import { RealCluster } from './cluster';
import { PATIENCE_MS } from './control-plane';
import type { FakeKubelet } from './kubelet';
import { POD_SUBNET } from './kubernetes';
import { describeCluster } from './requirements';

jest.setTimeout(600_000);

/** An address that no Service uses. */
const FREE_ADDRESS = '172.21.255.254';
/** Addresses and ports with a listening server. */
const ENDPOINTS = [
  ['192.168.1.20', 8080],
  ['192.168.1.21', 8080],
  ['192.168.1.22', 8080],
  ['192.168.1.23', 8080],
  ['192.168.1.24', 8080],
  ['192.168.1.20', 9090],
] as const;
/** A Service with slices of every kind: two usable endpoints, and others that kube-proxy must ignore. */
const CONTRACT = parseManifests(`
apiVersion: v1
kind: Service
metadata: { name: contract, namespace: default }
spec: { ports: [{ name: http, port: 80, protocol: TCP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: contract-ipv4, namespace: default, labels: { kubernetes.io/service-name: contract } }
addressType: IPv4
endpoints:
  - { addresses: [192.168.1.20, 192.168.1.24], conditions: { ready: true } }
  - { addresses: [192.168.1.21] }
  - { addresses: [192.168.1.22], conditions: { ready: false } }
ports: [{ name: http, port: 8080, protocol: TCP }, { name: other, port: 9090, protocol: TCP }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: contract-without-label, namespace: default }
addressType: IPv4
endpoints: [{ addresses: [192.168.1.23] }]
ports: [{ name: http, port: 8080, protocol: TCP }]
`);

const LIST = '/api/v1/namespaces/onprem-link/configmaps';
const OWN = 'fieldSelector=metadata.name%3Dstatic-routes';

/** An API server from the agent's point of view: the real one or the lab's. */
interface Server {
  readonly client: NetnsClient;
  readonly url: string;
  readonly ca: string;
  /** The token of the agent's service account. */
  readonly token: string;
  readonly edit: (routes: string) => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly kind: unknown;
  readonly reason: unknown;
  readonly names: readonly unknown[];
}

async function asked(server: Server, path: string, token = server.token): Promise<Answer> {
  const { status, body } = await server.client.fetch(`${server.url}${path}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    ca: server.ca,
    timeoutMs: 10_000,
  });
  const { kind, reason, items, metadata } = JSON.parse(body) as {
    kind?: string;
    reason?: string;
    items?: { metadata: { name: string } }[];
    metadata?: { name?: string };
  };
  return { status, kind, reason, names: items?.map(({ metadata: { name } }) => name) ?? [metadata?.name] };
}

/** The types of the events of a watch that times out, and whether the versions in them increase. */
async function watched(server: Server, query: string, during: () => Promise<void>): Promise<unknown> {
  const request = server.client.fetch(`${server.url}${LIST}?watch=1&${OWN}&timeoutSeconds=3&${query}`, {
    headers: { authorization: `Bearer ${server.token}` },
    ca: server.ca,
    timeoutMs: 30_000,
  });
  await during();
  const { status, body } = await request;
  const events = body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; object: { code?: number; reason?: string; data?: object } });
  return {
    status,
    events: events.map(({ type, object }) => [type, object.code, object.reason, Object.keys(object.data ?? {})]),
  };
}

async function versionOf(server: Server): Promise<string> {
  const { body } = await server.client.fetch(`${server.url}${LIST}?${OWN}`, {
    headers: { authorization: `Bearer ${server.token}` },
    ca: server.ca,
    timeoutMs: 10_000,
  });
  return (JSON.parse(body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

/** Every request that the agent sends to an API server, and every kind of answer to it. */
async function conversation(server: Server): Promise<Record<string, unknown>> {
  const now = await versionOf(server);
  const later = `${Number(now) + 1_000_000}`;
  return {
    "a list of the agent's ConfigMap": await asked(server, `${LIST}?${OWN}`),
    'a list not older than the current version': await asked(
      server,
      `${LIST}?${OWN}&resourceVersion=${now}&resourceVersionMatch=NotOlderThan`,
    ),
    'a list not older than a future version': await asked(
      server,
      `${LIST}?${OWN}&resourceVersion=${later}&resourceVersionMatch=NotOlderThan`,
    ),
    'all ConfigMaps of the namespace': await asked(server, LIST),
    'another ConfigMap': await asked(server, `${LIST}/kube-root-ca.crt`),
    'the own Namespace': await asked(server, '/api/v1/namespaces/onprem-link'),
    'another Namespace': await asked(server, '/api/v1/namespaces/default'),
    'the own DaemonSet': await asked(server, '/apis/apps/v1/namespaces/onprem-link/daemonsets/node-routes'),
    Secrets: await asked(server, '/api/v1/namespaces/onprem-link/secrets'),
    'an invalid token': await asked(server, `${LIST}?${OWN}`, 'nonsense'),
    'a watch from now': await watched(server, `resourceVersion=${now}`, () => server.edit('["192.168.0.0/24"]')),
    'a watch without a version': await watched(server, '', () => Promise.resolve()),
  };
}

/** The same requests to the lab's server, with a cluster made from the same objects. */
async function conversationInTheLab(): Promise<Record<string, unknown>> {
  const lab = new Lab();
  try {
    const topology = Topology.build(lab);
    const objects = readDist(EXAMPLE);
    const cluster = await Cluster.start({ topology, objects });
    const configMap = find(objects, 'ConfigMap', 'static-routes');
    const [address] = topology.options.apiServer;
    return await conversation({
      client: topology.node.client,
      url: `https://${address}:6443`,
      ca: cluster.api.ca,
      token: cluster.token,
      edit: async (routes) => {
        cluster.api.put({ ...configMap, data: { ...(configMap.data as object), routes } });
      },
    });
  } finally {
    await lab.close();
  }
}

describeCluster("the lab's fakes, compared with a real control plane", () => {
  it('the fake API server gives the agent the same answers', () =>
    RealCluster.run({}, async (cluster) => {
      const { topology, plane } = cluster;
      await cluster.install();
      const real = await conversation({
        client: topology.node.client,
        url: plane.url,
        ca: plane.ca.cert,
        token: (await cluster.kubectl('-n onprem-link create token node-routes')).trim(),
        edit: async (routes) => {
          await cluster.kubectl(
            `-n onprem-link patch configmap static-routes --type=merge --patch='${JSON.stringify({ data: { routes } })}'`,
          );
        },
      });
      expect(await conversationInTheLab()).toEqual(real);
    }));

  it("the real DaemonSet controller replaces pods by the rules of the lab's fake", () =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      const [before, after] = [await podsOf(cluster), () => podsOf(cluster)];
      expect(before.length).toBe(2);
      // One at a time, because 10 % of two nodes is rounded up to one.
      await cluster.kubectl('-n onprem-link set env daemonset/node-routes LOG_LEVEL=debug');
      let most = 0;
      await waitFor('both pods to be replaced', PATIENCE_MS, async () => {
        const text = await cluster.kubectl(
          '-n onprem-link get daemonset node-routes --output=jsonpath={.status.numberUnavailable}',
        );
        most = Math.max(most, Number(text || 0));
        return (await after()).every((name) => !before.includes(name));
      });
      await cluster.untilReady();
      expect(most).toBeLessThanOrEqual(1);
    }));

  it('the real DaemonSet controller replaces all pods that are not Ready at once, as the fake does', () =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      const before = await podsOf(cluster);
      await cluster.kubectl(
        `-n onprem-link patch configmap static-routes --type=merge --patch='{"data":{"routes":"oops"}}'`,
      );
      await cluster.kubectl('-n onprem-link wait pod --all --for=condition=Ready=false --timeout=120s');
      const pods = before.map((node) => ({ node, revision: 'old' }));
      const rules = { revision: 'new', maxUnavailable: '10%', minReadyMs: 0, now: 0 };
      expect(nodesToUpdate(pods, rules)).toEqual(before);
      // The list is still invalid: no new pod becomes Ready, and the second one is replaced all the same.
      await cluster.kubectl('-n onprem-link set env daemonset/node-routes LOG_LEVEL=debug');
      await waitFor('both pods to be replaced', PATIENCE_MS, async () => {
        const now = await podsOf(cluster);
        return now.length === 2 && now.every((name) => !before.includes(name));
      });
      const ready = '-n onprem-link get daemonset node-routes --output=jsonpath={.status.numberReady}';
      expect(Number(await cluster.kubectl(ready))).toBe(0);
      expect(cluster.owned()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
    }));
});

describeCluster("the lab's fake kube-proxy, compared with the real one", () => {
  it('connects nodes and pods to the same servers, which see the same source addresses', () =>
    RealCluster.run({}, async (cluster) => {
      const { topology, kubelets, plane } = cluster;
      await cluster.install();
      const server = topology.servers.find(({ name }) => name === 'orders-1');
      if (server === undefined) throw new Error('the topology has no server orders-1');
      const served = await Promise.all(
        ENDPOINTS.map(([address, port]) => {
          server.netns.ip('addr', 'replace', `${address}/24`, 'dev', 'premises');
          return server.client.serve(address, port, `${address}:${port}`);
        }),
      );
      for (const object of CONTRACT) {
        const path = object.kind === 'Service' ? '/api/v1' : '/apis/discovery.k8s.io/v1';
        const resource = `${object.kind.toLowerCase()}s`;
        await plane.api(`${path}/namespaces/default/${resource}`, { method: 'POST', body: object });
      }
      await plane.api('/api/v1/namespaces/default/pods', { method: 'POST', body: CLIENT_POD });
      await cluster.kubectl('wait pod/client --for=condition=Ready --timeout=120s');
      const node = topology.nodes[1] as Place;
      // A table of its own, for an address that kube-proxy does not use.
      node.netns.load(
        kubeProxyRules({ objects: CONTRACT, service: 'contract', clusterIp: FREE_ADDRESS, pods: [POD_SUBNET] }),
      );
      const real = await cluster.kubectl('get service contract --output=jsonpath={.spec.clusterIP}');
      const pod = NetnsClient.of((kubelets[1] as FakeKubelet).networkOf('client'));
      for (const client of [node.client, pod]) {
        await waitFor('the real kube-proxy to forward connections', PATIENCE_MS, async () => {
          return (await client.fetch(`http://${real}/`)).status === 200;
        });
        const [byReal, byLab] = [await reached(client, real, served), await reached(client, FREE_ADDRESS, served)];
        expect(byReal.servers.length).toBeGreaterThan(1);
        expect(byLab).toEqual(byReal);
      }
    }));
});

/** The number of connections that makes it practically certain that each server gets one. */
const CONNECTIONS = 100;

async function reached(client: NetnsClient, address: string, served: readonly NetnsHttpServer[]) {
  const seen = async () => (await Promise.all(served.map((server) => server.seen()))).flat();
  const before = (await seen()).length;
  const servers = new Set<string>();
  for (let i = 0; i < CONNECTIONS; i++)
    servers.add((await client.fetch(`http://${address}/`, { timeoutMs: 3000 })).body);
  // Sorted, because the order of connections is random and all of one client look the same.
  const clients = new Set((await seen()).length - before === CONNECTIONS ? await seen() : []);
  return { servers: [...servers].sort(), clients: [...clients] };
}

async function podsOf(cluster: RealCluster): Promise<string[]> {
  const text = await cluster.kubectl('-n onprem-link get pods --output=jsonpath={.items[*].metadata.name}');
  return text.split(' ').filter(Boolean);
}
