import { InputError, type ProbedService, parseHealthList, serviceKey } from '../../network';
import type { Placed } from './manifest';

const COMPONENT = 'app.kubernetes.io/component';

/** The Services that the server health program probes, by `namespace/name`; empty if its list cannot be read. */
export function probedServicesOf(objects: readonly Placed[]): ReadonlyMap<string, ProbedService> {
  const lists = objects.filter(({ manifest: { kind, metadata, data } }) => {
    return kind === 'ConfigMap' && metadata.labels?.[COMPONENT] === 'server-health' && hasServices(data);
  });
  return new Map(lists.flatMap(({ manifest }) => read(manifest.data)).map((service) => [serviceKey(service), service]));
}

const hasServices = (data: unknown): boolean => typeof data === 'object' && data !== null && 'services' in data;

function read(data: unknown): ProbedService[] {
  try {
    return parseHealthList(data as Record<string, string>);
  } catch (error) {
    if (error instanceof InputError) return []; // the program rejects the list as well, and keeps the previous one
    throw error;
  }
}

/** For people: `HTTPS /healthz on port 8443 every 10 s; down after 3, up after 2`. */
export function probeText({ probe, everyMs, downAfter, upAfter, panicThreshold }: ProbedService): string {
  const { http, tls, port } = probe;
  const what =
    http === undefined ? (tls === undefined ? 'TCP' : 'TLS') : `${tls === undefined ? 'HTTP' : 'HTTPS'} ${http.path}`;
  const most = panicThreshold === 1 ? '' : `; all get connections with fewer than ${panicThreshold} up`;
  return `${what} on port ${port} every ${everyMs / 1000} s; down after ${downAfter}, up after ${upAfter}${most}`;
}
