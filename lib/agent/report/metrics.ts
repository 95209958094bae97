import { type Metric, metricsPage, type Sample } from '../../program/metrics-text';
import type { RouteState } from '../decide/verdicts';
import { countPartlyTaken, countStates } from '../decide/verdicts';
import type { Outcome } from '../reconciler';
import { type Facts, isTakenBack } from './facts';
import { networkMetrics } from './networks';
import { TROUBLES, troubleOf } from './readiness';
import { nodesWay } from './status';

const STATES: readonly RouteState[] = [
  'effective',
  'installed',
  'satisfied',
  'not-applicable',
  'waiting',
  'refused',
  'conflicting',
  'failed',
  'shadowed',
];

const WAYS = ['effective', 'shadowed', 'unknown'] as const;

function waySamples({ outcome, pods }: Facts): Sample[] {
  const nodes = nodesWay(outcome?.verdicts ?? []);
  return Object.entries({ nodes, pods }).flatMap(([of, way]) =>
    WAYS.map((state): Sample => [{ of, state }, way.state === state ? 1 : 0]),
  );
}

/** The body of /metrics in Prometheus' text format, version 0.0.4. */
export function metricsText(facts: Facts): string {
  const { counters, outcome, reversePathFilters: filters, reversePathDrops: drops, list } = facts;
  const counts = countStates(outcome?.verdicts ?? []);
  const trouble = troubleOf(facts)?.[0];
  const metrics: readonly Metric[] = [
    ['ready', 'Whether the list is valid and all its routes are effective.', trouble === undefined],
    [
      'not_ready',
      'Why the node is not ready: 1 for the current reason.',
      TROUBLES.map((reason) => [{ reason }, Number(reason === trouble)]),
    ],
    [
      'private_network_info',
      'State of the private network of each address family, with its next hops.',
      privateNetworks(outcome),
    ],
    ['routes_desired', 'Routes in the last valid list.', outcome?.verdicts.length ?? 0],
    ['routes', 'Routes by state.', STATES.map((state) => [{ state }, counts.get(state) ?? 0])],
    [
      'routes_partly_taken',
      'Effective routes with a part of their subnet taken by other entries; /status names them.',
      countPartlyTaken(outcome?.verdicts ?? []),
    ],
    [
      'packets_way',
      'Whether packets of the node and of its pods use the routes: 1 for the current state.',
      waySamples(facts),
    ],
    [
      'pods_shadowed_by',
      "The rule and the table that pods' packets use instead.",
      facts.pods.by === undefined ? [] : [[{ ...facts.pods.by }, 1]],
    ],
    [
      'next_hop_up',
      'Whether a next hop answers (ARP, neighbour discovery). Routes with several next hops use only those that do.',
      facts.nextHops.map(({ nextHop, interface: name, state }) => [
        { next_hop: nextHop, interface: name },
        state === 'down' ? 0 : 1,
      ]),
    ],
    [
      'next_hops_missing',
      'Next hops, of routes with several, that this node cannot reach.',
      outcome?.missingNextHops.length ?? 0,
    ],
    ...networkMetrics(facts.networks),
    ['changes_total', 'Changes made in the kernel.', counters.changes],
    ['repairs_total', 'Changes made because the kernel had drifted from the list.', counters.repairs],
    ['last_change_timestamp_seconds', 'Time of the last change; 0 if there was none.', seconds(counters.lastChange)],
    [
      'lists_total',
      'Lists received, by result.',
      [
        [{ result: 'accepted' }, counters.listsAccepted],
        [{ result: 'rejected' }, counters.listsRejected],
      ],
    ],
    ['list_accepted', 'Whether the current list in the API server is valid.', list.state === 'accepted'],
    [
      'list_rolled_back',
      'Whether the last list was rolled back, and the previous one is in force.',
      isTakenBack(facts.rollout),
    ],
    [
      'list_unconfirmed',
      'Whether the last list waits because the API server, which must confirm it, does not answer.',
      facts.rollout.state === 'pending' && facts.rollout.reason !== undefined,
    ],
    [
      'rollbacks_total',
      'Changes that were rolled back because the node could no longer reach a target.',
      counters.rollbacks,
    ],
    [
      'list_differs',
      "Whether the ConfigMap differs from the pod's list, which is in force.",
      facts.pinned?.differs === true,
    ],
    ['list_gone', 'Whether the ConfigMap is known to be deleted.', list.state === 'gone'],
    ['watch_connected', 'Whether the watch of the ConfigMap is connected.', facts.watch.state === 'connected'],
    [
      'protocol_in_use',
      'Whether another agent on this node has the same protocol number.',
      facts.lockHolder !== undefined,
    ],
    [
      'rp_filter_mode',
      'Reverse path filter in force: 0 off, 1 strict, 2 loose.',
      filters.map(({ interface: name, mode }) => [{ interface: name }, ['off', 'strict', 'loose'].indexOf(mode)]),
    ],
    [
      'rp_filter_dropped_packets_total',
      "Packets that this node's reverse path filter dropped (TcpExt IPReversePathFilter).",
      drops ?? [],
    ],
  ];
  return metricsPage(metrics);
}

/** One sample per next hop, or one without a next hop if none is known. */
function privateNetworks(outcome: Outcome | undefined): Sample[] {
  const links = outcome?.snapshot.links;
  return [...(outcome?.privateNetworks ?? [])].flatMap(([number, network]) => {
    const { state } = network;
    const family = `IPv${number}`;
    if (state === 'unconfigured') return [];
    if (state !== 'found') return [[{ family, state, next_hop: '', interface: '' }, 1] as Sample];
    return network.hops.map(({ gateway, link }): Sample => {
      return [{ family, state, next_hop: `${gateway ?? ''}`, interface: links?.get(link)?.name ?? `${link}` }, 1];
    });
  });
}

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time) / 1000);
