import { findingsOf, type Manifest, manifestsOf, siteWithNetwork } from '../../../test/fixtures/charts';
import { NodeRoutes } from './node-routes';
import type { NodeRoutesProps } from './props';

type Scc = Manifest & Readonly<Record<string, unknown>> & { readonly volumes: readonly string[] };

interface Pod {
  readonly hostNetwork?: boolean;
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
  readonly containers: readonly [
    { readonly securityContext: { readonly capabilities?: { readonly add: string[]; readonly drop: string[] } } },
  ];
}

function onOpenShift(props: NodeRoutesProps = {}) {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes', { openShift: true, ...props });
  expect(findingsOf(site)).toEqual([]);
  const charts = site.charts.map((chart) => [chart.node.id, manifestsOf(chart)] as const);
  const all = charts.flatMap(([, manifests]) => manifests);
  const scc = all.find(({ kind }) => kind === 'SecurityContextConstraints') as Scc | undefined;
  const daemonSet = all.find(({ kind }) => kind === 'DaemonSet') as unknown as { spec: { template: { spec: Pod } } };
  return { ids: charts.map(([id]) => id), scc, pod: daemonSet.spec.template.spec };
}

test("are cluster-wide, in a separate file, and name only the agent's service account", () => {
  const { ids, scc } = onOpenShift();
  expect(ids).toContain('node-routes-openshift');
  expect(scc).toMatchObject({
    apiVersion: 'security.openshift.io/v1',
    metadata: { name: 'onprem-link-node-routes' },
    users: ['system:serviceaccount:onprem-link:node-routes'],
  });
  expect(scc?.metadata.namespace).toBeUndefined();
  expect(scc).not.toHaveProperty('groups');
});

test('allow exactly what the pod needs', () => {
  const { scc, pod } = onOpenShift({ changes: 'rolling', canary: { maxUnavailable: 1 } });
  const [{ securityContext }] = pod.containers;
  expect(scc).toMatchObject({
    allowHostNetwork: pod.hostNetwork,
    allowHostPorts: true,
    allowHostDirVolumePlugin: false,
    allowHostIPC: false,
    allowHostPID: false,
    allowPrivilegedContainer: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsUser: { type: 'MustRunAs', uid: 0 },
    allowedCapabilities: securityContext.capabilities?.add,
    requiredDropCapabilities: securityContext.capabilities?.drop,
    seccompProfiles: ['runtime/default'],
  });
  const kinds = pod.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
  expect(scc?.volumes).toEqual([...new Set(kinds)].sort());
});

test('allow privileged mode for a privileged pod', () => {
  const { scc } = onOpenShift({ privileged: true });
  expect(scc).toMatchObject({ allowPrivilegedContainer: true, allowPrivilegeEscalation: true });
  expect(scc).not.toHaveProperty('requiredDropCapabilities');
});

test('are not emitted for other clusters', () => {
  expect(onOpenShift({ openShift: false }).scc).toBeUndefined();
});
