import { serviceKey } from '../network';
import type { Door, Page } from '../program/http-server';
import { type Metric, metricsPage, PROMETHEUS_TEXT, type Sample } from '../program/metrics-text';
import type { Controller } from './controller';
import type { Settings } from './settings';

const MOST_OF_PEER = 16;

export function doorOf({ podIP, httpPort: port }: Settings, pages: ReadonlyMap<string, Page>): Door {
  return { address: `${podIP}`, port, pages, mostOfPeer: MOST_OF_PEER };
}

const text = (body: string, status = 200) => ({ status, type: 'text/plain', body: `${body}\n` });

export function pagesOf(controller: Controller, now: () => number): ReadonlyMap<string, Page> {
  return new Map<string, Page>([
    ['/livez', () => text('alive')],
    ['/readyz', () => (controller.isReady ? text('ready') : text(waitingFor(controller), 503))],
    [
      '/status',
      () => ({
        status: 200,
        type: 'application/json',
        body: `${JSON.stringify(statusOf(controller, now()), null, 2)}\n`,
      }),
    ],
    ['/metrics', () => ({ status: 200, type: PROMETHEUS_TEXT, body: metricsPage(metricsOf(controller)) })],
  ]);
}

function waitingFor({ list, term }: Controller): string {
  if (list.state !== 'accepted') return `the list of services is ${list.state}`;
  return term === undefined ? 'no replica is the leader' : 'not all EndpointSlices are written';
}

export function statusOf(controller: Controller, now: number) {
  const { roster, turns, list, watchState, turnError, writer } = controller;
  return {
    replica: turns.me,
    leader: turns.leader.holder ?? null,
    leads: turns.term !== undefined,
    standby: turns.standby.holder ?? null,
    list,
    watch: watchState,
    ...(turnError !== undefined && { apiServer: turnError }),
    everythingDown: roster.isEverythingDown,
    sliceWrites: writer.writes,
    services: roster.all.map((watched) => ({
      service: serviceKey(watched.service),
      mode: watched.selection.mode,
      ready: watched.selection.ready.size,
      servers: [...watched.servers].map(([address, health]) => ({
        address,
        real: watched.service.servers.get(address),
        ...roster.stateOf(watched, health),
        seconds: Math.round((now - health.since) / 1000),
        ...(health.milliseconds !== undefined && { roundTripMs: Math.round(health.milliseconds * 10) / 10 }),
      })),
    })),
  };
}

const STATES = ['up', 'failing', 'held', 'down'] as const;
const MODES = ['normal', 'early', 'panic'] as const;

export function metricsOf(controller: Controller): Metric[] {
  const { roster, turns, list, watchState, writer } = controller;
  const services = roster.all.map((watched) => ({
    watched,
    // `namespace` is the label that Prometheus sets for the program's own pods.
    labels: { service_namespace: watched.service.namespace, service: watched.service.name },
  }));
  const servers = services.flatMap(({ watched, labels }) =>
    [...watched.servers].map(([address, health]) => ({
      labels: { ...labels, server: address, real: watched.service.servers.get(address) ?? address },
      health,
      counts: watched.counts.get(address),
      ...roster.stateOf(watched, health),
    })),
  );
  const perServer = (value: (server: (typeof servers)[number]) => number): Sample[] =>
    servers.map((server) => [server.labels, value(server)]);
  return [
    ['health_leader', 'Whether this replica is the leader, which writes the EndpointSlices.', turns.term !== undefined],
    ['health_list_accepted', 'Whether the list of services is valid.', list.state === 'accepted'],
    ['health_watch_connected', 'Whether the watch of the ConfigMap is connected.', watchState.state === 'connected'],
    [
      'health_everything_down',
      'Whether no server answers at all, in which case none is marked down.',
      roster.isEverythingDown,
    ],
    ['health_slice_writes_total', 'EndpointSlices written.', writer.writes],
    [
      'health_service_servers',
      'Servers of a Service.',
      services.map(({ watched, labels }) => [labels, watched.servers.size]),
    ],
    [
      'health_service_servers_up',
      'Servers of a Service that are up.',
      services.map(({ watched, labels }) => [
        labels,
        [...watched.servers.values()].filter(({ mark }) => mark === 'up').length,
      ]),
    ],
    [
      'health_service_mode',
      'Which servers get connections: those that are up, those that answer as well, or all. 1 for the current mode.',
      services.flatMap(({ watched, labels }) =>
        MODES.map((mode): Sample => [{ ...labels, mode }, Number(watched.selection.mode === mode)]),
      ),
    ],
    [
      'health_server_state',
      'State of a server: 1 for the current one.',
      servers.flatMap(({ labels, state }) =>
        STATES.map((one): Sample => [{ ...labels, state: one }, Number(state === one)]),
      ),
    ],
    [
      'health_server_trouble',
      'Why a server fails or is down.',
      servers.flatMap(({ labels, reason }) => (reason === undefined ? [] : [[{ ...labels, reason }, 1] as Sample])),
    ],
    [
      'health_server_round_trip_seconds',
      'How long the last successful probe took.',
      servers.flatMap(({ labels, health: { milliseconds } }) =>
        milliseconds === undefined ? [] : [[labels, Math.round(milliseconds * 10) / 10_000] as Sample],
      ),
    ],
    [
      'health_server_transitions_total',
      'Changes between up and down.',
      perServer(({ counts }) => counts?.transitions ?? 0),
    ],
    ['health_server_probes_total', 'Probes.', perServer(({ counts }) => counts?.probes ?? 0)],
    [
      'health_server_repeats_total',
      'Additional connections of probes whose first connection got no answer: packets are lost, or the server is slow.',
      perServer(({ counts }) => counts?.repeats ?? 0),
    ],
  ];
}
