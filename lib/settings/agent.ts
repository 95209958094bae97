import {
  Address,
  formatProbedNetwork,
  type ProbedNetwork,
  parseProbedNetwork,
  parseTarget,
  readMetric,
  readTable,
  Subnet,
  type Target,
  targetText,
} from '../network';
import { filled, flag, LOG_LEVELS, listOf, number, oneOf, type Setting, setting, someOf } from './table';

const parsePort = number(1, 65535);
const parseTableNumber = (text: string): number => readTable(number(1, 0xffffffff)(text));
/**
 * Protocols 1 to 4 mark routes of the kernel, of administrators and of network managers; the agent must never use them.
 */
const parseProtocol = number(5, 255);

const targets = (name: string): Setting<readonly Target[]> => ({
  ...listOf(name, parseTarget),
  format: (all) => all.map(targetText).join(','),
});

/** A semicolon-separated list. */
const probedNetworks: Setting<readonly ProbedNetwork[]> = {
  name: 'PROBES',
  format: (all) => all.map(formatProbedNetwork).join(';'),
  parse: (text) => text.split(';').map(parseProbedNetwork),
  absent: [],
};

/** Settings that Kubernetes provides for each pod. */
export const FROM_POD = {
  nodeName: setting('NODE_NAME', filled),
  podIP: setting('POD_IP', Address.parse),
  namespace: setting('POD_NAMESPACE', filled),
};

/** Settings that synth writes, the same for all pods of a NodeRoutes. */
export const FROM_SYNTH = {
  instance: setting('INSTANCE', filled),
  configMap: setting('CONFIG_MAP', filled),
  privateNetworks: someOf('PRIVATE_NETWORKS', Subnet.parse),
  requirePrivateNetwork: flag('REQUIRE_PRIVATE_NETWORK'),
  podSubnets: listOf('POD_SUBNETS', Subnet.parse),
  requirePods: flag('REQUIRE_PODS'),
  copyToTables: listOf('COPY_TO_TABLES', parseTableNumber),
  protectedSubnets: listOf('PROTECTED_SUBNETS', Subnet.parse),
  allowDefaultRoute: flag('ALLOW_DEFAULT_ROUTE'),
  allowedTables: someOf('ALLOWED_TABLES', number(1, 0xffffffff)),
  allowedNextHops: listOf('ALLOWED_NEXT_HOPS', Subnet.parse),
  allowedInterfaces: listOf('ALLOWED_INTERFACES', filled),
  /** Without targets, no destination is probed. */
  allowedDestinations: listOf('ALLOWED_DESTINATIONS', Subnet.parse),
  protocol: setting('ROUTE_PROTOCOL', parseProtocol),
  formerProtocols: listOf('FORMER_PROTOCOLS', parseProtocol),
  adoptLegacyRoutes: flag('ADOPT_LEGACY_ROUTES'),
  table: setting('ROUTE_TABLE', parseTableNumber),
  metric: setting('ROUTE_METRIC', (text) => readMetric(number(0, 0xffffffff)(text))),
  httpPort: setting('HTTP_PORT', parsePort),
  logLevel: setting('LOG_LEVEL', oneOf(LOG_LEVELS)),
  onUninstall: setting('ON_UNINSTALL', oneOf(['remove', 'keep'])),
  changes: setting('CHANGES', oneOf(['live', 'rolling'])),
  otherwise: setting('OTHERWISE', oneOf(['nothing', 'unreachable'])),
  trialSpreadSeconds: setting('TRIAL_SPREAD_SECONDS', number(0, 600)),
  confirm: targets('CONFIRM'),
  probes: probedNetworks,
  probeEveryMs: setting('PROBE_EVERY_MS', number(1_000, 600_000)),
  /** About this many of a thousand nodes probe. */
  probeShare: setting('PROBE_SHARE', number(0, 1000)),
  requireReachable: flag('REQUIRE_REACHABLE'),
  disjointProtocols: listOf('DISJOINT_PROTOCOLS', parseProtocol),
  apiServers: targets('API_SERVERS'),
};

/** The address of the API server: set by the kubelet, unless synth writes a different one. */
export const API_SERVER = {
  apiHost: setting('KUBERNETES_SERVICE_HOST', filled),
  apiPort: setting('KUBERNETES_SERVICE_PORT', parsePort),
};
