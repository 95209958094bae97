import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1Pod, V1Probe } from '@kubernetes/client-node';
import type { Manifest } from '../lab/dist';
import { probeOnce } from '../lab/kubelet/pod-probe';
import { startPod } from '../lab/kubelet/pod-start';
import { startWorkload } from '../lab/topology/workload';
import { waitFor } from '../lab/wait';
import { CLIENT_POD } from './client-pod';
import { PATIENCE_MS } from './control-plane';
import { FullCluster } from './full-cluster';
import { SERVICE_ADDRESS } from './kubernetes';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

const get = (path: string, more = {}): V1Probe => ({ httpGet: { path, port: 8080, ...more } });
const PROBES: Readonly<Record<string, V1Probe>> = {
  'http-200': get('/status/200'),
  'http-399': get('/status/399'),
  'http-400': get('/status/400'),
  'http-503': get('status/503'),
  'http-silent': get('/silent'),
  'http-closed': { httpGet: { path: '/', port: 8081 } },
  'http-header': get('/agent', { httpHeaders: [{ name: 'X-Who', value: 'kubelet' }] }),
  'http-redirected': get('/redirect/200'),
  'http-redirected-to-a-failure': get('/redirect/500'),
  'http-redirected-elsewhere': get('/elsewhere'),
  'tcp-open': { tcpSocket: { port: 8080 } },
  'tcp-closed': { tcpSocket: { port: 8081 } },
  'exec-0': { exec: { command: ['sh', '-c', 'exit 0'] } },
  'exec-3': { exec: { command: ['sh', '-c', 'exit 3'] } },
};

const [CLIENT] = CLIENT_POD.spec.containers as [V1Container];
const SERVER: V1Container = {
  ...CLIENT,
  name: 'server',
  command: ['node', '--eval', readFileSync(join(__dirname, 'programs', 'probed.cjs'), 'utf8')],
};

/** The headers of the first request for a path, in lower case, with the address replaced. */
function asked(log: string, path: string): unknown {
  const requests = log
    .split('\n')
    .flatMap((line) => (line.startsWith('[') ? [JSON.parse(line) as [string, object]] : []));
  const [, headers] = requests.find(([url]) => url === path) ?? [path, {}];
  return JSON.parse(JSON.stringify(headers).replaceAll(/\d+\.\d+\.\d+\.\d+/g, 'ADDRESS'));
}

describeFull("the lab's probes, compared with those of a real kubelet", () => {
  it('give the same results with the same requests', () =>
    FullCluster.run({}, async (cluster) => {
      const [, place] = cluster.topology.nodes;
      if (place === undefined) throw new Error('the topology has no second node');
      place.netns.sysctl({ 'ipv4/conf/all/rp_filter': 0 });
      const [ip, metadata] = ['172.30.9.9', { name: 'probed', namespace: 'default' }];
      const pod = await startPod({
        netns: startWorkload(place, { addresses: [ip], interface: 'lab0' }),
        workload: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata,
          spec: { ...CLIENT_POD.spec, containers: [SERVER] },
        } as Manifest,
        nodeName: place.name,
        podIPs: [ip],
        hostIPs: place.addresses,
        serviceHost: SERVICE_ADDRESS,
        token: 'token',
        ca: cluster.plane.ca.cert,
      });
      const probing = { netns: place.netns, container: SERVER, podIP: ip, exec: pod.exec.bind(pod) };
      await waitFor(
        'the server',
        PATIENCE_MS,
        async () => (await probeOnce({ tcpSocket: { port: 8080 } }, probing)).ok,
      );
      const inLab: Record<string, boolean> = {};
      for (const [name, probe] of Object.entries(PROBES)) inLab[name] = (await probeOnce(probe, probing)).ok;

      const containers = Object.entries(PROBES).map(([name, readinessProbe]) => ({
        ...CLIENT,
        name,
        command: ['sleep', 'infinity'],
        readinessProbe: { ...readinessProbe, periodSeconds: 1 },
      }));
      const body = { ...CLIENT_POD, metadata, spec: { ...CLIENT_POD.spec, containers: [SERVER, ...containers] } };
      await cluster.plane.api('/api/v1/namespaces/default/pods', { method: 'POST', body });
      const ready = async () => {
        const { status } = await cluster.plane.api<V1Pod>('/api/v1/namespaces/default/pods/probed');
        const all = status?.containerStatuses ?? [];
        return Object.fromEntries(all.filter(({ name }) => name !== 'server').map(({ name, ready: is }) => [name, is]));
      };
      /** Containers with a failed probe. */
      const failed = async () => {
        const path = '/api/v1/namespaces/default/events?fieldSelector=reason%3DUnhealthy';
        const { items } = await cluster.plane.api<{ items: { involvedObject: { fieldPath: string } }[] }>(path);
        return new Set(items.map(({ involvedObject }) => /\{(.*)\}/.exec(involvedObject.fieldPath)?.[1]));
      };
      await waitFor('a result of every probe', PATIENCE_MS, async () => {
        const [verdicts, failures] = [await ready(), await failed()];
        return Object.keys(PROBES).every((name) => verdicts[name] || (failures.has(name) && verdicts['http-200']));
      });
      // Probes that failed before the server was listening get some more time to succeed.
      await waitFor('the probes that succeed in the lab to succeed here', PATIENCE_MS / 4, async () => {
        const verdicts = await ready();
        return Object.keys(PROBES).every((name) => verdicts[name] || !inLab[name]);
      }).catch(() => undefined);
      expect(inLab).toEqual(await ready());
      const log = await cluster.kubectl('logs probed --container=server');
      for (const path of ['/status/200', '/agent', '/status/503'])
        expect({ [path]: asked(`${pod.logs}`, path) }).toEqual({ [path]: asked(log, path) });
    }));
});
