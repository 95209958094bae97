import {
  AUTHORITY,
  DUAL_STACK,
  EVERY_SERVER_HEALTH_OPTION,
  everyOptionSite,
  findingsOf,
  type Manifest,
  manifestsOf,
  STUB_AGENT,
  siteWith,
  siteWithNetwork,
  yamlOf,
} from '../../../test/fixtures/charts';
import { parseHealthList } from '../../network';
import { ExternalService } from '../external-service/external-service';
import type { Site } from '../site/site';
import { serverHealthSchema } from './options';
import type { ServerHealthProbe } from './probe-options';
import { ServerHealth } from './server-health';

const HTTP: ServerHealthProbe = { http: { path: '/healthz' } };
const AT = 'site example › external service orders › health';

interface Differing {
  readonly health?: unknown;
  readonly ports?: Record<string, unknown>;
  readonly name?: string;
  readonly namespace?: string;
  readonly legacyEndpoints?: boolean;
}

/** A site with a stub program and a Service with two servers, with the given differences. */
function siteWithHealth(differs: Differing = {}) {
  const { site, network } = siteWithNetwork(
    [{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }, 'fd99::/64'],
    DUAL_STACK,
  );
  const health = new ServerHealth(site, 'server-health', { program: STUB_AGENT });
  const add = (id: string, more: Differing = {}) =>
    new ExternalService(site, id, {
      namespace: 'default',
      servers: network.servers('10.0.1.10', '10.0.1.11'),
      ports: { http: 8080 },
      health: HTTP,
      ...(more as object),
    });
  const service = add('orders', differs);
  return { site, network, health, service, add };
}

const kinds = (manifests: readonly Manifest[]) => manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const find = (chart: ServerHealth, kind: string, namespace?: string) =>
  manifestsOf(chart).find(
    (one) => one.kind === kind && (namespace === undefined || one.metadata.namespace === namespace),
  ) as Manifest;

test('emits the program, its list and its rights', () => {
  expect(yamlOf(siteWithHealth().health)).toMatchSnapshot();
});

test('accepts every option', () => {
  const site = everyOptionSite();
  expect(Object.keys(EVERY_SERVER_HEALTH_OPTION).sort()).toEqual(Object.keys(serverHealthSchema('')).sort());
  expect(yamlOf(site.node.findChild('health') as ServerHealth)).toMatchSnapshot();
});

test('Git contains the Service and the owner of its slices, but no slices', () => {
  expect(kinds(manifestsOf(siteWithHealth().service))).toEqual(['Service orders', 'ConfigMap orders-health']);
});

