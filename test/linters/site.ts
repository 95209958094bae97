import { ArgoCdBootstrap, ExternalService, FluxBootstrap, Monitoring, NodeRoutes, ServerHealth, Site } from '../../lib';
import {
  EVERY_EXTERNAL_SERVICE_OPTION,
  EVERY_NODE_ROUTES_OPTION,
  EVERY_SERVER_HEALTH_OPTION,
} from '../fixtures/charts';

/** Limits and requests for all resources, which users of the constructs would set. */
const RESOURCES = {
  requests: { cpu: '20m', memory: '64Mi', 'ephemeral-storage': '16Mi' },
  limits: { cpu: '500m', memory: '256Mi', 'ephemeral-storage': '64Mi' },
};

/** Writes a site that uses every option except `privileged`, which most rules forbid. */
function write(): void {
  const site = new Site('every-option', {
    cluster: {
      nodes: ['10.184.0.0/26', 'fd10::/64'],
      pods: ['172.30.0.0/16', 'fd30::/56'],
      services: ['172.21.0.0/16', 'fd50::/112'],
    },
  });
  const office = site.onPremise('office', {
    subnets: ['192.168.0.0/22', 'fd99::/64'],
    probes: ['192.168.1.10:636', '[fd99::10]:636'],
  });
  const plant = site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.8.0/24' }] });
  new NodeRoutes(site, 'edge', {
    ...EVERY_NODE_ROUTES_OPTION,
    networks: [office],
    resources: RESOURCES,
    privileged: false,
  });
  new NodeRoutes(site, 'inner', { privateNetworks: ['10.0.0.0/8', 'fd00::/8'] });
  const servers = [...office.servers('192.168.1.10', 'fd99::10'), ...plant.servers('10.0.1.5')];
  // On OpenShift the user ID comes from the namespace's range, which linters do not see.
  new ServerHealth(site, 'health', { ...EVERY_SERVER_HEALTH_OPTION, resources: RESOURCES, openShift: false });
  new ExternalService(site, 'both-families', { ...EVERY_EXTERNAL_SERVICE_OPTION, servers });
  new ExternalService(site, 'headless', { namespace: 'apps', servers, ports: { http: 80 }, headless: true });
  new Monitoring(site, 'monitoring', {});
  new ArgoCdBootstrap(site, 'argo-cd', { repository: 'https://git.example.com/network/onprem.git' });
  new FluxBootstrap(site, 'flux', { source: { known: 'flux-system' } });
  site.synth();
}

write();
