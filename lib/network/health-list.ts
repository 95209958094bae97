import { Address, type Family } from './address';
import { Findings, refuse } from './finding';
import { parseJson } from './json';
import { parseHostAddress } from './reserved';
import { readInteger } from './route';

/** How a server is probed. */
export interface Probe {
  /** A request that must be answered with one of these statuses; if undefined, a connection is enough. */
  readonly http: HttpProbe | undefined;
  /** A handshake that must succeed. With `http`, the request is sent over this connection. */
  readonly tls: TlsProbe | undefined;
  /** Port on the servers. */
  readonly port: number;
}

export interface HttpProbe {
  readonly path: string;
  /** The Host header; if undefined, the server's address. */
  readonly host: string | undefined;
  /** Lowest and highest status that means healthy. */
  readonly status: readonly [number, number];
}

export interface TlsProbe {
  /** Server name for SNI. With `ca`, the certificate must be valid for it. */
  readonly serverName: string | undefined;
  /** PEM of the authorities that must have signed the certificate; if undefined, any certificate is accepted. */
  readonly ca: string | undefined;
}

interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string;
}

/** A Service whose servers are probed. */
export interface ProbedService {
  readonly namespace: string;
  readonly name: string;
  /** Mapped address (in the cluster) by real address (on premise), in the order of the Service. */
  readonly servers: ReadonlyMap<string, string>;
  /** Ports, in the form of its EndpointSlices. */
  readonly ports: readonly EndpointPort[];
  readonly probe: Probe;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures after which a server is down. */
  readonly downAfter: number;
  /** Consecutive successes after which it is up again. */
  readonly upAfter: number;
  /** If fewer servers are up, all get connections. At least 1. */
  readonly panicThreshold: number;
  /** EndpointSlices that were in Git before: deleted once the program has written its own. */
  readonly replaces: readonly string[];
}

export type HealthListData = Readonly<Record<string, string>>;

/** The ConfigMap key that holds the list. Keys that begin with CA_PREFIX hold authorities. */
const HEALTH_LIST_KEY = 'services';
const CA_PREFIX = 'ca-';

interface Entry {
  readonly namespace: string;
  readonly service: string;
  readonly servers: Readonly<Record<string, string>>;
  readonly ports: readonly EndpointPort[];
  readonly probe: {
    readonly port: number;
    readonly http?: { readonly path: string; readonly host?: string; readonly status: readonly [number, number] };
    readonly tls?: { readonly serverName?: string; readonly ca?: string };
  };
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly downAfter: number;
  readonly upAfter: number;
  readonly panicThreshold: number;
  readonly replaces: readonly string[];
}

