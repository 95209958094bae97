import { Findings, readInteger, refuse } from '../../network';
import { dnsLabel, readQualifiedName } from '../input/names';
import { isRecord, oneOf, readNested, type Schema } from '../input/schema';

export interface PortSpec {
  /** Port of the Service, 1 to 65535. */
  readonly port: number;
  /** Port on the servers. @default the same */
  readonly serverPort?: number;
  /** Transport protocol of the port. @default 'TCP' */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  /**
   * Application protocol (appProtocol), for meshes and gateways, e.g. 'http' or 'kubernetes.io/h2c'.
   * @default not set
   */
  readonly appProtocol?: string;
}

/** A port with defaults filled in. */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly serverPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol: string | undefined;
}

interface PortSettings extends Omit<ServicePort, 'name' | 'serverPort'> {
  readonly serverPort: number | undefined;
}

const readPortNumber = (value: unknown) => readInteger(value, 1, 65535, 'port');

const PORT_SCHEMA: Schema<PortSettings> = {
  port: { fallback: 1, required: true, read: readPortNumber },
  serverPort: { fallback: undefined, read: readPortNumber },
  protocol: { fallback: 'TCP', read: oneOf('TCP', 'UDP', 'SCTP') },
  appProtocol: { fallback: undefined, read: readQualifiedName },
};

export function readServicePorts(value: unknown): ServicePort[] {
  if (!isRecord(value) || Object.keys(value).length === 0)
    throw refuse(value, 'has no ports', 'write them by name, e.g. { http: 8080 }');
  const findings = new Findings();
  const ports: ServicePort[] = [];
  for (const [name, spec] of Object.entries(value)) {
    findings.attempt(name, () => {
      const port = readServicePort(name, spec);
      const twin = ports.find((other) => other.port === port.port && other.protocol === port.protocol);
      if (twin !== undefined)
        throw refuse(port.port, `is already the ${port.protocol} port ${twin.name}`, 'give each port its own number');
      ports.push(port);
    });
  }
  findings.throwIfAny();
  return ports;
}

function readServicePort(name: string, spec: unknown): ServicePort {
  dnsLabel('a port')(name);
  const read = isRecord(spec) ? readNested(PORT_SCHEMA)(spec) : readNested(PORT_SCHEMA)({ port: spec });
  return { ...read, name, serverPort: read.serverPort ?? read.port };
}

/** The same port in an endpoint: with the port number on the servers. */
export function endpointPort({ name, serverPort, protocol, appProtocol }: ServicePort) {
  return { name, port: serverPort, protocol, ...(appProtocol !== undefined && { appProtocol }) };
}
