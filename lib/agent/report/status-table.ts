import type { NetworkFacts } from './networks';

/** The part of /status that is shown to people. */
export interface StatusBody {
  readonly instance: string;
  readonly node: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly list: {
    readonly configMap: string;
    readonly state: string;
    readonly version?: string;
    readonly findings?: readonly string[];
    /** For a list that came with the pod: whether the ConfigMap differs. */
    readonly differs?: boolean;
    readonly rollout: { readonly state: string; readonly reason?: string; readonly seconds?: number };
  };
  readonly watch: { readonly state: string; readonly reason?: string };
  readonly privateNetworks: readonly {
    readonly family: string;
    readonly state: string;
    readonly network?: string;
    readonly way?: string;
    readonly reason?: string;
  }[];
  readonly ways: {
    readonly nodes: { readonly state: string };
    readonly pods: { readonly state: string; readonly reason?: string };
  };
  readonly rulesBeforeMain: readonly string[];
  readonly nextHops: readonly {
    readonly nextHop: string;
    readonly interface: string;
    readonly state: string;
    readonly seconds: number;
  }[];
  readonly networks: readonly NetworkFacts[];
  readonly missingNextHops: readonly string[];
  readonly routes: readonly {
    readonly subnet: string;
    readonly table: number;
    readonly metric: number;
    readonly state: string;
    readonly way?: string;
    readonly otherwise?: string;
    readonly reason?: string;
  }[];
  readonly routesOmitted: number;
  readonly reversePathFilters: readonly {
    readonly interface: string;
    readonly mode: string;
    readonly warning?: string;
  }[];
  readonly reversePathDrops?: number;
}

/** The status as a page of text: a header with facts, then a table with one line per route. */
export function statusText(status: StatusBody): string {
  const { list, watch, privateNetworks, ways, routes, reversePathFilters: filters } = status;
  const head = [
    ['agent', `${status.instance} on ${status.node}`],
    ['ready', `${status.ready ? 'yes' : 'NO'}: ${status.reason}`],
    ['list', listText(list)],
    ...(list.findings ?? []).map((finding) => ['', finding]),
    ...rolloutLine(list.rollout),
    ['watch', `${watch.state}${watch.reason === undefined ? '' : `: ${watch.reason}`}`],
    ...privateNetworks.map(({ family, state, network, way, reason }) => [
      family,
      state === 'found' ? `${network} ${way}` : `${state}: ${reason}`,
    ]),
    [
      'packets',
      `nodes: ${ways.nodes.state} · pods: ${[ways.pods.state, ways.pods.reason].filter(Boolean).join(ways.pods.state === 'unknown' ? ': ' : ' ')}`,
    ],
    ...status.rulesBeforeMain.map((rule) => ['rule', rule]),
    ...status.nextHops.map(({ nextHop, interface: name, state, seconds }) => [
      'next hop',
      `${nextHop} dev ${name} ${state} for ${seconds} s`,
    ]),
    ...status.missingNextHops.map((reason) => ['next hop', `missing: ${reason}`]),
    ...status.networks.flatMap(networkLines),
    ...filters.map(({ interface: name, mode, warning }) => [
      'rp_filter',
      `${name} ${mode}${warning === undefined ? '' : `: ${warning}`}`,
    ]),
    ['drops', `${status.reversePathDrops ?? 'unknown'} packets by rp_filter since the node started`],
  ];
  const rows = routes.map(({ subnet, table, metric, state, way, otherwise, reason }) => [
    subnet,
    state,
    [way, ...(otherwise === undefined ? [] : [`otherwise ${otherwise}`])].filter(Boolean).join(', '),
    `${table}`,
    `${metric}`,
    reason ?? '',
  ]);
  const omitted = status.routesOmitted === 0 ? '' : `… and ${status.routesOmitted} more\n`;
  return `${table(head)}\n${table([['ROUTE', 'STATE', 'NEXT HOP', 'TABLE', 'METRIC', 'REASON'], ...rows])}${omitted}`;
}

function networkLines({ network, state, seconds, roundTrip, paths }: NetworkFacts): string[][] {
  const times = roundTrip === undefined ? '' : `, round trip ${roundTrip.p50} ms, at most ${roundTrip.max} ms`;
  return [
    ['network', `${network} ${state} for ${seconds} s${times}`],
    ...paths.map((path) => {
      const way = `${path.target} by ${path.nextHop} dev ${path.interface}`;
      const misses = path.misses === 0 ? '' : `, ${path.misses} probes without an answer`;
      return ['', `${way} ${path.state} for ${path.seconds} s${misses}${path.trouble ? `; ${path.trouble}` : ''}`];
    }),
  ];
}

function listText({ configMap, state, version, differs }: StatusBody['list']): string {
  if (differs === undefined) return `${configMap} ${state}${version === undefined ? '' : ` (version ${version})`}`;
  if (state === 'gone') return `from the pod template; ConfigMap ${configMap} is gone`;
  return `from the pod template, ${state}; ConfigMap ${configMap} ${differs ? 'differs' : 'is the same'}`;
}

/** No line while the list is in force. */
function rolloutLine({ state, reason, seconds }: StatusBody['list']['rollout']): string[][] {
  if (state === 'settled') return [];
  const next = seconds === undefined ? '' : `; next attempt in ${seconds} s`;
  return [['rollout', `${state}: ${reason ?? 'not confirmed yet'}${next}`]];
}

/** What the agent would change, one change per line. */
export function diffText(changes: readonly string[]): string {
  return changes.length === 0 ? 'nothing would change\n' : changes.map((change) => `${change}\n`).join('');
}

/** Pads columns to their widest cell, except the last one. */
function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] as number)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
