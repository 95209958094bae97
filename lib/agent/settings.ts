import {
  Address,
  DEFAULT_RULES,
  parseTarget,
  type RouteRules,
  readMetric,
  readTable,
  Subnet,
  type Target,
} from '../network';
import { LOG_LEVELS, type LogLevel } from '../program/log';
import { type Environment, filled, number, oneOf, SettingsTable } from '../program/settings-table';
import type { Limits } from './decide/limits';
import type { Ownership } from './decide/ownership';

/** What the DaemonSet tells the agent through its environment. */
export interface Settings {
  /** Name of the NodeRoutes; part of the paths of /livez, /readyz and /status. */
  readonly instance: string;
  readonly nodeName: string;
  /** The node's address, on which the agent serves its metrics. */
  readonly podIP: Address;
  readonly namespace: string;
  readonly configMap: string;
  readonly apiHost: string;
  readonly apiPort: number;
  readonly privateNetworks: readonly Subnet[];
  readonly requirePrivateNetwork: boolean;
  /** The ranges of the cluster's pods. */
  readonly podSubnets: readonly Subnet[];
  /** Whether the node is unready while packets of its pods are known to go another way. */
  readonly requirePods: boolean;
  /** Tables that hold a copy of each route of the main table. */
  readonly copyToTables: readonly number[];
  readonly protectedSubnets: readonly Subnet[];
  readonly ownership: Ownership;
  /** Protocol numbers of pools that never share a node with this one, so that their routes can be taken over. */
  readonly disjointProtocols: readonly number[];
  readonly routeRules: RouteRules;
  /** What a list may use. */
  readonly limits: Limits;
  readonly httpPort: number;
  readonly logLevel: LogLevel;
  readonly onUninstall: 'remove' | 'keep';
  /** Whether the list comes with the pod, and the ConfigMap is only compared with it. */
  readonly isRolling: boolean;
  /** What takes the packets of a listed subnet while its route is away: an unreachable route, or whatever else the node has. */
  readonly otherwise: 'nothing' | 'unreachable';
  /** The API server's own addresses, where apiHost is only one in front of them. */
  readonly apiServers: readonly Target[];
  /** A changed list is tried after a random time up to this one. */
  readonly trialSpreadMs: number;
  /** What has to stay reachable when routes change, beside the API server. */
  readonly confirm: readonly Target[];
}

/**
 * Reads the settings from the environment (see lib/charts for what each means to a user).
 * @throws InputError with everything that is missing or wrong.
 */
export function readSettings(environment: Environment): Settings {
  const table = new SettingsTable(environment, 'the DaemonSet');
  const { read, list, isSet } = table;
  const protocol = read('ROUTE_PROTOCOL', routeProtocol);
  const settings: Settings = {
    instance: read('INSTANCE', filled),
    nodeName: read('NODE_NAME', filled),
    podIP: read('POD_IP', Address.parse),
    namespace: read('POD_NAMESPACE', filled),
    configMap: read('CONFIG_MAP', filled),
    apiHost: read('KUBERNETES_SERVICE_HOST', filled),
    apiPort: read('KUBERNETES_SERVICE_PORT', number(1, 65535)),
    privateNetworks: read('PRIVATE_NETWORKS', (text) => text.split(',').map(Subnet.parse)),
    requirePrivateNetwork: isSet('REQUIRE_PRIVATE_NETWORK'),
    podSubnets: list('POD_SUBNETS', Subnet.parse),
    requirePods: isSet('REQUIRE_PODS'),
    copyToTables: list('COPY_TO_TABLES', tableNumber),
    protectedSubnets: list('PROTECTED_SUBNETS', Subnet.parse),
    ownership: {
      protocol,
      former: new Set(list('FORMER_PROTOCOLS', routeProtocol)),
      adoptLegacy: isSet('ADOPT_LEGACY_ROUTES'),
    },
    disjointProtocols: list('DISJOINT_PROTOCOLS', routeProtocol),
    routeRules: {
      ...DEFAULT_RULES,
      table: read('ROUTE_TABLE', tableNumber),
      metric: read('ROUTE_METRIC', (text) => readMetric(number(0, 0xffffffff)(text))),
      allowDefaultRoute: isSet('ALLOW_DEFAULT_ROUTE'),
    },
    limits: {
      tables: new Set(read('ALLOWED_TABLES', (text) => text.split(',').map(number(1, 0xffffffff)))),
      nextHops: list('ALLOWED_NEXT_HOPS', Subnet.parse),
      interfaces: new Set(list('ALLOWED_INTERFACES', filled)),
      destinations: environment.ALLOWED_DESTINATIONS ? list('ALLOWED_DESTINATIONS', Subnet.parse) : undefined,
    },
    httpPort: read('HTTP_PORT', number(1, 65535)),
    logLevel: read('LOG_LEVEL', oneOf(LOG_LEVELS)),
    onUninstall: read('ON_UNINSTALL', oneOf(['remove', 'keep'])),
    isRolling: read('CHANGES', oneOf(['live', 'rolling'])) === 'rolling',
    otherwise: read('OTHERWISE', oneOf(['nothing', 'unreachable'])),
    apiServers: list('API_SERVERS', parseTarget),
    trialSpreadMs: 1000 * read('TRIAL_SPREAD_SECONDS', number(0, 600)),
    confirm: list('CONFIRM', parseTarget),
  };
  table.throwIfAny();
  return settings;
}

const tableNumber = (text: string): number => readTable(number(1, 0xffffffff)(text));

/** 1 to 4 mark the routes of the kernel, of administrators and of network managers: they must never be ours. */
const routeProtocol = number(5, 255);
