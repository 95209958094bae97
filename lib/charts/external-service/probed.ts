import type { ProbedService } from '../../network';
import type { ProbeSettings } from '../server-health/probe-options';
import { sliceNames } from './endpoint-slices';
import type { ExternalServiceSettings } from './options';
import { endpointPort } from './ports';

/** A Service's entry in the program's list; undefined if its probes have no port, which the checks report. */
export function probedService(settings: ExternalServiceSettings, health: ProbeSettings): ProbedService | undefined {
  const { name, namespace, servers, ports } = settings;
  const port = probePort(settings, health);
  if (port === undefined) return undefined;
  const { http, tls, everyMs, timeoutMs, downAfter, upAfter, panicThreshold, handover } = health;
  return {
    namespace,
    name,
    servers: new Map(servers.map(({ mapped, real }) => [`${mapped}`, `${real}`])),
    ports: ports.map(endpointPort),
    probe: { port, http, tls },
    everyMs,
    timeoutMs,
    downAfter,
    upAfter,
    panicThreshold,
    replaces: handover ? [] : sliceNames({ name, servers }),
  };
}

/** The number of a named port, a given number as is, or by default the Service's first TCP port. */
export function probePort({ ports }: ExternalServiceSettings, { port }: ProbeSettings): number | undefined {
  if (typeof port === 'number') return port;
  const overTcp = ports.filter(({ protocol }) => protocol === 'TCP');
  return (port === undefined ? overTcp[0] : overTcp.find(({ name }) => name === port))?.serverPort;
}
