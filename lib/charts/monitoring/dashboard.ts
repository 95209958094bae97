/** A panel without its position. */
interface Panel {
  readonly title: string;
  readonly type: 'stat' | 'timeseries' | 'table';
  /** PromQL expressions, each with the legend of its series. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  readonly unit?: string;
  /** Width in columns, of 24. */
  readonly width: number;
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const HEIGHT = 7;
const COLUMNS = 24;
// biome-ignore lint/suspicious/noTemplateCurlyInString: a Grafana variable
const SOURCE = { type: 'prometheus', uid: '${source}' };
const JOB = 'job=~"$job"';
const NODE = `${JOB}, node=~"$node"`;

const FLEET: Row = {
  title: 'All nodes',
  panels: [
    {
      title: 'Nodes',
      type: 'stat',
      queries: [
        [`sum(onprem_link_ready{${JOB}})`, 'ready'],
        [`sum(1 - onprem_link_ready{${JOB}})`, 'not ready'],
      ],
      width: 4,
    },
    {
      title: 'Not ready, by reason',
      type: 'timeseries',
      queries: [[`sum by (reason) (onprem_link_not_ready{${JOB}})`, '{{reason}}']],
      width: 7,
    },
    {
      title: 'Routes, by state',
      type: 'timeseries',
      queries: [[`sum by (state) (onprem_link_routes{${JOB}})`, '{{state}}']],
      width: 7,
    },
    {
      title: 'Versions',
      type: 'stat',
      queries: [[`count by (version) (onprem_link_build_info{${JOB}})`, '{{version}}']],
      width: 6,
    },
    {
      title: 'Next hops that answer',
      type: 'timeseries',
      queries: [[`avg by (next_hop) (onprem_link_next_hop_up{${JOB}})`, '{{next_hop}}']],
      unit: 'percentunit',
      width: 8,
    },
    {
      title: 'Packets that the reverse path filter drops',
      type: 'timeseries',
      queries: [[`sum by (node) (rate(onprem_link_rp_filter_dropped_packets_total{${JOB}}[5m]))`, '{{node}}']],
      unit: 'pps',
      width: 8,
    },
    {
      title: 'Repairs and rollbacks',
      type: 'timeseries',
      queries: [
        [`sum(increase(onprem_link_repairs_total{${JOB}}[15m]))`, 'repairs'],
        [`sum(increase(onprem_link_rollbacks_total{${JOB}}[15m]))`, 'taken back'],
        [`sum(onprem_link_list_unconfirmed{${JOB}})`, 'nodes that wait to confirm'],
      ],
      width: 8,
    },
    {
      title: 'Paths of packets from nodes and pods',
      type: 'timeseries',
      queries: [[`sum by (of, state) (onprem_link_packets_way{${JOB}})`, '{{of}} {{state}}']],
      width: 12,
    },
    {
      title: 'Lists',
      type: 'timeseries',
      queries: [
        [`sum(onprem_link_list_accepted{${JOB}})`, 'nodes with an accepted list'],
        [`sum(onprem_link_list_rolled_back{${JOB}})`, 'nodes that rolled back a list'],
        [`sum(onprem_link_watch_connected{${JOB}})`, 'nodes with a connected watch'],
      ],
      width: 12,
    },
  ],
};

const ONE_NODE: Row = {
  title: 'Node $node',
  panels: [
    {
      title: 'Ready',
      type: 'timeseries',
      queries: [[`onprem_link_ready{${NODE}}`, '{{node}}']],
      width: 6,
    },
    {
      title: 'Routes, by state',
      type: 'timeseries',
      queries: [[`onprem_link_routes{${NODE}}`, '{{state}}']],
      width: 6,
    },
    {
      title: 'Private network',
      type: 'table',
      queries: [[`onprem_link_private_network_info{${NODE}}`, '']],
      width: 12,
    },
    {
      title: 'Next hops',
      type: 'timeseries',
      queries: [[`onprem_link_next_hop_up{${NODE}}`, '{{next_hop}} {{interface}}']],
      width: 8,
    },
    {
      title: 'Reverse path filter: 0 off, 1 strict, 2 loose',
      type: 'timeseries',
      queries: [[`onprem_link_rp_filter_mode{${NODE}}`, '{{interface}}']],
      width: 8,
    },
    {
      title: 'Seconds since the last change',
      type: 'stat',
      queries: [[`time() - onprem_link_last_change_timestamp_seconds{${NODE}}`, '{{node}}']],
      unit: 's',
      width: 8,
    },
  ],
};

const NETWORKS: Row = {
  title: 'On-premise networks',
  panels: [
    {
      title: 'Nodes that reach the network',
      type: 'timeseries',
      queries: [[`avg by (network) (onprem_link_network_reachable{${JOB}})`, '{{network}}']],
      unit: 'percentunit',
      width: 8,
    },
    {
      title: 'Nodes that reach the network, by next hop',
      type: 'timeseries',
      queries: [[`avg by (network, next_hop) (onprem_link_network_path_up{${JOB}})`, '{{network}} by {{next_hop}}']],
      unit: 'percentunit',
      width: 8,
    },
    {
      title: 'Round trip, median and 99th percentile',
      type: 'timeseries',
      queries: [0.5, 0.99].map((quantile) => [
        `histogram_quantile(${quantile}, sum by (network, le) (rate(onprem_link_network_round_trip_seconds_bucket{${JOB}}[5m])))`,
        `{{network}} ${quantile}`,
      ]),
      unit: 's',
      width: 8,
    },
  ],
};

const SERVERS: Row = {
  title: 'On-premise servers',
  panels: [
    {
      title: 'Servers, by state',
      type: 'timeseries',
      queries: [[`sum by (service, state) (onprem_link_health_server_state{${JOB}})`, '{{service}} {{state}}']],
      width: 12,
    },
    {
      title: 'Transitions',
      type: 'timeseries',
      queries: [
        [`sum by (service, server) (increase(onprem_link_health_server_transitions_total{${JOB}}[30m]))`, '{{server}}'],
      ],
      width: 8,
    },
    {
      title: 'Leaders',
      type: 'stat',
      queries: [[`sum(onprem_link_health_leader{${JOB}})`, 'leaders']],
      width: 4,
    },
  ],
};

/**
 * A Grafana dashboard (JSON model, schema 39) for one Prometheus data source.
 *
 * @param title its name, from which its URL in Grafana is derived
 * @param has whether to include a row for networks that nodes probe, and one for health-checked servers
 */
export function dashboard(title: string, has: { readonly probes: boolean; readonly servers: boolean }): object {
  const rows = [FLEET, ...(has.probes ? [NETWORKS] : []), ONE_NODE, ...(has.servers ? [SERVERS] : [])];
  return {
    title,
    uid: title.replaceAll(/[^a-zA-Z0-9_-]/g, '-').slice(0, 40),
    tags: ['onprem-link'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'source', label: 'Data source', type: 'datasource', query: 'prometheus' },
        choice('job', 'Job', 'label_values(onprem_link_ready, job)'),
        choice('node', 'Node', `label_values(onprem_link_ready{${JOB}}, node)`),
      ],
    },
    panels: placed(rows),
  };
}

function choice(name: string, label: string, query: string): object {
  return { name, label, type: 'query', datasource: SOURCE, query, refresh: 2, includeAll: true, multi: true, sort: 1 };
}

/** Places panels from left to right, and starts a new row if a panel does not fit. */
function placed(rows: readonly Row[]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: own } of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] });
    y += 1;
    let x = 0;
    for (const panel of own) {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += HEIGHT;
      }
      panels.push({ id: panels.length + 1, ...panelModel(panel), gridPos: { x, y, w: panel.width, h: HEIGHT } });
      x += panel.width;
    }
    y += HEIGHT;
  }
  return panels;
}

function panelModel({ title, type, queries, unit }: Panel): object {
  return {
    type,
    title,
    datasource: SOURCE,
    fieldConfig: { defaults: { ...(unit !== undefined && { unit }), min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: SOURCE,
      expr,
      legendFormat,
      ...(type === 'table' && { format: 'table', instant: true }),
    })),
  };
}
