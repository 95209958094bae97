import type { k8s } from 'cdk8s-plus-28';
import {
  CLUSTER,
  EVERY_NODE_ROUTES_OPTION,
  everyOptionSite,
  findingsOf,
  type Manifest,
  manifestsOf,
  siteWith,
  siteWithNetwork,
  yamlOf,
} from '../../../test/fixtures/charts';
import type { ClusterProps } from '../site/cluster';
import { NodeRoutes, nodeRoutesOf } from './node-routes';
import { nodeRoutesSchema } from './options';
import type { NodeRoutesProps } from './props';

function routesText(chart: NodeRoutes): string {
  const [configMap] = manifestsOf(chart) as (Manifest & { data: { routes: string } })[];
  return configMap?.data.routes ?? '';
}

test('emits the list, the rights and the agent by default', () => {
  expect(yamlOf(new NodeRoutes(siteWithNetwork().site, 'node-routes'))).toMatchSnapshot();
});

test('accepts every option', () => {
  const edge = nodeRoutesOf(everyOptionSite())[0] as NodeRoutes;
  expect(Object.keys({ ...EVERY_NODE_ROUTES_OPTION, networks: [] }).sort()).toEqual(
    Object.keys(nodeRoutesSchema('')).sort(),
  );
  expect(yamlOf(edge)).toMatchSnapshot();
});

const COMPANIONS: Readonly<Record<string, object>> = {
  probeNodes: { nodeCount: 60 },
  routes: { allowDefaultRoute: true },
  agent: { image: EVERY_NODE_ROUTES_OPTION.image },
};

/** These options depend on each other; a separate test covers them. */
const { changes: _, canary: __, ...ALONE } = EVERY_NODE_ROUTES_OPTION;

test.each(Object.entries({ ...ALONE, networks: [] }))('%s changes the output', (name, value) => {
  const emitted = (props: object) => {
    const { site } = siteWithNetwork();
    site.onPremise('office', { subnets: ['192.168.3.0/24'], probes: ['192.168.3.1:443'] });
    new NodeRoutes(site, 'node-routes', props);
    return site.synthYaml();
  };
  const companions = COMPANIONS[name] ?? {};
  expect(emitted({ ...companions, [name]: value })).not.toBe(emitted(companions));
});

