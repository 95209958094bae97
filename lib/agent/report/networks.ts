import { targetText } from '../../network';
import type { Log } from '../../program/log';
import type { Metric, Sample } from '../../program/metrics-text';
import { MOST_MISSES } from '../decide/path-health';
import { hopName } from '../decide/probe-ways';
import type { NetworkState, WatchedNetwork, WatchedPath } from '../path-monitor';
import { BUCKETS } from '../round-trips';

/** A network in the form of /status. */
export interface NetworkFacts {
  readonly network: string;
  readonly state: NetworkState;
  /** How long it has been in this state. */
  readonly seconds: number;
  /** Round-trip times of the last answered probes, in milliseconds. */
  readonly roundTrip?: { readonly p50: number; readonly max: number };
  readonly paths: readonly PathFacts[];
}

interface PathFacts {
  readonly nextHop: string;
  readonly interface: string;
  readonly target: string;
  readonly state: WatchedPath['health']['state'];
  readonly seconds: number;
  /** Consecutive probes without an answer. */
  readonly misses: number;
  /** Why the last probe could not be sent through this path, if so. */
  readonly trouble?: string;
}

export function networkFacts(networks: readonly WatchedNetwork[], now: number): NetworkFacts[] {
  const seconds = (since: number) => Math.round((now - since) / 1000);
  return networks.map(({ name, state, since, paths }) => {
    const last = paths.flatMap(({ roundTrips }) => roundTrips.last).sort((a, b) => a - b);
    const [p50, max] = [last[last.length >> 1], last.at(-1)];
    return {
      network: name,
      state,
      seconds: seconds(since),
      ...(p50 !== undefined && max !== undefined && { roundTrip: { p50: rounded(p50), max: rounded(max) } }),
      paths: paths.map((path) => ({
        nextHop: hopText(path),
        interface: path.interface,
        target: targetText(path.target),
        state: path.health.state,
        seconds: seconds(path.health.since),
        misses: path.health.misses,
        ...(path.trouble !== undefined && { trouble: path.trouble }),
      })),
    };
  });
}

const rounded = (milliseconds: number): number => Math.round(10 * milliseconds) / 10;
const hopText = ({ hop }: WatchedPath): string => `${hop.gateway ?? ''}`;

const STATES: readonly NetworkState[] = ['reachable', 'unreachable', 'unknown'];

export function networkMetrics(networks: readonly WatchedNetwork[]): Metric[] {
  return [
    [
      'network_reachable',
      'Whether a target of a probed network answers; not exported while unknown.',
      networks
        .filter(({ state }) => state !== 'unknown')
        .map(({ name, state }) => [{ network: name }, Number(state === STATES[0])]),
    ],
    [
      'network_path_up',
      'Whether a next hop leads to a network, as probes show. Routes with several next hops avoid those that do not.',
      networks.flatMap(({ name, paths }) =>
        hopsIn(paths).map(([labels, all]): Sample => {
          const isSilent = all.every(({ health }) => health.state === 'down' || health.misses >= MOST_MISSES);
          return [{ network: name, ...labels }, isSilent ? 0 : 1];
        }),
      ),
    ],
    [
      'network_round_trip_seconds',
      'Round trips of answered probes.',
      networks.flatMap(({ name, paths }) =>
        hopsIn(paths).flatMap(([labels, all]) => histogram({ network: name, ...labels }, all)),
      ),
      'histogram',
    ],
  ];
}

type Labels = { readonly next_hop: string; readonly interface: string };

function hopsIn(paths: readonly WatchedPath[]): [Labels, WatchedPath[]][] {
  const found = new Map<string, [Labels, WatchedPath[]]>();
  for (const path of paths) {
    const known = found.get(hopName(path));
    if (known !== undefined) known[1].push(path);
    else found.set(hopName(path), [{ next_hop: hopText(path), interface: path.interface }, [path]]);
  }
  return [...found.values()];
}

function histogram(labels: Readonly<Record<string, string>>, paths: readonly WatchedPath[]): Sample[] {
  const sum = (of: (trips: WatchedPath['roundTrips']) => number) =>
    paths.reduce((all, { roundTrips }) => all + of(roundTrips), 0);
  const count = sum((trips) => trips.count);
  return [
    ...BUCKETS.map((le, i): Sample => [labels, sum(({ counts }) => counts[i] ?? 0), `_bucket`, { le }]),
    [labels, count, '_bucket', { le: '+Inf' }],
    [labels, sum(({ seconds }) => seconds), '_sum'],
    [labels, count, '_count'],
  ];
}

/** Logs the results of probes. */
export function reachLog(log: Log) {
  return {
    path({ network, hop, interface: name, target, health }: WatchedPath): void {
      const way = `${network} by next hop ${hop.gateway ?? 'of the link'} dev ${name}`;
      const fields = { network, nextHop: `${hop.gateway ?? ''}`, interface: name, target: targetText(target) };
      if (health.state === 'down')
        log(
          'warn',
          'path.down',
          `${targetText(target)} no longer answers in ${way}, but does through another next hop`,
          fields,
        );
      else log('info', `path.${health.state}`, `${targetText(target)} ${TEXTS[health.state]} in ${way}`, fields);
    },
    network({ name: network, state, paths }: WatchedNetwork): void {
      const targets = [...new Set(paths.map(({ target }) => targetText(target)))].join(', ');
      if (state === 'reachable') log('info', 'network.reachable', `${network} answers`, { network });
      else
        log('warn', `network.${state}`, `${network} is ${state}: no answer from ${targets} through any next hop`, {
          network,
        });
    },
  };
}

const TEXTS = {
  returning: 'answers again, and is used once it has done so for a while,',
  up: 'answers steadily',
} as const;
