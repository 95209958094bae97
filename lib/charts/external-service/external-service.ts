import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { healthOwnerName } from '../../network';
import { readServiceName } from '../input/names';
import { placeIn, readOptions } from '../input/schema';
import { SILENCED_ON_SERVICE } from '../linters';
import { commonLabels, KEPT_WHEN_PRUNED, mergeAnnotations } from '../metadata';
import type { ProbeSettings } from '../server-health/probe-options';
import { ServerHealth } from '../server-health/server-health';
import { Siblings } from '../site/siblings';
import type { Site } from '../site/site';
import { requireSite } from '../site/user-errors';
import { checkExternalServices } from './check';
import { EndpointSlices, LegacyEndpoints } from './endpoint-slices';
import { type ExternalServiceProps, type ExternalServiceSettings, externalServiceSchema } from './options';
import { probedService } from './probed';
import { realAddresses } from './real-addresses';

const externalServices = new Siblings<ExternalService>();

/** All of them in a site, in the order of construction. */
export function externalServicesOf(site: Site): readonly ExternalService[] {
  return externalServices.of(site);
}

/** Makes on-premise servers reachable under the name of a Service. */
export class ExternalService extends Chart {
  /** The location that findings about it report. @internal */
  readonly place: string;
  /** The props with defaults filled in. @internal */
  readonly settings: ExternalServiceSettings;

  constructor(site: Site, id: string, props: ExternalServiceProps) {
    requireSite(site, 'ExternalService');
    const place = placeIn(site.place, `external service ${id}`);
    const settings = readOptions(site.findings, place, props, externalServiceSchema(id));
    const { name, namespace, labels, annotations, servers, ports } = settings;
    const readId = props?.name === undefined ? readServiceName : undefined; // then the id is the name
    super(site, site.claim(id, place, readId), { namespace, labels: commonLabels(name, 'external-service', labels) });
    this.place = place;
    this.settings = settings;

    this.addService();
    const isHandedOver = settings.health?.handover === true;
    const endpoints = {
      name,
      annotations: mergeAnnotations(isHandedOver ? KEPT_WHEN_PRUNED : {}, annotations),
      servers,
      ports,
    };
    if (settings.health !== undefined) this.addHealth(site, settings.health);
    if (settings.legacyEndpoints) new LegacyEndpoints(this, 'endpoints', endpoints);
    else if (settings.health === undefined || isHandedOver) new EndpointSlices(this, 'endpoint-slices', endpoints);
    site.servers.push(...servers);
    site.promised.services.set(`${namespace}/${name}`, {
      servers: servers.map(({ network, real }) => ({ network: network.name, address: real })),
      ports: ports.map(({ name: portName, protocol, port, serverPort }) => ({
        name: portName,
        protocol,
        port,
        serverPort,
      })),
    });
    externalServices.add(site, this);
    site.addCheck('services', 'external-services', (run) => checkExternalServices(externalServicesOf(site), site, run));
  }

  /** The program writes the slices. Their owner is an object beside the Service; deleting it deletes them. */
  private addHealth(site: Site, health: ProbeSettings): void {
    const { name, annotations } = this.settings;
    const probed = probedService(this.settings, health);
    const program = ServerHealth.forSite(site);
    if (probed !== undefined) program.add(probed);
    new k8s.KubeConfigMap(this, 'health', {
      metadata: { name: healthOwnerName(name), annotations: mergeAnnotations(annotations) },
      data: { owns: 'the EndpointSlices that the server health program writes for this Service' },
    });
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
        // No selector: the endpoints are on-premise servers, not pods.
        ports: ports.map(({ name: portName, port, serverPort, protocol, appProtocol }) => ({
          name: portName,
          port,
          protocol,
          // kube-proxy uses the port of the endpoints; targetPort is the same, so that it does not mislead readers.
          targetPort: k8s.IntOrString.fromNumber(serverPort),
          ...(appProtocol !== undefined && { appProtocol }),
        })),
      },
    });
  }
}
