import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { ExternalService, NodeRoutes, type ServerHealthProbe, Site } from '../../lib/charts';

/** The ports of one Service to both servers, with the probe of each; undefined: no probe. */
export type Services = Readonly<Record<string, { readonly port: number; readonly health?: ServerHealthProbe }>>;

export const SERVERS = ['192.168.1.10', '192.168.1.11'] as const;

/** The servers' real addresses, which the routers map. */
const REAL = ['10.0.1.10', '10.0.1.11'];

/**
 * Synthesises the standard network's site with these Services.
 * @param servers real addresses of the servers
 * @returns the folder that GitOps would apply
 */
export function healthSite(parent: string, services: Services, servers: readonly string[] = REAL): string {
  const folder = mkdtempSync(join(parent, 'site-'));
  process.env.CDK8S_OUTDIR = folder;
  try {
    const site = new Site('example', {
      cluster: { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
    });
    const network = site.onPremise('datacentre', {
      subnets: ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }],
    });
    new NodeRoutes(site, 'node-routes');
    for (const [name, { port, health }] of Object.entries(services))
      new ExternalService(site, name, {
        namespace: 'default',
        servers: network.servers(...servers),
        ports: { http: port },
        ...(health !== undefined && { health }),
      });
    site.synth();
    return join(folder, 'example');
  } finally {
    delete process.env.CDK8S_OUTDIR;
  }
}