test('during a handover, Git contains its slices as well, and GitOps tools keep them when they are removed from Git', () => {
  const { health, service } = siteWithHealth({ health: { ...HTTP, handover: true } });
  const [, , slice] = manifestsOf(service);
  expect(slice?.metadata).toMatchObject({
    name: 'orders-ipv4',
    annotations: {
      'argocd.argoproj.io/sync-options': 'Prune=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    },
  });
  expect(listOf(health)[0]?.replaces).toEqual([]);
});

function listOf(health: ServerHealth) {
  return parseHealthList(find(health, 'ConfigMap').data as Record<string, string>);
}

test('the program can read the list', () => {
  const tls = { serverName: 'orders.corp.example', ca: AUTHORITY };
  const { health } = siteWithHealth({
    health: { http: { path: '/x', host: 'orders', status: 204 }, tls, every: '5s', port: 8443 },
  });
  expect(listOf(health)).toEqual([
    {
      namespace: 'default',
      name: 'orders',
      servers: new Map([
        ['192.168.1.10', '10.0.1.10'],
        ['192.168.1.11', '10.0.1.11'],
      ]),
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      probe: { port: 8443, http: { path: '/x', host: 'orders', status: [204, 204] }, tls },
      everyMs: 5_000,
      timeoutMs: 2_000,
      downAfter: 3,
      upAfter: 2,
      panicThreshold: 1,
      replaces: ['orders-ipv4'],
    },
  ]);
});

test.each<[string, ServerHealthProbe, number]>([
  ['the first TCP port', HTTP, 8081],
  ['a port by name', { ...HTTP, port: 'admin' }, 9000],
  ['a port that is not in the Service', { ...HTTP, port: 7 }, 7],
])('probes %s', (_, health, port) => {
  const ports = { events: { port: 53, protocol: 'UDP' }, http: { port: 80, serverPort: 8081 }, admin: 9000 };
  expect(listOf(siteWithHealth({ health, ports }).health)[0]?.probe.port).toBe(port);
});

test('every right names its objects, except the one to create events', () => {
  const { health, add } = siteWithHealth();
  add('reports', { namespace: 'apps', health: { ...HTTP, handover: true } });
  const rules = manifestsOf(health)
    .filter(({ kind }) => kind === 'Role')
    .flatMap(({ rules }) => rules as { resources: string[]; resourceNames?: string[]; verbs: string[] }[]);
  expect(rules.filter(({ resourceNames }) => resourceNames === undefined)).toEqual([
    { apiGroups: [''], resources: ['events'], verbs: ['create'] },
    { apiGroups: [''], resources: ['events'], verbs: ['create'] },
  ]);
  expect(manifestsOf(health).some(({ kind }) => kind.startsWith('Cluster'))).toBe(false);
  const apps = find(health, 'Role', 'apps').rules as typeof rules;
  expect(apps.flatMap(({ resourceNames = [] }) => resourceNames)).toEqual([
    'reports-health-ipv4',
    'reports-health-ipv6',
    'reports-health',
    'reports',
  ]);
});

test("the program's namespace enforces the restricted level, and the agent's stays privileged", () => {
  const { site } = siteWithHealth();
  const level = (name: string) =>
    manifestsOf(site.node.findChild('namespace') as ServerHealth).find(({ metadata }) => metadata.name === name)
      ?.metadata.labels?.['pod-security.kubernetes.io/enforce'];
  expect(level('onprem-link-health')).toBe('restricted');
  const shared = siteWith();
  shared.namespaces.add({ namespace: 'one', create: true, priorityClassName: undefined, podSecurity: 'restricted' });
  shared.namespaces.add({ namespace: 'one', create: true, priorityClassName: undefined, podSecurity: 'privileged' });
  const [namespace] = manifestsOf(shared.node.findChild('namespace') as ServerHealth);
  expect(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('privileged');
});

test('the network policy allows only probe ports of servers, and the API server', () => {
  const { health, add } = siteWithHealth();
  add('reports', { health: { ...HTTP, port: 9000 } });
  expect((find(health, 'NetworkPolicy') as { spec?: unknown }).spec).toMatchObject({
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [{ port: 9143, protocol: 'TCP' }] }],
    egress: [
      { ports: [{ port: 443 }, { port: 6443 }] },
      {
        ports: [{ port: 8080 }],
        to: [{ ipBlock: { cidr: '192.168.1.10/32' } }, { ipBlock: { cidr: '192.168.1.11/32' } }],
      },
      {
        ports: [{ port: 9000 }],
        to: [{ ipBlock: { cidr: '192.168.1.10/32' } }, { ipBlock: { cidr: '192.168.1.11/32' } }],
      },
    ],
  });
});

test('a site without health has no program', () => {
  const { site, network } = siteWithNetwork();
  new ExternalService(site, 'orders', {
    namespace: 'default',
    servers: network.servers('192.168.0.10'),
    ports: { http: 80 },
  });
  expect(site.node.children.map(({ node }) => node.id)).toEqual(['orders']);
});

const wrong = (health: unknown, more: Differing = {}) => findingsOf(siteWithHealth({ health, ...more }).site);
const LEAF = AUTHORITY.replace('MIIB', 'MIIC');

