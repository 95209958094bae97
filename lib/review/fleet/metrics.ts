/** The part of an agent's /metrics that the overview of all nodes shows. */
export interface AgentStatus {
  readonly ready: boolean;
  /** Why the node is not ready: the label `reason` of onprem_link_not_ready. */
  readonly trouble?: string;
  /** The next hops of the private networks; the lookup's state if there is none. */
  readonly ways: readonly string[];
  /**
   * The path of pods' packets: `effective`, `unknown`, `shadowed by rule 1536 → table 2`. Older agents do not report
   * it.
   */
  readonly pods?: string;
  readonly nextHopsDown: readonly string[];
  /** Whether each probed network is reachable. Empty for older agents, and for agents that do not probe. */
  readonly networks?: Readonly<Record<string, boolean>>;
  /** Number of routes by state. */
  readonly counts: Readonly<Record<string, number>>;
  readonly drops?: number;
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^onprem_link_(\w+?)(?:\{(.*)\})? (-?[\d.e+]+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads Prometheus' text format. @throws if it is not the metrics page of an agent. */
export function readMetrics(text: string): AgentStatus {
  const samples = samplesIn(text);
  const all = (name: string) => samples.filter((sample) => sample.name === name);
  const [ready] = all('ready');
  if (ready === undefined) throw new Error('the program that answers on the port is not an agent');
  const trouble = all('not_ready').find(({ value }) => value === 1)?.labels.reason;
  const drops = all('rp_filter_dropped_packets_total')[0]?.value;
  return {
    ready: ready.value === 1,
    ...(trouble !== undefined && { trouble }),
    ways: all('private_network_info').map(({ labels }) => wayOf(labels)),
    ...podsOf(all('packets_way'), all('pods_shadowed_by')),
    nextHopsDown: all('next_hop_up').flatMap(({ labels, value }) => (value === 0 ? [labels.next_hop ?? ''] : [])),
    ...networksOf(all('network_reachable')),
    counts: Object.fromEntries(all('routes').map(({ labels, value }) => [labels.state, value])),
    ...(drops !== undefined && { drops }),
  };
}

/** The samples of this project's metrics, with the prefix removed. */
export function samplesIn(text: string): Sample[] {
  return text.split('\n').flatMap(readSample);
}

function networksOf(reachable: readonly Sample[]): Pick<AgentStatus, 'networks'> {
  if (reachable.length === 0) return {};
  return { networks: Object.fromEntries(reachable.map(({ labels, value }) => [labels.network, value === 1])) };
}

function podsOf(ways: readonly Sample[], by: readonly Sample[]): { pods?: string } {
  const state = ways.find(({ labels, value }) => labels.of === 'pods' && value === 1)?.labels.state;
  if (state === undefined) return {};
  const [rule] = by.map(({ labels }) => ` by rule ${labels.rule} → table ${labels.table}`);
  return { pods: `${state}${rule ?? ''}` };
}

function readSample(line: string): Sample[] {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key, (text as string).replace(/\\(.)/g, '$1')]);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}

function wayOf({ state, next_hop: nextHop, interface: name }: Sample['labels']): string {
  return state === 'found' ? `${nextHop} dev ${name}` : `${state}`;
}
