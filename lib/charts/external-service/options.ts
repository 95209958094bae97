import { readInteger, refuse } from '../../network';
import { dnsLabel, readAnnotations, readLabels, readServiceName } from '../input/names';
import { listOf, readBoolean, readNested, type Schema } from '../input/schema';
import { type ProbeSettings, readServerHealth, type ServerHealthProbe } from '../server-health/probe-options';
import { Server } from '../site/on-premise';
import { type PortSpec, readServicePorts, type ServicePort } from './ports';

export interface ExternalServiceProps {
  /** Namespace of the Service; it must exist. */
  readonly namespace: string;
  /** Name of the Service, hence its DNS name. @default the construct's id */
  readonly name?: string;
  /**
   * The servers, from OnPremise.servers. Append new ones: a slice holds 100 servers, and inserting one shifts all later
   * servers from slice to slice.
   */
  readonly servers: readonly Server[];
  /**
   * Ports by name (1 to 63 of `a-z0-9-`): a number, or an object if the protocol is not TCP or the servers use another
   * port.
   */
  readonly ports: Readonly<Record<string, number | PortSpec>>;
  /** Make the Service headless, so that DNS returns the servers' addresses. @default false */
  readonly headless?: boolean;
  /**
   * Session affinity: send a client to the same server for three hours (`true`) or the given time (1 to 86400 s).
   * @default false
   */
  readonly sessionAffinity?: boolean | { readonly timeoutSeconds: number };
  /**
   * Emit an Endpoints object instead of EndpointSlices. Kubernetes has warned about Endpoints since 1.33. Argo CD 3
   * ignores both kinds unless its resource.exclusions are changed. @default false
   */
  readonly legacyEndpoints?: boolean;
  /**
   * Probe the servers and send new connections only to those that answer. A program in the cluster probes them and
   * writes the EndpointSlices instead of Git (docs/server-health.md). @default no probes: all servers get new
   * connections
   */
  readonly health?: ServerHealthProbe;
  /**
   * Allow a namespace whose name begins with `kube-`. The names of the cluster's own Services remain forbidden.
   * @default false
   */
  readonly allowKubeNamespace?: boolean;
  /** Labels of all objects. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of all objects. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The props with defaults filled in and strings parsed. */
export interface ExternalServiceSettings {
  readonly name: string;
  readonly namespace: string;
  readonly servers: readonly Server[];
  readonly ports: readonly ServicePort[];
  readonly headless: boolean;
  /** Session affinity timeout in seconds; undefined without affinity. */
  readonly sessionAffinity: number | undefined;
  readonly legacyEndpoints: boolean;
  readonly health: ProbeSettings | undefined;
  readonly allowKubeNamespace: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Kubernetes' own default. */
const THREE_HOURS = 10_800;

const AFFINITY_SCHEMA: Schema<{ readonly timeoutSeconds: number }> = {
  timeoutSeconds: { fallback: THREE_HOURS, required: true, read: (value) => readInteger(value, 1, 86_400, 'time') },
};

export function externalServiceSchema(id: string): Schema<ExternalServiceSettings> {
  return {
    name: { fallback: id, read: readServiceName },
    namespace: { fallback: 'default', required: true, read: dnsLabel('a namespace') },
    servers: { fallback: [], required: true, read: listOf(readServer) },
    ports: { fallback: [], required: true, read: readServicePorts },
    headless: { fallback: false, read: readBoolean },
    sessionAffinity: { fallback: undefined, read: readSessionAffinity },
    legacyEndpoints: { fallback: false, read: readBoolean },
    health: { fallback: undefined, read: readServerHealth },
    allowKubeNamespace: { fallback: false, read: readBoolean },
    labels: { fallback: {}, read: readLabels },
    annotations: { fallback: {}, read: readAnnotations },
  };
}

function readServer(value: unknown): Server {
  if (value instanceof Server) return value;
  throw refuse(
    value,
    'is not a server of a network',
    "write what a network's servers(…) returned, e.g. ...datacentre.servers('10.0.1.10')",
  );
}

function readSessionAffinity(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? THREE_HOURS : undefined;
  return readNested(AFFINITY_SCHEMA)(value).timeoutSeconds;
}
