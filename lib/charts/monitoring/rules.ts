/** One alert as input for a PrometheusRule. */
export interface Alert {
  readonly name: string;
  /** PromQL. It may name only those of the project's metrics that the agent exports. */
  readonly expr: string;
  /** How long the expression must hold. */
  readonly holds: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  /** What the expression alone does not tell the reader. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A DaemonSet of agents. */
interface WatchedPool {
  readonly namespace: string;
  readonly name: string;
}

const WHERE = 'on node {{ $labels.node }} (pool {{ $labels.pool }})';

/**
 * Alerts for what users would notice sooner or later. Each one has a section in docs/runbooks.md.
 * @param job the job label of the targets.
 * @param dropsPerSecond threshold for packets that rp_filter drops on one node.
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
      // The list was read but not accepted. This excludes a list that is gone, or unknown because the API server does
      // not answer.
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
      summary: `The ConfigMap holds a different list from the one in force ${WHERE}: a rolling update has halted, or someone edited it`,
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
      summary: `The agent receives nothing from the API server ${WHERE}: routes stay, but changes do not arrive`,
    },
  ];
}

/**
 * Fewer agents than the DaemonSet wants, according to kube-state-metrics. Without kube-state-metrics, at least that
 * there are none at all, unless none are wanted.
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
