import { Address, InputError, type ProbedService, Subnet } from '../../network';
import type { Source } from '../../routers/read/model';
import type { Manifest, Placed } from '../plan/manifest';
import { poolsOf } from '../plan/pool';
import { probedServicesOf } from '../plan/probed';
import { NodePool } from './node-pool';
import { sourceIn } from './source';

/** The destination of a Service's packets. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
  readonly source: Source;
  /** `slice orders-service-ipv4`. */
  readonly what: string;
}

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

/** A Service as defined in dist/. */
export interface Service {
  readonly source: Source;
  readonly isHeadless: boolean;
  readonly ports: readonly ServicePort[];
  /** Endpoints by port name. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>;
}

/** What dist/ says about the paths of packets inside one cluster. */
export interface ClusterModel {
  readonly pools: readonly NodePool[];
  /** By namespace and name. */
  readonly services: ReadonlyMap<string, Service>;
}

interface Port {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly targetPort?: number | string;
}

export function clusterOf(objects: readonly Placed[]): ClusterModel {
  const probed = probedServicesOf(objects);
  const services = objects.filter(({ manifest: { kind } }) => kind === 'Service');
  return {
    pools: poolsOf(objects).map((pool) => new NodePool(pool)),
    services: new Map(
      services.map((placed) => {
        const { metadata, spec } = placed.manifest;
        const key = `${metadata.namespace ?? ''}/${metadata.name}`;
        const { ports = [], clusterIP } = spec as { ports?: readonly Port[]; clusterIP?: string };
        return [
          key,
          {
            source: sourceIn(placed, 'Service'),
            isHeadless: clusterIP === 'None',
            ports: ports.map(({ name = '', port = 0, protocol = 'TCP' }) => ({ name, port, protocol })),
            endpoints: endpointsOf(metadata.namespace ?? '', metadata.name, objects, probed.get(key)),
          },
        ];
      }),
    ),
  };
}

interface Addressed {
  readonly ports: readonly Port[];
  readonly addresses: readonly string[];
}

/**
 * Endpoints from EndpointSlices or an Endpoints object, and those that the server health program will write. With
 * `handover: true` there are both, and kube-proxy sends connections to all of them.
 */
function endpointsOf(
  namespace: string,
  name: string,
  objects: readonly Placed[],
  probed: ProbedService | undefined,
): Map<string, Endpoint[]> {
  const all = new Map<string, Endpoint[]>();
  const add = ({ ports, addresses }: Addressed, placed: Placed, what: string) => {
    for (const { name: port = '', port: number = 0 } of ports) {
      const more = addresses.flatMap((text) => endpointAt(text, number, sourceIn(placed, text), what));
      all.set(port, [...(all.get(port) ?? []), ...more]);
    }
  };
  for (const placed of objects) {
    if ((placed.manifest.metadata.namespace ?? '') !== namespace) continue;
    for (const part of addressesIn(placed.manifest, name))
      add(part, placed, `${placed.manifest.kind} ${placed.manifest.metadata.name}`);
  }
  const list = objects.find(
    ({ manifest: { kind, metadata } }) => kind === 'ConfigMap' && metadata.name === 'server-health',
  );
  if (probed !== undefined && list !== undefined)
    add({ ports: probed.ports, addresses: [...probed.servers.keys()] }, list, 'the server health program');
  return all;
}

/** What an object says about the endpoints of a Service. */
function addressesIn({ kind, metadata, ...rest }: Manifest, service: string): Addressed[] {
  if (kind === 'EndpointSlice' && metadata.labels?.['kubernetes.io/service-name'] === service) {
    const { endpoints = [], ports = [] } = rest as { endpoints?: { addresses: string[] }[]; ports?: Port[] };
    return [{ ports, addresses: endpoints.flatMap(({ addresses }) => addresses) }];
  }
  if (kind === 'Endpoints' && metadata.name === service) {
    const { subsets = [] } = rest as { subsets?: { addresses?: { ip: string }[]; ports?: Port[] }[] };
    return subsets.map(({ addresses = [], ports = [] }) => ({ ports, addresses: addresses.map(({ ip }) => ip) }));
  }
  return [];
}

function endpointAt(text: string, port: number, source: Source, what: string): Endpoint[] {
  try {
    return [{ address: Address.parse(text), port, source, what }];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

export const hostSubnet = (address: Address): Subnet => new Subnet(address, address.family === 4 ? 32 : 128);
