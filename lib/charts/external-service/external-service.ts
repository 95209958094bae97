import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { readServiceName } from '../input/names';
import { placeIn, readOptions } from '../input/schema';
import { SILENCED_ON_SERVICE } from '../linters';
import { commonLabels, mergeAnnotations } from '../metadata';
import type { Server } from '../site/on-premise';
import { requireSite } from '../site/require-site';
import type { Site } from '../site/site';
import { EndpointSlices } from './endpoint-slices';
import { LegacyEndpoints } from './legacy-endpoints';
import { type ExternalServiceSettings, externalServiceOptions } from './options';
import type { PortSpec } from './ports';
import { realAddresses } from './real-addresses';

export interface ExternalServiceProps {
  /** Namespace of the Service; it must exist. */
  readonly namespace: string;
  /** Name of the Service, hence its DNS name. @default the construct's id */
  readonly name?: string;
  /**
   * The servers, from OnPremise.servers. Append new ones: a hundred fill a slice, and one put in between moves its
   * followers from slice to slice.
   */
  readonly servers: readonly Server[];
  /** Ports by name (1 to 63 of `a-z0-9-`): a number, or what differs from TCP and the same number on the servers. */
  readonly ports: Readonly<Record<string, number | PortSpec>>;
  /** No cluster IP: DNS answers with the servers' addresses. @default false */
  readonly headless?: boolean;
  /** Keep a client with one server, for three hours or the given time (1 to 86400 s). @default false */
  readonly sessionAffinity?: boolean | { readonly timeoutSeconds: number };
  /**
   * Emit an Endpoints object instead of EndpointSlices. Kubernetes warns since 1.33, but Argo CD 3 drops both unless
   * its resource.exclusions are changed. @default false
   */
  readonly legacyEndpoints?: boolean;
  /** Permit a namespace whose name begins with `kube-`. The cluster's own Services stay forbidden. @default false */
  readonly allowKubeNamespace?: boolean;
  /** Labels of all objects. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of all objects. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** On-premise servers under the name of a Service. */
export class ExternalService extends Chart {
  /** Where findings about it stand. @internal */
  readonly place: string;
  /** The props with defaults filled in. @internal */
  readonly settings: ExternalServiceSettings;

  constructor(site: Site, id: string, props: ExternalServiceProps) {
    requireSite(site, 'ExternalService');
    const place = placeIn(site.place, `external service ${id}`);
    const settings = readOptions(site.findings, place, props, externalServiceOptions(id));
    const { name, namespace, labels, annotations, servers, ports } = settings;
    const readId = props?.name === undefined ? readServiceName : undefined; // the id is the name then
    super(site, site.claim(id, place, readId), { namespace, labels: commonLabels(name, 'external-service', labels) });
    this.place = place;
    this.settings = settings;

    this.addService();
    const endpoints = { name, annotations: mergeAnnotations(annotations), servers, ports };
    if (settings.legacyEndpoints) new LegacyEndpoints(this, 'endpoints', endpoints);
    else new EndpointSlices(this, 'endpoint-slices', endpoints);
    site.externalServices.push(this);
  }

  private addService(): void {
    const { name, annotations, servers, ports, headless, sessionAffinity } = this.settings;
    const families = ([4, 6] as const).filter((family) => servers.some(({ mapped }) => mapped.family === family));
    new k8s.KubeService(this, 'service', {
      metadata: { name, annotations: mergeAnnotations(SILENCED_ON_SERVICE, annotations, realAddresses(servers)) },
      spec: {
        type: 'ClusterIP',
        ...(headless && { clusterIp: 'None' }),
        ipFamilies: families.map((family) => `IPv${family}`),
        ipFamilyPolicy: families.length === 2 ? 'RequireDualStack' : 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        ...(sessionAffinity === undefined
          ? { sessionAffinity: 'None' }
          : { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIp: { timeoutSeconds: sessionAffinity } } }),
        // No selector: the endpoints are ours, not those of pods.
        ports: ports.map(({ name: portName, port, serverPort, protocol, appProtocol }) => ({
          name: portName,
          port,
          protocol,
          // kube-proxy goes by the endpoints' number; it is the same, so that nobody reads another one here.
          targetPort: k8s.IntOrString.fromNumber(serverPort),
          ...(appProtocol !== undefined && { appProtocol }),
        })),
      },
    });
  }
}