test.each<[string, unknown, string]>([
  ['no probe', {}, ': {} does not say what to probe; add tcp: true, http: { path: "/healthz" } or tls: {}'],
  ['no object', 'http', ': "http" is not a probe;'],
  ['too much', { tcp: true, tls: {} }, '.tcp: true checks less than http and tls;'],
  ['tcp: false', { tcp: false }, '.tcp: false is not true;'],
  ['a path without a slash', { http: { path: 'healthz' } }, '.http.path: "healthz" is not a path; begin with a slash'],
  ['a path with a line break', { http: { path: '/a\nb' } }, '.http.path: "/a\\nb" is not a path'],
  ['a Host header with a space', { http: { path: '/', host: 'a b' } }, '.http.host: "a b" is not a Host header'],
  ['a status of 99', { http: { path: '/', status: 99 } }, '.http.status: 99 is not a status'],
  [
    'a reversed range of statuses',
    { http: { path: '/', status: [300, 200] } },
    '.http.status: [300,200] is not a status',
  ],
  [
    'thresholds of 0',
    { ...HTTP, downAfter: 0, upAfter: 0 },
    '.downAfter: 0 is not a valid threshold; write a whole number from 1 to 20',
  ],
  ['a time without its unit', { ...HTTP, every: '10' }, '.every: "10" is not a duration from 1s to 5m;'],
  [
    'a timeout beyond the interval',
    { ...HTTP, every: '2s', timeout: '3s' },
    '.timeout: "3s" is longer than the 2 s between two probes',
  ],
  [
    'an unknown port name',
    { ...HTTP, port: 'admin' },
    ' › port: "admin" is not the name of a TCP port of this Service; write a number or http',
  ],
  [
    'a CA that is not a certificate',
    { tls: { serverName: 'a', ca: 'corp-ca.pem' } },
    '.tls.ca: "corp-ca.pem" contains no PEM certificate',
  ],
  ['a damaged CA', { tls: { serverName: 'a', ca: LEAF } }, '.tls.ca: '],
  [
    'a private key',
    { tls: { serverName: 'a', ca: `${AUTHORITY}-----BEGIN PRIVATE KEY-----` } },
    '.tls.ca: "…" contains a private key',
  ],
  ['a CA without serverName', { tls: { ca: AUTHORITY } }, 'has a ca but no serverName'],
  [
    'a panic threshold that is never reached',
    { ...HTTP, panicThreshold: 3 },
    ' › panicThreshold: 3 is more than the 2 servers',
  ],
  ['an unknown option', { ...HTTP, interval: '1s' }, 'interval'],
])('rejects %s', (_, health, message) => {
  const findings = wrong(health);
  expect(findings.some((line) => line.startsWith(AT))).toBe(true);
  expect(findings.join('\n')).toContain(message);
});

test('reports all findings at once', () => {
  const findings = wrong({ http: { path: 'x' }, downAfter: 0, upAfter: 21, every: '0s', timeout: 7 });
  expect(findings.length).toBe(5);
});

test('rejects health with an Endpoints object, and clashing names', () => {
  expect(wrong(HTTP, { legacyEndpoints: true })).toEqual([expect.stringContaining(`${AT}: true needs EndpointSlices`)]);
  const { site, add } = siteWithHealth();
  add('orders-health');
  expect(findingsOf(site)).toEqual([
    expect.stringContaining('needs names that site example › external service orders-health uses'),
  ]);
});

test('rejects a second program, and one that probes nothing', () => {
  const { site } = siteWithHealth();
  new ServerHealth(site, 'another', { program: STUB_AGENT });
  expect(findingsOf(site)).toEqual([expect.stringContaining('"another" is the second one of this site')]);
  const idle: Site = siteWith();
  new ServerHealth(idle, 'server-health', { program: STUB_AGENT });
  expect(findingsOf(idle)).toEqual([expect.stringContaining('"server-health" probes nothing')]);
});

test('a UDP Service needs a port for its probes', () => {
  const udp = { events: { port: 53, protocol: 'UDP' } };
  expect(wrong({ tcp: true }, { ports: udp })).toEqual([
    expect.stringContaining('is missing, and the Service has no TCP port'),
  ]);
  expect(wrong({ tcp: true, port: 53 }, { ports: udp })).toEqual([]);
});

test('a rejected port of the Service is not reported a second time as one that probes lack', () => {
  expect(wrong({ tcp: true }, { ports: { http: 0 } })).toEqual([expect.stringContaining('0 is not a valid port')]);
});
