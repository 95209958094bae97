import type { k8s } from 'cdk8s-plus-28';
import { type ProbedNetwork, parseTarget } from '../../network';
import { API_SERVER, FROM_POD, FROM_SYNTH } from '../../settings/agent';
import { environmentOf } from '../../settings/table';
import { fromPod } from '../program/pod';
import type { Cluster } from '../site/cluster';
import type { OnPremise } from '../site/on-premise';
import type { Allow } from './allowed';
import type { NodeRoutesSettings } from './options';

/** Seconds over which the nodes of a large fleet spread their trials of a changed list (cost: docs/performance.md). */
const TRIAL_SPREAD_S = 30;
/** Smaller fleets try it all at once. With rolling changes, Kubernetes sets the pace. */
const SMALL_FLEET = 500;

/** The pod fields that provide the agent's per-pod settings. */
const POD_FIELDS: Readonly<Record<keyof typeof FROM_POD, string>> = {
  nodeName: 'spec.nodeName',
  podIP: 'status.podIP',
  namespace: 'metadata.namespace',
};

/** What is known once the site is complete. */
export interface SiteFacts {
  readonly allowed: Allow;
  /** See disjointProtocols(). */
  readonly disjointProtocols: readonly number[];
  readonly networks: readonly OnPremise[];
}

/** The agent's environment variables. */
export function environment(
  settings: NodeRoutesSettings,
  cluster: Cluster,
  { disjointProtocols, allowed, networks }: SiteFacts,
): k8s.EnvVar[] {
  const { apiServer } = settings;
  const fromSynth = environmentOf(FROM_SYNTH, {
    ...settings,
    instance: settings.name,
    configMap: settings.configMapName,
    httpPort: settings.port,
    podSubnets: cluster.pods,
    protectedSubnets: [...new Map(cluster.ownSubnets.map(({ subnet }) => [`${subnet}`, subnet])).values()],
    allowedTables: allowed.tables,
    allowedNextHops: allowed.nextHops,
    allowedInterfaces: allowed.interfaces,
    allowedDestinations: allowed.destinations ?? [],
    trialSpreadSeconds: trialSpread(settings),
    confirm: settings.confirm.map(parseTarget),
    probes: networks.flatMap(probedNetwork),
    probeEveryMs: settings.probeEvery,
    probeShare: probeShare(settings),
    disjointProtocols,
    apiServers: cluster.apiServers,
  });
  return [
    // glibc gives each thread its own heap and hardly ever returns that memory (man 3 mallopt).
    { name: 'MALLOC_ARENA_MAX', value: '1' },
    ...Object.entries(FROM_POD).map(([key, { name }]) => fromPod(name, POD_FIELDS[key as keyof typeof FROM_POD])),
    ...fromSynth,
    ...(apiServer === undefined ? [] : environmentOf(API_SERVER, { apiHost: apiServer.host, apiPort: apiServer.port })),
  ];
}

function trialSpread({ changes, nodeCount = 0 }: NodeRoutesSettings): number {
  return changes === 'live' && nodeCount > SMALL_FLEET ? TRIAL_SPREAD_S : 0;
}

function probedNetwork({ name, subnets, probes: targets }: OnPremise): ProbedNetwork[] {
  return targets.length === 0 ? [] : [{ name, subnets: subnets.map(({ mapping }) => mapping.mapped), targets }];
}

/** The share for a thousand nodes; at least one node. */
function probeShare({ probeNodes, nodeCount = 1 }: NodeRoutesSettings): number {
  return probeNodes === 'all' ? 1000 : Math.min(1000, Math.ceil((1000 * probeNodes) / nodeCount));
}
