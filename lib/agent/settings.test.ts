import { formatProbedNetwork, InputError } from '../network';
import { readSettings } from './settings';

const COMPLETE = {
  INSTANCE: 'node-routes',
  NODE_NAME: 'worker-1',
  POD_IP: '10.184.0.2',
  POD_NAMESPACE: 'onprem-link',
  CONFIG_MAP: 'static-routes',
  KUBERNETES_SERVICE_HOST: '172.21.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8',
  REQUIRE_PRIVATE_NETWORK: 'false',
  POD_SUBNETS: '172.30.0.0/16',
  REQUIRE_PODS: 'true',
  COPY_TO_TABLES: '2,1000',
  PROTECTED_SUBNETS: '',
  ROUTE_PROTOCOL: '142',
  FORMER_PROTOCOLS: '140,141',
  ADOPT_LEGACY_ROUTES: 'true',
  DISJOINT_PROTOCOLS: '143,144',
  ROUTE_TABLE: '254',
  ROUTE_METRIC: '0',
  ALLOW_DEFAULT_ROUTE: 'false',
  ALLOWED_TABLES: '100,254',
  ALLOWED_NEXT_HOPS: '10.184.0.0/26,fd00::1/128',
  ALLOWED_INTERFACES: 'eth0,eth1',
  ALLOWED_DESTINATIONS: '192.168.0.0/16',
  HTTP_PORT: '9142',
  LOG_LEVEL: 'info',
  ON_UNINSTALL: 'remove',
  CHANGES: 'rolling',
  OTHERWISE: 'unreachable',
  API_SERVERS: '10.1.2.3:6443',
  TRIAL_SPREAD_SECONDS: '30',
  CONFIRM: '10.184.0.10:443,[FD00::a]:8443',
  PROBES: 'datacentre 192.168.0.0/24,192.168.1.0/24 192.168.1.10:443;plant fd99::/64 [fd99::1]:22',
  PROBE_EVERY_MS: '5000',
  PROBE_SHARE: '1000',
  REQUIRE_REACHABLE: 'true',
};

/** Omitted if they are empty. */
const LISTS = [
  'API_SERVERS',
  'ALLOWED_NEXT_HOPS',
  'ALLOWED_INTERFACES',
  'ALLOWED_DESTINATIONS',
  'POD_SUBNETS',
  'COPY_TO_TABLES',
  'PROTECTED_SUBNETS',
  'FORMER_PROTOCOLS',
  'DISJOINT_PROTOCOLS',
  'CONFIRM',
  'PROBES',
];

function findings(changed: Readonly<Record<string, string | undefined>>): string[] {
  try {
    readSettings({ ...COMPLETE, ...changed });
    return [];
  } catch (error) {
    return (error as InputError).message.split('\n');
  }
}

test('reads the environment', () => {
  const { podIP, privateNetworks, podSubnets, ownership, routeRules, limits, probes, ...rest } = readSettings({
    ...COMPLETE,
    OTHER: 'x',
  });
  expect(podSubnets.map(String)).toEqual(['172.30.0.0/16']);
  expect(probes.map(formatProbedNetwork).join(';')).toBe(COMPLETE.PROBES);
  expect(`${podIP}`).toBe('10.184.0.2');
  expect(privateNetworks.map(String)).toEqual(['10.0.0.0/8', 'fd00::/8']);
  expect(ownership).toEqual({ protocol: 142, former: new Set([140, 141]), adoptLegacy: true });
  expect(routeRules).toEqual({ table: 254, metric: 0, allowDefaultRoute: false });
  expect([
    [...limits.tables],
    limits.nextHops.map(String),
    [...limits.interfaces],
    limits.destinations?.map(String),
  ]).toEqual([[100, 254], ['10.184.0.0/26', 'fd00::1/128'], ['eth0', 'eth1'], ['192.168.0.0/16']]);
  expect(rest).toMatchObject({
    instance: 'node-routes',
    nodeName: 'worker-1',
    namespace: 'onprem-link',
    configMap: 'static-routes',
    apiHost: '172.21.0.1',
    apiPort: 443,
    requirePrivateNetwork: false,
    requirePods: true,
    copyToTables: [2, 1000],
    disjointProtocols: [143, 144],
    protectedSubnets: [],
    httpPort: 9142,
    logLevel: 'info',
    onUninstall: 'remove',
    isRolling: true,
    otherwise: 'unreachable',
    apiServers: [{ host: '10.1.2.3', port: 6443 }],
    trialSpreadMs: 30_000,
    probeEveryMs: 5000,
    requireReachable: true,
    confirm: [
      { host: '10.184.0.10', port: 443 },
      { host: 'fd00::a', port: 8443 },
    ],
  });
});

