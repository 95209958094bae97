import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Family } from '../../network';
import { mergeAnnotations, PROJECT } from '../metadata';
import type { Server } from '../site/on-premise';
import { endpointPort, type ServicePort } from './ports';
import { realAddresses } from './real-addresses';

/** What EndpointSlices and an Endpoints object are built from. */
interface EndpointsProps {
  /** Name of the Service. */
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** In this order. */
  readonly servers: readonly Server[];
  readonly ports: readonly ServicePort[];
}

/** The same limit as in Kubernetes' own controllers (--max-endpoints-per-slice). */
const MOST_ENDPOINTS = 100;

/**
 * The servers' addresses for kube-proxy. A slice holds one address family, which is immutable, so the name includes it:
 * `orders-service-ipv4`, then `orders-service-ipv4-2` from the 101st address on, and so on. No name depends on an
 * address, so adding servers renames nothing.
 */
export class EndpointSlices extends Construct {
  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    for (const slice of slicesOf(props)) this.addSlice(props, slice);
  }

  private addSlice(props: EndpointsProps, { name, family, servers }: Slice): void {
    new k8s.KubeEndpointSlice(this, name, {
      metadata: {
        name,
        annotations: mergeAnnotations(props.annotations, realAddresses(servers)),
        labels: {
          'kubernetes.io/service-name': props.name,
          'endpointslice.kubernetes.io/managed-by': PROJECT,
        },
      },
      addressType: `IPv${family}`,
      // Write every field that the API server would default; otherwise diff tools report drift in these lists.
      endpoints: servers.map(({ mapped }) => ({ addresses: [`${mapped}`], conditions: { ready: true } })),
      ports: props.ports.map(endpointPort),
    });
  }
}

interface Slice {
  readonly name: string;
  readonly family: Family;
  readonly servers: readonly Server[];
}

function slicesOf({ name, servers: all }: Pick<EndpointsProps, 'name' | 'servers'>): Slice[] {
  return ([4, 6] as const).flatMap((family) => {
    const servers = all.filter(({ mapped }) => mapped.family === family);
    return Array.from({ length: Math.ceil(servers.length / MOST_ENDPOINTS) }, (_, i) => ({
      name: `${name}-ipv${family}${i === 0 ? '' : `-${i + 1}`}`,
      family,
      servers: servers.slice(i * MOST_ENDPOINTS, (i + 1) * MOST_ENDPOINTS),
    }));
  });
}

/** Names of a Service's EndpointSlices in Git. */
export function sliceNames(props: Pick<EndpointsProps, 'name' | 'servers'>): string[] {
  return slicesOf(props).map(({ name }) => name);
}

/** The servers' addresses as a deprecated Endpoints object, which Kubernetes mirrors into its own EndpointSlices. */
export class LegacyEndpoints extends Construct {
  constructor(scope: Construct, id: string, { name, annotations, servers, ports }: EndpointsProps) {
    super(scope, id);
    new k8s.KubeEndpoints(this, 'endpoints', {
      metadata: { name, annotations: mergeAnnotations(annotations, realAddresses(servers)) },
      subsets: [
        {
          addresses: servers.map(({ mapped }) => ({ ip: `${mapped}` })),
          ports: ports.map(endpointPort),
        },
      ],
    });
  }
}
