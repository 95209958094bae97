import { countStates, type Facts, readiness } from './status';

type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];

const STATES = [
  'effective',
  'installed',
  'satisfied',
  'not-applicable',
  'waiting',
  'refused',
  'conflicting',
  'failed',
  'shadowed',
] as const;

/** The body of /metrics in Prometheus' text format, version 0.0.4. */
export function metricsText(facts: Facts): string {
  const { counters, outcome, reversePathFilters: filters, reversePathDrops: drops, list, watch } = facts;
  const counts = countStates(outcome?.verdicts ?? []);
  const desired = outcome?.verdicts.length ?? 0;
  const flag = (yes: boolean): Sample[] => [[{}, yes ? 1 : 0]];
  return [
    metric(
      'ready',
      'gauge',
      'Whether the list is understood and all its routes do what it says.',
      flag(readiness(facts).ready),
    ),
    metric('routes_desired', 'gauge', 'Routes of the last list that was understood.', [[{}, desired]]),
    metric(
      'routes',
      'gauge',
      'Routes by state.',
      STATES.map((state) => [{ state }, counts.get(state) ?? 0]),
    ),
    metric(
      'next_hop_up',
      'gauge',
      'Whether a next hop answers (ARP, neighbour discovery); those of several that do not are not used.',
      facts.nextHops.map(({ nextHop, interface: name, state }) => [
        { next_hop: nextHop, interface: name },
        state === 'down' ? 0 : 1,
      ]),
    ),
    metric(
      'next_hops_missing',
      'gauge',
      'Next hops of routes with several that cannot be reached from this node at all.',
      [[{}, outcome?.missingNextHops.length ?? 0]],
    ),
    metric('changes_total', 'counter', 'Changes made in the kernel.', [[{}, counters.changes]]),
    metric('repairs_total', 'counter', 'Changes made because the kernel had drifted from the list.', [
      [{}, counters.repairs],
    ]),
    metric('last_change_timestamp_seconds', 'gauge', 'When the last change was made; 0 for never.', [
      [{}, seconds(counters.lastChange)],
    ]),
    metric('lists_total', 'counter', 'Lists seen, by whether they were understood.', [
      [{ result: 'accepted' }, counters.listsAccepted],
      [{ result: 'rejected' }, counters.listsRejected],
    ]),
    metric(
      'list_accepted',
      'gauge',
      'Whether the list that the API server shows now is understood.',
      flag(list.state === 'accepted'),
    ),
    metric(
      'list_staged',
      'gauge',
      "Whether a changed list waits for this node's turn.",
      flag(facts.rollout.state === 'staged'),
    ),
    metric(
      'list_rolled_back',
      'gauge',
      'Whether the last list was taken back, and the one before is in force.',
      flag(facts.rollout.reason !== undefined),
    ),
    metric('rollbacks_total', 'counter', 'Changes that were taken back because the node lost what it could reach.', [
      [{}, counters.rollbacks],
    ]),
    metric('list_gone', 'gauge', 'Whether the ConfigMap is known to be deleted.', flag(list.state === 'gone')),
    metric('watch_connected', 'gauge', 'Whether the watch of the ConfigMap stands.', flag(watch.state === 'connected')),
    metric(
      'protocol_in_use',
      'gauge',
      'Whether another agent on this node holds our protocol number.',
      flag(facts.lockHolder !== undefined),
    ),
    metric(
      'rp_filter_mode',
      'gauge',
      'Reverse path filter in force: 0 off, 1 strict, 2 loose.',
      filters.map(({ interface: name, mode }) => [{ interface: name }, ['off', 'strict', 'loose'].indexOf(mode)]),
    ),
    metric(
      'rp_filter_dropped_packets_total',
      'counter',
      "Packets this node's reverse path filter dropped (TcpExt IPReversePathFilter).",
      drops === undefined ? [] : [[{}, drops]],
    ),
  ].join('');
}

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const full = `onprem_link_${name}`;
  const lines = samples.map(([labels, value]) => {
    const inner = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(`${text}`)}"`);
    return `${full}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}

const escapeLabel = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time) / 1000);
