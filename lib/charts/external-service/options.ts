import { readInteger, refuse } from '../../network';
import { dnsLabel, readAnnotations, readLabels, readServiceName } from '../input/names';
import { listOf, type Options, readBoolean, readNested } from '../input/schema';
import { Server } from '../site/on-premise';
import { readServicePorts, type ServicePort } from './ports';

/** The props with defaults filled in and texts understood. */
export interface ExternalServiceSettings {
  readonly name: string;
  readonly namespace: string;
  readonly servers: readonly Server[];
  readonly ports: readonly ServicePort[];
  readonly headless: boolean;
  /** Seconds for which a client stays with one server; undefined without affinity. */
  readonly sessionAffinity: number | undefined;
  readonly legacyEndpoints: boolean;
  readonly allowKubeNamespace: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Kubernetes' own default. */
const THREE_HOURS = 10_800;

const AFFINITY_OPTIONS: Options<{ readonly timeoutSeconds: number }> = {
  timeoutSeconds: { fallback: THREE_HOURS, required: true, read: (value) => readInteger(value, 1, 86_400, 'time') },
};

export function externalServiceOptions(id: string): Options<ExternalServiceSettings> {
  return {
    name: { fallback: id, read: readServiceName },
    namespace: { fallback: 'default', required: true, read: dnsLabel('a namespace') },
    servers: { fallback: [], required: true, read: listOf(readServer) },
    ports: { fallback: [], required: true, read: readServicePorts },
    headless: { fallback: false, read: readBoolean },
    sessionAffinity: { fallback: undefined, read: readSessionAffinity },
    legacyEndpoints: { fallback: false, read: readBoolean },
    allowKubeNamespace: { fallback: false, read: readBoolean },
    labels: { fallback: {}, read: readLabels },
    annotations: { fallback: {}, read: readAnnotations },
  };
}

function readServer(value: unknown): Server {
  if (value instanceof Server) return value;
  throw refuse(
    value,
    'is no server',
    "write what a network's servers(…) returned, e.g. ...datacentre.servers('10.0.1.10')",
  );
}

function readSessionAffinity(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? THREE_HOURS : undefined;
  return readNested(AFFINITY_OPTIONS)(value).timeoutSeconds;
}
