import type { Alert } from './rules';

const SERVICE = '{{ $labels.service_namespace }}/{{ $labels.service }}';
const SERVER = `server {{ $labels.real }} of ${SERVICE}`;

/**
 * Alerts about what the server health program finds. Each one has a section in docs/runbooks.md.
 * @param job the job label of the targets.
 */
export function serverHealthAlerts(job: string): Alert[] {
  const metric = (name: string, more = '') => `onprem_link_health_${name}{job="${job}"${more}}`;
  // Only the leader's view counts, because the leader writes the EndpointSlices.
  const ofLeader = (expr: string) => `${expr} and on (namespace, pod) ${metric('leader')} == 1`;
  return [
    {
      name: 'OnpremLinkServersAllDown',
      expr: ofLeader(`${metric('service_mode', ', mode="panic"')} == 1`),
      holds: '1m',
      severity: 'critical',
      summary: `Too few servers of ${SERVICE} are up, so all of them get connections`,
    },
    {
      name: 'OnpremLinkServersUnreachable',
      expr: `min(${metric('everything_down')}) == 1`,
      holds: '1m',
      severity: 'critical',
      summary: 'No on-premise server answers, so the network path has probably failed; no server is marked down',
    },
    {
      name: 'OnpremLinkServerDown',
      expr: ofLeader(`${metric('server_state', ', state="down"')} == 1`),
      holds: '10m',
      severity: 'warning',
      summary: `The ${SERVER} is down and gets no new connections`,
    },
    {
      name: 'OnpremLinkServerFlapping',
      expr: ofLeader(`increase(${metric('server_transitions_total')}[30m]) >= 4`),
      holds: '0m',
      severity: 'warning',
      summary: `The ${SERVER} keeps going up and down`,
    },
    {
      name: 'OnpremLinkServerLossy',
      expr: `rate(${metric('server_repeats_total')}[10m]) > 0.5 * rate(${metric('server_probes_total')}[10m]) and on (service_namespace, service, server) ${metric('server_state', ', state="up"')} == 1`,
      holds: '10m',
      severity: 'warning',
      summary: `The ${SERVER} often answers only the second attempt: packets are lost, or it is slow`,
    },
    {
      name: 'OnpremLinkHealthWithoutLeader',
      expr: `(sum(${metric('leader')}) or vector(0)) == 0`,
      holds: '2m',
      severity: 'critical',
      summary:
        'No replica of the server health program is the leader: EndpointSlices stay as they are, whatever the servers do',
    },
    {
      name: 'OnpremLinkHealthListRejected',
      expr: `${metric('list_accepted')} == 0 and ${metric('watch_connected')} == 1`,
      holds: '2m',
      severity: 'critical',
      summary: 'The list of probed Services is not valid; the last valid one stays',
    },
  ];
}
