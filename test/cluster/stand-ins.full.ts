import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { find, type Manifest, readDist } from '../lab/dist';
import type { Pod } from '../lab/kubelet/pod';
import { startPod } from '../lab/kubelet/pod-start';
import { EXAMPLE } from '../lab/testbed';
import { waitFor } from '../lab/wait';
import { CLIENT_POD } from './client-pod';
import { PATIENCE_MS } from './control-plane';
import { FullCluster } from './full-cluster';
import { SERVICE_ADDRESS } from './kubernetes';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

const DESCRIBE = readFileSync(join(__dirname, 'programs', 'describe.cjs'), 'utf8');

/** The same pod with a program that describes its container and these folders. */
function describing(name: string, spec: V1PodSpec, folders: readonly string[]): V1Pod & Manifest {
  const [{ livenessProbe, readinessProbe, startupProbe, ports, ...container }] = spec.containers as [
    V1PodSpec['containers'][number],
  ];
  const env = [...(container.env ?? []), { name: 'FOLDERS', value: JSON.stringify(folders) }];
  const described = { ...container, env, command: ['node', '--eval', DESCRIBE] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'onprem-link' },
    spec: { ...spec, nodeName: 'worker-2', restartPolicy: 'Never', containers: [described] },
  };
}

const AGENT = (() => {
  const { spec } = find(readDist(EXAMPLE), 'DaemonSet', 'node-routes');
  return (spec as { template: { spec: V1PodSpec } }).template.spec;
})();
const FOLDERS = AGENT.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath) ?? [];

/** The output without what always differs: the times in the names of folders. */
const withoutTimes = (text: string) =>
  JSON.parse(text.replaceAll(/\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+/g, '..TIME')) as Record<string, unknown>;

describeFull("the lab's fake kubelet, compared with the real one", () => {
  it.each([
    ['the agent', 'agent', AGENT, FOLDERS],
    ['an unprivileged pod on the pod network', 'client', CLIENT_POD.spec as V1PodSpec, []],
  ] as const)('%s finds the same environment, rights, mounts and volumes', (_, name, spec, folders) =>
    FullCluster.run({}, async (cluster) => {
      await cluster.install();
      const workload = describing(name, spec, folders);
      const path = '/api/v1/namespaces/onprem-link/pods';
      await cluster.plane.api(path, { method: 'POST', body: workload });
      await cluster.kubectl(`-n onprem-link wait pod/${name} --for=condition=Ready --timeout=120s`);
      const real = await waitFor('the output of the pod', PATIENCE_MS, () =>
        cluster.kubectl(`-n onprem-link logs ${name}`),
      );
      const { status } = await cluster.plane.api<V1Pod>(`${path}/${name}`);

      const pod = await inLab(cluster, workload, readDist(EXAMPLE), status);
      const { text } = await pod.waitForLog(({ text }) => text.startsWith('{'), PATIENCE_MS);
      expect(withoutTimes(text)).toEqual(withoutTimes(real));
    }),
  );

  it('a changed ConfigMap looks the same in its volume', () =>
    FullCluster.run({}, async (cluster) => {
      await cluster.kubectl('create namespace onprem-link');
      await cluster.kubectl('label namespace onprem-link pod-security.kubernetes.io/enforce=privileged');
      const configMap = (data: Readonly<Record<string, string>>): Manifest => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'changing', namespace: 'onprem-link' },
        data,
      });
      const [before, after] = [configMap({ stays: 'old', goes: 'away' }), configMap({ stays: 'newer', comes: 'in' })];
      const path = '/api/v1/namespaces/onprem-link';
      await cluster.plane.api(`${path}/configmaps`, { method: 'POST', body: before });
      const { containers, ...more } = CLIENT_POD.spec as V1PodSpec;
      const mounting = {
        ...more,
        volumes: [
          { name: 'changing', configMap: { name: 'changing' } },
          { name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
        ],
        containers: containers.map((container) => ({
          ...container,
          env: [{ name: 'AWAITED', value: '/changing/comes' }],
          volumeMounts: [
            { name: 'changing', mountPath: '/changing' },
            { name: 'access', mountPath: '/access' },
          ],
        })),
      };
      const workload = describing('mounting', mounting, ['/changing', '/access']);
      await cluster.plane.api(`${path}/pods`, { method: 'POST', body: workload });
      await cluster.kubectl('-n onprem-link wait pod/mounting --for=condition=Ready --timeout=120s');
      const { status } = await cluster.plane.api<V1Pod>(`${path}/pods/mounting`);
      const pod = await inLab(cluster, workload, [before], status);
      await pod.waitForLog(({ text }) => text.startsWith('{"env"'), PATIENCE_MS);

      await cluster.plane.api(`${path}/configmaps/changing`, { method: 'PUT', body: after });
      pod.updateConfigMap(after);
      const { text } = await pod.waitForLog(({ text }) => text.startsWith('{"awaited"'), PATIENCE_MS);
      const real = await waitFor('the kubelet to update the volume', PATIENCE_MS, async () => {
        const log = await cluster.kubectl('-n onprem-link logs mounting');
        return log.split('\n').find((line) => line.startsWith('{"awaited"'));
      });
      expect(withoutTimes(text)).toEqual(withoutTimes(real));
      expect(real).not.toContain('goes');
    }));
});

/** The same pod on the same node, started by the lab. */
async function inLab(
  { topology, plane }: FullCluster,
  workload: Manifest,
  objects: readonly Manifest[],
  status: V1Pod['status'],
): Promise<Pod> {
  const [, place] = topology.nodes;
  if (place === undefined) throw new Error('the topology has no second node');
  return startPod({
    netns: place.netns,
    workload,
    objects,
    nodeName: place.name,
    podIPs: status?.podIPs?.map(({ ip }) => ip) ?? [],
    hostIPs: status?.hostIPs?.map(({ ip }) => ip) ?? [],
    serviceHost: SERVICE_ADDRESS,
    token: 'token',
    ca: plane.ca.cert,
    resolvers: ['192.0.2.53'],
  });
}