/** The name of the Service in events, metrics and files. */
export const serviceKey = ({ namespace, name }: Pick<ProbedService, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;

export const familyOf = (address: string): Family => Address.parse(address).family;

/**
 * The name of the slice that the program writes. An API server limits names to 253 characters, and Service names to 63.
 */
export function healthSliceName(service: string, family: Family): string {
  return `${service}-health-ipv${family}`;
}

/** The name of the ConfigMap beside the Service that owns its slices. */
export const healthOwnerName = (service: string): string => `${service}-health`;

/** @param caName names an authority, e.g. by a hash of it */
export function formatHealthList(services: readonly ProbedService[], caName: (pem: string) => string): HealthListData {
  const authorities: Record<string, string> = {};
  const entries = services.map((service): Entry => {
    const { namespace, name, servers, probe, ...rest } = service;
    const { http, tls, port } = probe;
    const ca = tls?.ca === undefined ? undefined : `${CA_PREFIX}${caName(tls.ca)}`;
    if (ca !== undefined) authorities[ca] = tls?.ca as string;
    return {
      namespace,
      service: name,
      servers: Object.fromEntries(servers),
      ports: rest.ports,
      probe: {
        port,
        ...(http !== undefined && {
          http: { path: http.path, ...(http.host !== undefined && { host: http.host }), status: http.status },
        }),
        ...(tls !== undefined && {
          tls: { ...(tls.serverName !== undefined && { serverName: tls.serverName }), ...(ca !== undefined && { ca }) },
        }),
      },
      everyMs: rest.everyMs,
      timeoutMs: rest.timeoutMs,
      downAfter: rest.downAfter,
      upAfter: rest.upAfter,
      panicThreshold: rest.panicThreshold,
      replaces: rest.replaces,
    };
  });
  return { [HEALTH_LIST_KEY]: `${JSON.stringify(entries, null, 2)}\n`, ...authorities };
}

/**
 * Reads the ConfigMap of the health program.
 * @throws InputError with all findings, each with its position (`services[3].probe.port`).
 */
export function parseHealthList(data: HealthListData): ProbedService[] {
  const text = data[HEALTH_LIST_KEY];
  if (text === undefined) throw refuse(null, `has no key ${HEALTH_LIST_KEY}`, 'apply the ConfigMap as synth writes it');
  const findings = new Findings();
  const entries = findings.attempt(HEALTH_LIST_KEY, () => parseJson(text));
  findings.throwIfAny();
  if (!Array.isArray(entries)) throw refuse(entries, 'is not a JSON array', 'write [] for no services');
  const services = entries.flatMap(
    (entry, i) => findings.attempt(`${HEALTH_LIST_KEY}[${i}]`, () => readEntry(entry, data)) ?? [],
  );
  const seen = new Set<string>();
  for (const key of services.map(serviceKey)) {
    if (seen.has(key)) findings.add(HEALTH_LIST_KEY, key, 'is listed twice', 'remove one');
    seen.add(key);
  }
  findings.throwIfAny();
  return services;
}

function readEntry(entry: unknown, data: HealthListData): ProbedService {
  if (typeof entry !== 'object' || entry === null) throw refuse(entry, 'is not an object', 'write it as synth does');
  const { namespace, service, servers, ports, probe, replaces, ...rest } = entry as Partial<Entry>;
  const findings = new Findings();
  const read = <T>(at: string, parse: () => T): T => findings.attempt(at, parse) as T;
  const integer = (at: string, least: number, most: number) =>
    read(at, () => readInteger((rest as Record<string, unknown>)[at], least, most, 'number'));
  const text = (at: string, value: unknown) =>
    read(at, () => {
      if (typeof value === 'string' && value !== '') return value;
      throw refuse(value, 'is not a string', 'write it as synth does');
    });
  const list = <T>(at: string, value: readonly T[] | undefined) =>
    read(at, () => {
      if (Array.isArray(value)) return value as readonly T[];
      throw refuse(value, 'is not an array', 'write it as synth does');
    });
  const everyMs = integer('everyMs', 1_000, 600_000);
  const result: ProbedService = {
    namespace: text('namespace', namespace),
    name: text('service', service),
    servers: read('servers', () => readServers(servers)),
    ports: list('ports', ports),
    probe: read('probe', () => readProbe(probe, data)),
    everyMs,
    timeoutMs: integer('timeoutMs', 50, everyMs ?? 600_000),
    downAfter: integer('downAfter', 1, 100),
    upAfter: integer('upAfter', 1, 100),
    panicThreshold: integer('panicThreshold', 1, 10_000),
    replaces: list('replaces', replaces),
  };
  findings.throwIfAny();
  return result;
}

function readServers(value: unknown): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    throw refuse(value, 'names no servers', 'write {"192.168.1.10": "10.0.1.10"}');
  const findings = new Findings();
  const servers = Object.entries(value).flatMap(([address, real]) => {
    const read = findings.attempt(
      address,
      () => [`${parseHostAddress(address)}`, `${parseHostAddress(real)}`] as const,
    );
    return read === undefined ? [] : [read];
  });
  findings.throwIfAny();
  return new Map(servers);
}

function readProbe(value: Entry['probe'] | undefined, data: HealthListData): Probe {
  if (typeof value !== 'object' || value === null) throw refuse(value, 'is not a probe', 'write {"port": 8080}');
  const { http, tls } = value;
  const port = readInteger(value.port, 1, 65535, 'port');
  if (http !== undefined && (typeof http.path !== 'string' || !Array.isArray(http.status)))
    throw refuse(http, 'is not an HTTP probe', 'write {"path": "/", "status": [200, 299]}');
  if (tls?.ca !== undefined && data[tls.ca] === undefined)
    throw refuse(tls.ca, 'is not a key of the ConfigMap', 'apply the ConfigMap as synth writes it');
  return {
    port,
    http: http && { path: http.path, host: http.host, status: http.status },
    tls: tls && { serverName: tls.serverName, ca: tls.ca === undefined ? undefined : data[tls.ca] },
  };
}