test.each([undefined, ''])('a list that is %j has no entries', (text) => {
  const { protectedSubnets, ownership, disjointProtocols, confirm, limits } = readSettings({
    ...COMPLETE,
    ...Object.fromEntries(LISTS.map((name) => [name, text])),
  });
  expect([protectedSubnets, [...ownership.former], disjointProtocols, confirm]).toEqual([[], [], [], []]);
  expect([limits.nextHops, limits.interfaces, limits.destinations]).toEqual([[], new Set(), undefined]);
});

test('reports everything missing at once', () => {
  expect(() => readSettings({})).toThrow(InputError);
  try {
    readSettings({});
  } catch (error) {
    const required = Object.keys(COMPLETE).filter((name) => !LISTS.includes(name));
    expect((error as InputError).findings.map(({ at }) => at).sort()).toEqual(required.sort());
    expect((error as InputError).message).toContain('POD_IP: null is not set; set it in the DaemonSet, as synth does');
  }
});

test.each([
  ['INSTANCE', ''],
  ['POD_IP', 'worker-1'],
  ['KUBERNETES_SERVICE_PORT', '0'],
  ['KUBERNETES_SERVICE_PORT', '65536'],
  ['HTTP_PORT', '-1'],
  ['HTTP_PORT', '9142.5'],
  ['PRIVATE_NETWORKS', '10.0.0.0/8, fd00::/8'],
  ['PRIVATE_NETWORKS', '10.0.0.1/8'],
  ['PROTECTED_SUBNETS', ','],
  ['REQUIRE_PRIVATE_NETWORK', 'yes'],
  ['REQUIRE_PODS', 'yes'],
  ['COPY_TO_TABLES', '2,255'],
  ['POD_SUBNETS', '172.30.0.0'],
  ['LOG_LEVEL', 'trace'],
  ['ON_UNINSTALL', ''],
  ['OTHERWISE', 'blackhole'],
  ['ROUTE_PROTOCOL', ''],
  ['ROUTE_PROTOCOL', '256'],
  ['DISJOINT_PROTOCOLS', '143;144'],
  ['DISJOINT_PROTOCOLS', '3'],
  ['ROUTE_METRIC', '4294967295'],
  ['ROUTE_METRIC', '4294967296'],
  ['CONFIRM', '10.184.0.10'],
  ['CONFIRM', 'fd00::a:443'],
  ['CONFIRM', 'orders:443'],
  ['CONFIRM', '10.184.0.10:0'],
  ['PROBES', 'datacentre 192.168.1.0/24'],
  ['PROBES', 'datacentre 192.168.1.0/24 192.168.1.10'],
  ['PROBE_EVERY_MS', '999'],
  ['PROBE_SHARE', '1001'],
  ['ROUTE_TABLE', '0'],
  ['ROUTE_TABLE', '0xfe'],
])('rejects %s with the value %j', (name, value) => {
  const [first, ...more] = findings({ [name]: value });
  expect(first).toMatch(new RegExp(`^${name}: `));
  expect(more).toEqual([]);
});

test.each([1, 2, 3, 4])('protocol number %i marks routes that must never be ours', (number) => {
  expect(findings({ ROUTE_PROTOCOL: `${number}`, FORMER_PROTOCOLS: `141,${number}` })).toEqual([
    `ROUTE_PROTOCOL: "${number}" is out of range; write a whole number from 5 to 255`,
    `FORMER_PROTOCOLS: "${number}" is out of range; write a whole number from 5 to 255`,
  ]);
});

test('a stable share of the nodes probes', () => {
  const probing = (share: number) =>
    Array.from({ length: 1000 }, (_, i) => `worker-${i}`).filter(
      (NODE_NAME) => readSettings({ ...COMPLETE, NODE_NAME, PROBE_SHARE: `${share}` }).probes.length > 0,
    );
  const few = probing(100);
  expect(few.length).toBeGreaterThan(70);
  expect(few.length).toBeLessThan(130);
  expect(probing(200)).toEqual(expect.arrayContaining(few));
  expect(probing(1000)).toHaveLength(1000);
});

test('rejects the table of local addresses', () => {
  expect(findings({ ROUTE_TABLE: '255' })[0]).toMatch(/is the table of local addresses/);
});
