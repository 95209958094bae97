/** One alert, before it is put into a PrometheusRule. */
export interface Alert {
  readonly name: string;
  /** PromQL. Of the project's metrics it may name those that the agent exports, and no others. */
  readonly expr: string;
  /** How long it must hold. */
  readonly holds: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  /** What the expression alone would not say. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A DaemonSet of agents. */
interface WatchedPool {
  readonly namespace: string;
  readonly name: string;
}

const WHERE = 'on node {{ $labels.node }} (pool {{ $labels.pool }})';

/**
 * What users would notice sooner or later, and why. Every one has a section of its own in docs/runbooks.md.
 * @param job the job that Prometheus gives the targets.
 * @param dropsPerSecond more of them by rp_filter, on one node, are worth telling.
 */
export function alerts(job: string, dropsPerSecond: number, pools: readonly WatchedPool[]): Alert[] {
  const ours = `{job="${job}"}`;
  const state = (name: string) => `onprem_link_routes{job="${job}", state="${name}"}`;
  return [
    {
      name: 'OnpremLinkNodeWithoutRoutes',
      expr: `onprem_link_ready${ours} == 0`,
      holds: '5m',
      severity: 'critical',
      summary: `Not every route of the list is effective ${WHERE}`,
    },
    {
      name: 'OnpremLinkConflict',
      expr: `${state('conflicting')} > 0`,
      holds: '5m',
      severity: 'warning',
      summary: `Routes of other programs lead {{ $value }} subnets of the list elsewhere ${WHERE}`,
    },
    {
      name: 'OnpremLinkNextHopMissing',
      expr: `${state('waiting')} > 0 or onprem_link_next_hops_missing${ours} > 0`,
      holds: '2m',
      severity: 'critical',
      summary: `Next hops cannot be found or reached ${WHERE}`,
    },
    {
      name: 'OnpremLinkNextHopDown',
      expr: `onprem_link_next_hop_up${ours} == 0`,
      holds: '2m',
      severity: 'critical',
      summary: `Next hop {{ $labels.next_hop }} dev {{ $labels.interface }} does not answer ${WHERE}`,
    },
    {
      name: 'OnpremLinkNetworkUnreachable',
      expr: `onprem_link_network_reachable${ours} == 0`,
      holds: '2m',
      severity: 'critical',
      summary: `No target of on-premise {{ $labels.network }} answers ${WHERE}`,
    },
    {
      name: 'OnpremLinkNetworkPathDown',
      expr: `onprem_link_network_path_up${ours} == 0 and on (namespace, pool, node, network) onprem_link_network_reachable${ours} == 1`,
      holds: '5m',
      severity: 'warning',
      summary: `On-premise {{ $labels.network }} does not answer through next hop {{ $labels.next_hop }} ${WHERE}; routes that have another one avoid it`,
    },
    {
      name: 'OnpremLinkReversePathDrops',
      expr: `rate(onprem_link_rp_filter_dropped_packets_total${ours}[5m]) > ${dropsPerSecond}`,
      holds: '10m',
      severity: 'warning',
      summary: `The reverse path filter drops {{ $value | printf "%.1f" }} packets a second ${WHERE}`,
    },
    {
      name: 'OnpremLinkListRejected',
      // Not accepted although it was read: neither gone nor unknown because the API server does not answer.
      expr: `onprem_link_list_accepted${ours} == 0 and onprem_link_list_gone${ours} == 0 and onprem_link_watch_connected${ours} == 1`,
      holds: '2m',
      severity: 'critical',
      summary: `The route list is not valid ${WHERE}; the last valid one stays`,
    },
    {
      name: 'OnpremLinkListRolledBack',
      expr: `onprem_link_list_rolled_back${ours} == 1 or increase(onprem_link_rollbacks_total${ours}[15m]) > 0`,
      holds: '0m',
      severity: 'critical',
      summary: `A change of the routes was rolled back because it was not confirmed ${WHERE}`,
    },
    {
      name: 'OnpremLinkListDiffers',
      expr: `onprem_link_list_differs${ours} == 1`,
      holds: '2h',
      severity: 'warning',
      summary: `The ConfigMap holds a different list than the one in force ${WHERE}: a rolling update has halted, or somebody edited it`,
    },
    {
      name: 'OnpremLinkListUnconfirmed',
      expr: `onprem_link_list_unconfirmed${ours} == 1`,
      holds: '5m',
      severity: 'warning',
      summary: `The last list is not applied ${WHERE}: the API server, which must confirm it, does not answer`,
    },
    ...pools.map((pool) => agentMissing(job, pool)),
    {
      name: 'OnpremLinkAgentSilent',
      expr: `up${ours} == 0`,
      holds: '5m',
      severity: 'critical',
      summary: `The agent does not answer ${WHERE}`,
    },
    {
      name: 'OnpremLinkWatchSilent',
      expr: `onprem_link_watch_connected${ours} == 0`,
      holds: '10m',
      severity: 'warning',
      summary: `The agent receives nothing from the API server ${WHERE}: routes stay, changes do not arrive`,
    },
  ];
}

/**
 * Fewer agents than the DaemonSet wants, as kube-state-metrics knows. Without kube-state-metrics at least that none is
 * there at all, unless none is wanted.
 */
function agentMissing(job: string, { namespace, name }: WatchedPool): Alert {
  const wanted = `max(kube_daemonset_status_desired_number_scheduled{namespace="${namespace}", daemonset="${name}"})`;
  const seen = `onprem_link_ready{job="${job}", namespace="${namespace}", pool="${name}"}`;
  return {
    name: 'OnpremLinkAgentMissing',
    expr: `${wanted} > (count(${seen}) or vector(0)) or (absent(${seen}) unless on () ${wanted} == 0)`,
    holds: '15m',
    severity: 'critical',
    summary: 'Some nodes of pool {{ $labels.pool }} have no agent that Prometheus can see',
    labels: { namespace, pool: name },
  };
}
