import type { V1Container, V1DaemonSet, V1PodSpec, V1Role } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { ExternalService } from '../../lib/charts/external-service/external-service';
import { NodeRoutes } from '../../lib/charts/node-routes/node-routes';
import { type Manifest, siteWithNetwork } from '../fixtures/charts';

const { site, network } = siteWithNetwork();
new NodeRoutes(site, 'node-routes');
const servers = network.servers('192.168.0.5');
new ExternalService(site, 'orders', { namespace: 'apps', servers, ports: { http: 80 } });
const objects = parseAllDocuments(site.synthYaml()).map((document) => document.toJS() as Manifest);
const ofKind = <T>(kind: string) => objects.filter((object) => object.kind === kind) as unknown as T[];
const [daemonSet] = ofKind<V1DaemonSet>('DaemonSet');
const pod = daemonSet?.spec?.template.spec as V1PodSpec;
const [container] = pod.containers as [V1Container];
const rules = ofKind<V1Role>('Role').flatMap((role) => role.rules ?? []);

test("NET_ADMIN is the agent's only capability, and it cannot gain others", () => {
  expect(container.securityContext?.capabilities).toEqual({ drop: ['ALL'], add: ['NET_ADMIN'] });
  expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false });
  expect(container.securityContext?.privileged ?? false).toBe(false);
});

test('its root file system is read-only, and it shares only the network with the host', () => {
  expect(container.securityContext?.readOnlyRootFilesystem).toBe(true);
  expect(pod.volumes?.some(({ hostPath }) => hostPath !== undefined)).toBe(false);
  expect([pod.hostPID ?? false, pod.hostIPC ?? false, pod.hostNetwork]).toEqual([false, false, true]);
});

test('it runs with the default seccomp profile', () => {
  const profile = container.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile;
  expect(profile).toEqual({ type: 'RuntimeDefault' });
});

test('every permission names its objects, and none covers Secrets or uses a wildcard', () => {
  expect(rules.length).toBeGreaterThan(0);
  for (const { resources, verbs, resourceNames, apiGroups } of rules) {
    expect(resourceNames?.length).toBeGreaterThan(0);
    expect([...(resources ?? []), ...verbs, ...(apiGroups ?? [])]).not.toContain('*');
    expect(resources).not.toContain('secrets');
  }
  expect(ofKind('ClusterRole')).toEqual([]);
  expect(ofKind('ClusterRoleBinding')).toEqual([]);
});

test('every permission is read-only', () => {
  for (const { verbs } of rules) expect(['get', 'list', 'watch']).toEqual(expect.arrayContaining(verbs));
});

test('it has its own service account, and a short-lived token that is mounted explicitly', () => {
  expect(pod.serviceAccountName).not.toBe('default');
  expect(pod.automountServiceAccountToken).toBe(false);
  const tokens = (pod.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []),
  );
  expect(tokens.map(({ expirationSeconds }) => expirationSeconds)).toEqual([3600]);
});

test('CPU, memory and ephemeral storage have requests and limits', () => {
  const resources = ['cpu', 'ephemeral-storage', 'memory'];
  expect(Object.keys(container.resources?.requests ?? {}).sort()).toEqual(resources);
  expect(Object.keys(container.resources?.limits ?? {}).sort()).toEqual(resources);
});

test('the image is pinned by its digest', () => {
  expect(container.image).toMatch(/:[\w.-]+@sha256:[0-9a-f]{64}$/);
});

test('liveness and readiness have different probes, so missing routes do not restart the agent', () => {
  const paths = [container.livenessProbe, container.readinessProbe].map((probe) => probe?.httpGet?.path);
  expect(new Set(paths).size).toBe(2);
});

test('the ConfigMap with the program is immutable, and the one with the route list is not', () => {
  const immutable = ofKind<{ metadata: { name: string }; immutable?: boolean }>('ConfigMap').map(
    ({ metadata, immutable = false }) => [metadata.name.replace(/-[0-9a-f]{10}$/, ''), immutable],
  );
  expect(Object.fromEntries(immutable)).toEqual({
    'node-routes-agent': true,
    'node-routes-routing': true,
    'static-routes': false,
  });
});

test('no object is in the default namespace, and no Service opens a port on the nodes', () => {
  for (const { kind, metadata } of objects) if (kind !== 'Namespace') expect(metadata.namespace).not.toBe('default');
  for (const { spec } of ofKind<{ spec: { type?: string } }>('Service'))
    expect(spec.type ?? 'ClusterIP').toBe('ClusterIP');
});