/** The agent's environment variables by name. */
function environmentOf(cluster: ClusterProps, props: NodeRoutesProps): Record<string, string | undefined> {
  const chart = new NodeRoutes(siteWithNetwork(undefined, cluster).site, 'node-routes', props);
  const { spec } = manifestsOf(chart).at(-1) as unknown as k8s.KubeDaemonSetProps;
  const env = spec?.template.spec?.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

test("gives the agent the API servers' own addresses if they are known", () => {
  expect(environmentOf({ ...CLUSTER, apiServers: ['10.1.2.3:6443', '[FD00::1]:6443'] }, {}).API_SERVERS).toBe(
    '10.1.2.3:6443,[fd00::1]:6443',
  );
  expect(environmentOf(CLUSTER, {})).not.toHaveProperty('API_SERVERS');
});

test.each<[NodeRoutesProps, string]>([
  [{}, '0'],
  [{ nodeCount: 500 }, '0'],
  [{ nodeCount: 501 }, '30'],
  [{ nodeCount: 5000, changes: 'rolling', canary: { maxUnavailable: 1 } }, '0'],
])('with %j, each node tries a changed list within %s s', (props, seconds) => {
  expect(environmentOf(CLUSTER, props).TRIAL_SPREAD_SECONDS).toBe(seconds);
});

test('with rolling changes, puts the list into the pod template, one route per line, and mounts it as a file', () => {
  const { site } = siteWithNetwork();
  const rolling = { changes: 'rolling', canary: { maxUnavailable: 1 }, nodeCount: 40 } as const;
  const chart = new NodeRoutes(site, 'node-routes', { ...rolling, routes: ['192.168.8.0/24'] });
  const text = '[\n  "192.168.0.0/24",\n  "192.168.8.0/24"\n]\n';
  const daemonSet = manifestsOf(chart).at(-1) as unknown as {
    metadata: { annotations: Record<string, string> };
    spec: {
      minReadySeconds: number;
      updateStrategy: { rollingUpdate: { maxUnavailable: unknown } };
      template: {
        metadata: { annotations: object };
        spec: { volumes: object[]; containers: { command: string[]; volumeMounts: object[] }[] };
      };
    };
  };
  expect(routesText(chart)).toBe(text);
  const { template, minReadySeconds, updateStrategy } = daemonSet.spec;
  expect(template.metadata.annotations).toEqual({ 'onprem-link/routes': text });
  expect([minReadySeconds, updateStrategy.rollingUpdate.maxUnavailable]).toEqual([5, 1]);
  expect(daemonSet.metadata.annotations).toMatchObject({
    'kustomize.toolkit.fluxcd.io/substitute': 'disabled',
    'onprem-link/node-count': '40',
  });
  const fieldRef = { apiVersion: 'v1', fieldPath: "metadata.annotations['onprem-link/routes']" };
  expect(template.spec.volumes).toContainEqual({
    name: 'routes',
    projected: { defaultMode: 0o444, sources: [{ downwardAPI: { items: [{ path: 'routes', fieldRef }] } }] },
  });
  const [container] = template.spec.containers;
  expect(container?.command).toContain('--allow-fs-read=/etc/onprem-link/');
  expect(container?.volumeMounts).toContainEqual({ name: 'routes', mountPath: '/etc/onprem-link', readOnly: true });
  expect(yamlOf(chart)).toContain('        onprem-link/routes: |\n          [\n            "192.168.0.0/24",\n');
});

test('with live changes, a new list restarts nothing', () => {
  const daemonSetOf = (subnet: string) =>
    manifestsOf(new NodeRoutes(siteWithNetwork([subnet]).site, 'node-routes')).at(-1);
  expect(daemonSetOf('192.168.0.0/24')).toEqual(daemonSetOf('192.168.1.0/24'));
});

test('routes mapped subnets instead of the real ones', () => {
  const { site } = siteWithNetwork([{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }]);
  expect(routesText(new NodeRoutes(site, 'node-routes'))).toBe('[\n  "192.168.1.0/24"\n]\n');
});

test('routes networks that are added later', () => {
  const site = siteWith();
  const chart = new NodeRoutes(site, 'node-routes');
  site.onPremise('late', { subnets: ['192.168.7.0/24'] });
  expect(routesText(chart)).toContain('"192.168.7.0/24"');
});

test('routes only the given networks', () => {
  const { site, network } = siteWithNetwork();
  site.onPremise('other', { subnets: ['192.168.7.0/24'] });
  expect(routesText(new NodeRoutes(site, 'node-routes', { networks: [network] }))).toBe('[\n  "192.168.0.0/24"\n]\n');
});

test('a site without networks has an empty list', () => {
  expect(routesText(new NodeRoutes(siteWith(), 'node-routes'))).toBe('[]\n');
});

test("a route replaces a network's route to the same subnet, unless its table differs", () => {
  const { site } = siteWithNetwork(['192.168.0.0/24', '192.168.1.0/24']);
  const chart = new NodeRoutes(site, 'node-routes', {
    routes: [
      { subnet: '192.168.0.0/24', mtu: 1400 },
      { subnet: '192.168.1.0/24', table: 100 },
    ],
  });
  expect(routesText(chart)).toBe(
    '[\n  "192.168.1.0/24",\n  { "subnet": "192.168.0.0/24", "mtu": 1400 },\n  { "subnet": "192.168.1.0/24", "table": 100 }\n]\n',
  );
});

test('names objects by name, and files by id', () => {
  const chart = new NodeRoutes(siteWithNetwork().site, 'routes-of-the-edge', { name: 'edge' });
  expect(manifestsOf(chart).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'ConfigMap static-routes',
    'ServiceAccount edge',
    'Role edge',
    'RoleBinding edge',
    'DaemonSet edge',
  ]);
  expect([chart, ...chart.agentConfigMaps].map(({ node }) => node.id)).toEqual([
    'routes-of-the-edge',
    'routes-of-the-edge-agent',
    'routes-of-the-edge-routing',
  ]);
});

test("names the agent's ConfigMaps by their content, and mounts them into one folder", () => {
  const { site } = siteWithNetwork();
  const chart = new NodeRoutes(site, 'node-routes');
  const names = chart.agentConfigMaps.map(({ configMapName }) => configMapName);
  expect(names).toEqual([
    expect.stringMatching(/^node-routes-agent-[0-9a-f]{10}$/),
    expect.stringMatching(/^node-routes-routing-[0-9a-f]{10}$/),
  ]);
  const { spec } = manifestsOf(chart).at(-1) as unknown as { spec: { template: { spec: { volumes: object[] } } } };
  expect(spec.template.spec.volumes).toContainEqual({
    name: 'agent',
    projected: { defaultMode: 0o444, sources: names.map((name) => ({ configMap: { name } })) },
  });
  expect(chart.agentConfigMaps.map(yamlOf).join('---\n')).toMatchSnapshot();
});

