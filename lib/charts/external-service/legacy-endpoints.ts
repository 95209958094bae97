import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { mergeAnnotations } from '../metadata';
import type { EndpointsProps } from './endpoint-slices';
import { endpointPort } from './ports';
import { realAddresses } from './real-addresses';

/** The servers' addresses in the deprecated form, which Kubernetes mirrors into EndpointSlices of its own. */
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
