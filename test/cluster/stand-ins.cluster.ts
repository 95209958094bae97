import { Cluster } from '../lab/cluster';
import { find, readDist } from '../lab/dist';
import { EXAMPLE } from '../lab/testbed';
import { Lab } from '../lab/topology/namespaces';
import type { NetnsClient } from '../lab/topology/netns-client';
import { Topology } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { RealCluster } from './cluster';
import { PATIENCE_MS } from './control-plane';
import { describeCluster } from './requirements';

jest.setTimeout(600_000);

const LIST = '/api/v1/namespaces/onprem-link/configmaps';
const OWN = 'fieldSelector=metadata.name%3Dstatic-routes';

/** An API server as the agent meets it, the real one or the lab's. */
interface Server {
  readonly client: NetnsClient;
  readonly url: string;
  readonly ca: string;
  /** Of the agent's service account. */
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

/** Types of the events of a watch that ends by itself, and whether the versions in them rise. */
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

/** All that the agent asks an API server, and what it may be answered. */
async function conversation(server: Server): Promise<Record<string, unknown>> {
  const now = await versionOf(server);
  const later = `${Number(now) + 1_000_000}`;
  return {
    'the own ConfigMap, listed': await asked(server, `${LIST}?${OWN}`),
    'listed, not older than now': await asked(
      server,
      `${LIST}?${OWN}&resourceVersion=${now}&resourceVersionMatch=NotOlderThan`,
    ),
    'listed, not older than a version to come': await asked(
      server,
      `${LIST}?${OWN}&resourceVersion=${later}&resourceVersionMatch=NotOlderThan`,
    ),
    'all ConfigMaps of the namespace': await asked(server, LIST),
    'another ConfigMap': await asked(server, `${LIST}/kube-root-ca.crt`),
    'the own Namespace': await asked(server, '/api/v1/namespaces/onprem-link'),
    'another Namespace': await asked(server, '/api/v1/namespaces/default'),
    'the own DaemonSet': await asked(server, '/apis/apps/v1/namespaces/onprem-link/daemonsets/node-routes'),
    Secrets: await asked(server, '/api/v1/namespaces/onprem-link/secrets'),
    'a token that is none': await asked(server, `${LIST}?${OWN}`, 'nonsense'),
    'a watch from now': await watched(server, `resourceVersion=${now}`, () => server.edit('["192.168.0.0/24"]')),
    'a watch without a version': await watched(server, '', () => Promise.resolve()),
  };
}

/** Asks the lab's server of a cluster made from the same objects. */
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

describeCluster('what the lab plays, held against the real thing', () => {
  it('the API server gives the agent the same answers', () =>
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

  it("the DaemonSet's controller replaces pods by the rules that the lab plays", () =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      const [before, after] = [await podsOf(cluster), () => podsOf(cluster)];
      expect(before.length).toBe(2);
      // One at a time, since 10 % of two nodes is rounded up to one.
      await cluster.kubectl('-n onprem-link set env daemonset/node-routes LOG_LEVEL=debug');
      let most = 0;
      await waitFor('both pods to be new', PATIENCE_MS, async () => {
        const text = await cluster.kubectl(
          '-n onprem-link get daemonset node-routes --output=jsonpath={.status.numberUnavailable}',
        );
        most = Math.max(most, Number(text || 0));
        return (await after()).every((name) => !before.includes(name));
      });
      await cluster.untilReady();
      expect(most).toBeLessThanOrEqual(1);
    }));
});

async function podsOf(cluster: RealCluster): Promise<string[]> {
  const text = await cluster.kubectl('-n onprem-link get pods --output=jsonpath={.items[*].metadata.name}');
  return text.split(' ').filter(Boolean);
}