test("adds the user's labels to the pods, but to no selector", () => {
  const chart = new NodeRoutes(siteWithNetwork().site, 'node-routes', { labels: { team: 'network' } });
  const daemonSet = manifestsOf(chart).at(-1) as unknown as {
    spec: { selector: { matchLabels: object }; template: { metadata: { labels: object } } };
  };
  expect(daemonSet.spec.template.metadata.labels).toHaveProperty('team', 'network');
  expect(daemonSet.spec.selector.matchLabels).not.toHaveProperty('team');
});

test.each([
  [
    { name: 'Edge' },
    'name: "Edge" is not a valid name for node routes; write 1 to 52 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
  ],
  [{ name: 'a'.repeat(53) }, 'is not a valid name for node routes; write 1 to 52'],
  [{ namespace: 'kube system' }, 'namespace: "kube system" is not a valid name for a namespace'],
  [{ createNamespace: 'no' }, 'createNamespace: "no" is neither true nor false; write true or false without quotes'],
  [
    { networks: ['datacentre'] },
    'networks[0]: "datacentre" is not an on-premise network; write what site.onPremise(…) returned',
  ],
  [{ networks: 'datacentre' }, 'networks: "datacentre" is not an array; put it into square brackets'],
  [{ routes: '192.168.1.0/24' }, 'routes: "192.168.1.0/24" is not a JSON array'],
  [
    { routes: ['192.168.1.0/24', { subnet: '192.168.2.0/24', nexthop: '10.184.0.1' }] },
    'routes[1]: "nexthop" is an unknown key',
  ],
  [{ routes: ['0.0.0.0/0'] }, 'routes[0]: "0.0.0.0/0" is the default route'],
  [
    { configMapName: 'Static_Routes' },
    'configMapName: "Static_Routes" is not a valid name for a ConfigMap; write at most 253 of a-z, 0-9, "-" and "."',
  ],
  [
    { privateNetworks: [] },
    'privateNetworks: [] is empty; write the private network of the nodes, e.g. ["10.0.0.0/8"]',
  ],
  [{ privateNetworks: ['10.0.0.0/8', '0.0.0.0/0'] }, 'privateNetworks[1]: "0.0.0.0/0" is the default route'],
  [{ protocol: 0 }, 'protocol: 0 is not a valid route protocol; write a whole number from 1 to 255'],
  [{ formerProtocols: [4] }, 'formerProtocols[0]: 4 marks the routes of administrators and network managers'],
  [{ table: 255 }, 'table: 255 is the table of local addresses'],
  [{ copyToTables: [254] }, 'copyToTables[0]: 254 is the main table, whose routes are copied'],
  [{ copyToTables: [2, 2] }, 'copyToTables: 2 is listed twice'],
  [{ copyToTables: [255] }, 'copyToTables[0]: 255 is the table of local addresses'],
  [{ copyToTables: 2 }, 'copyToTables: 2 is not an array'],
  [{ metric: -1 }, 'metric: -1 is not a valid metric; write a whole number from 0 to 4294967294'],
  [
    { metric: 4294967295 },
    'metric: 4294967295 is reserved for the unreachable routes that the option otherwise adds; write a whole number from 0 to 4294967294',
  ],
  [
    { otherwise: 'blackhole' },
    'otherwise: "blackhole" is not one of the known values; write "nothing" or "unreachable"',
  ],
  [{ onUninstall: 'leave' }, 'onUninstall: "leave" is not one of the known values; write "remove" or "keep"'],
  [
    { nodeSelector: { 'kubernetes.io/os': 'windows' } },
    'nodeSelector["kubernetes.io/os"]: "windows" is already set to linux; leave it out',
  ],
  [
    { nodeSelector: { pool: 'a b' } },
    'nodeSelector["pool"]: "a b" is not a label value; write the value that the nodes have',
  ],
  [
    { tolerations: [{ key: 'edge', opertor: 'Exists' }] },
    'tolerations[0]: "opertor" is an unknown option; known are key, operator, value, effect, tolerationSeconds',
  ],
  [
    { tolerations: [{ effect: 'NoSchedule' }] },
    'tolerations[0]: {"effect":"NoSchedule"} has no key, so it tolerates nothing; name the key, or write { operator: "Exists" } for every taint',
  ],
  [{ agent: 'git' }, 'agent: "git" is not one of the known values; write "config-map" or "image"'],
  [{ image: 'node' }, 'image: "node" has no version, so nodes could run different versions; add the tag of a version'],
  [{ image: 'registry.example.com:5000/node' }, 'has no version'],
  [{ image: 'node:latest' }, 'has no version'],
  [{ image: ' node:26' }, 'is not an image reference'],
  [{ digest: 'sha256:12' }, 'digest: "sha256:12" is not a digest; write sha256: followed by 64 hexadecimal digits'],
  [{ imagePullPolicy: 'Sometimes' }, 'imagePullPolicy: "Sometimes" is not one of the known values'],
  [
    { imagePullSecrets: [{ name: 'registry' }] },
    'imagePullSecrets[0]: {"name":"registry"} is not a valid name for a Secret',
  ],
  [{ port: 80 }, 'port: 80 is not a valid unprivileged port; write a whole number from 1024 to 65535'],
  [
    { apiServer: { host: '10.0.0.256', port: 6443 } },
    'apiServer.host: "10.0.0.256" is not an IPv4 address: 256 is above 255; correct it',
  ],
  [{ apiServer: { host: 'https://api', port: '6443' } }, 'apiServer.host: "https://api" is not an IP address'],
  [
    { apiServer: { host: 'api' } },
    'apiServer.port: undefined is not a valid port; write a whole number from 1 to 65535',
  ],
  [
    { resources: { requests: { memory: '1Gi' } } },
    'resources.requests.memory: "1Gi" is above the limit of 256Mi; raise the limit or lower the request',
  ],
  [
    { resources: { limits: { cpu: 1 } } },
    'resources.limits.cpu: 1 is not a quantity; write a string such as "100m" or "64Mi"',
  ],
  [{ priorityClassName: '' }, 'priorityClassName: "" is not a valid name for a priority class'],
  [{ maxUnavailable: 0 }, 'maxUnavailable: 0 is not a number of nodes; write 1 or more, or "1%" to "100%"'],
  [{ maxUnavailable: '0%' }, 'is not a number of nodes'],
  [{ changes: 'slowly' }, 'changes: "slowly" is not one of the known values; write "live" or "rolling"'],
  [
    { changes: 'rolling', canary: {} },
    'canary.maxUnavailable: undefined is not a number of nodes; write 1 or more, or "1%" to "100%"',
  ],
  [{ changes: 'rolling', canary: { nodes: 1 } }, 'canary: "nodes" is an unknown option; known are maxUnavailable'],
  [{ nodeCount: 0 }, 'nodeCount: 0 is not a valid number of nodes; write a whole number from 1 to 1000000'],
  [
    { confirm: ['10.184.0.10'] },
    'confirm[0]: "10.184.0.10" is not an address with a port; write e.g. "10.184.0.1:443" or "[fd00::1]:443"',
  ],
  [{ confirm: ['fd00::1:443'] }, 'confirm[0]: "fd00::1:443" is not an address with a port'],
  [{ confirm: ['orders:443'] }, 'confirm[0]: "orders" is not an IP address'],
  [{ confirm: ['10.184.0.10:0'] }, 'confirm[0]: 0 is not a valid port; write a whole number from 1 to 65535'],
  [{ confirm: ['127.0.0.1:443'] }, 'confirm[0]: "127.0.0.1" is loopback'],
  [
    { logLevel: 'trace' },
    'logLevel: "trace" is not one of the known values; write "debug" or "info" or "warn" or "error"',
  ],
  [
    { labels: { 'app.kubernetes.io/name': 'x' } },
    'labels["app.kubernetes.io/name"]: "x" would replace the label app.kubernetes.io/name, which selects the pods; use your own label key',
  ],
  [{ labels: { team: 1 } }, 'labels["team"]: 1 is not a string; put it into quotes'],
  [
    { annotations: { 'a/b/c': 'x' } },
    'annotations["a/b/c"]: "a/b/c" is not a qualified name; write e.g. "team" or "example.com/team"',
  ],
  [{ annotations: { owner: '$' + '{OWNER}' } }, "would be rewritten by Flux's substitution; leave out the dollar sign"],
  [{ protcol: 143 }, '"protcol" is an unknown option; known are name, namespace,'],
])('rejects %j', (props, text) => {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes', props as never);
  const findings = findingsOf(site);
  expect(findings.join('\n')).toContain(text);
  expect(findings.every((line) => line.startsWith('site example › node routes node-routes'))).toBe(true);
});
