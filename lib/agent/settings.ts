import { type Address, DEFAULT_RULES, type ProbedNetwork, type RouteRules, type Subnet, type Target } from '../network';
import { phaseOf } from '../program/schedule';
import { API_SERVER, FROM_POD, FROM_SYNTH } from '../settings/agent';
import { type Environment, type LogLevel, readEnvironment } from '../settings/table';
import type { Limits } from './decide/limits';
import type { Ownership } from './decide/ownership';

/** What the DaemonSet passes to the agent through its environment. */
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
  /** Whether the node is unready while packets from its pods are known to use another route. */
  readonly requirePods: boolean;
  /** Tables that get a copy of each route of the main table. */
  readonly copyToTables: readonly number[];
  readonly protectedSubnets: readonly Subnet[];
  readonly ownership: Ownership;
  /** Protocol numbers of pools that never share a node with this one, whose routes can be taken over. */
  readonly disjointProtocols: readonly number[];
  readonly routeRules: RouteRules;
  /** What a list may use. */
  readonly limits: Limits;
  readonly httpPort: number;
  readonly logLevel: LogLevel;
  readonly onUninstall: 'remove' | 'keep';
  /** Whether the list comes with the pod, and the ConfigMap is only compared with it. */
  readonly isRolling: boolean;
  /**
   * What handles the packets to a listed subnet while its route is missing: an unreachable route, or the node's other
   * routes.
   */
  readonly otherwise: 'nothing' | 'unreachable';
  /** The API servers' own addresses, if apiHost is only an address in front of them. */
  readonly apiServers: readonly Target[];
  /** A changed list is tried after a random delay of up to this value. */
  readonly trialSpreadMs: number;
  /** Targets that must stay reachable when routes change, in addition to the API server. */
  readonly confirm: readonly Target[];
  /** The networks that this node probes. */
  readonly probes: readonly ProbedNetwork[];
  readonly probeEveryMs: number;
  /** Whether the node is unready while no target of a probed network answers. */
  readonly requireReachable: boolean;
}

/**
 * Reads the settings from the environment (see NodeRoutesProps for what each means to a user).
 * @throws InputError with everything that is missing or invalid.
 */
export function readSettings(environment: Environment): Settings {
  const read = readEnvironment({ ...FROM_POD, ...FROM_SYNTH, ...API_SERVER }, environment, 'the DaemonSet');
  const { allowedDestinations } = read;
  return {
    ...read,
    ownership: {
      protocol: read.protocol,
      former: new Set(read.formerProtocols),
      adoptLegacy: read.adoptLegacyRoutes,
    },
    routeRules: { ...DEFAULT_RULES, table: read.table, metric: read.metric, allowDefaultRoute: read.allowDefaultRoute },
    limits: {
      tables: new Set(read.allowedTables),
      nextHops: read.allowedNextHops,
      interfaces: new Set(read.allowedInterfaces),
      destinations: allowedDestinations.length > 0 ? allowedDestinations : undefined,
    },
    probes: isInShare(read.nodeName, read.probeShare) ? read.probes : [],
    isRolling: read.changes === 'rolling',
    trialSpreadMs: 1000 * read.trialSpreadSeconds,
  };
}

/** Selects the same nodes each time, independent of other nodes. @param share of a thousand */
function isInShare(nodeName: string, share: number): boolean {
  return phaseOf(nodeName, 1000) < share;
}
