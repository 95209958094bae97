/** A program: synthesises a site with this many networks, each with its own VPN, and this many Services, into CDK8S_OUTDIR. */
import { ExternalService, NodeRoutes, Site } from '../../lib';

const [networks = 1, services = 1] = process.argv.slice(2).map(Number);

const site = new Site('large', {
  cluster: {
    nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }],
    pods: ['172.30.0.0/16'],
    services: ['172.21.0.0/16'],
  },
});
const made = Array.from({ length: networks }, (_, i) =>
  site.onPremise(`network-${i}`, {
    subnets: [{ real: `10.50.${i}.0/24`, mapped: `10.60.${i}.0/24` }],
    vpn: {
      cluster: { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['203.0.113.2'] },
      onPremise: { publicAddress: `198.51.100.${i + 1}`, outside: 'eth1', inside: 'eth0' },
    },
  }),
);
new NodeRoutes(site, 'node-routes');
for (let i = 0; i < services; i++)
  new ExternalService(site, `service-${i}`, {
    namespace: 'default',
    servers: made[i % networks]?.servers(`10.50.${i % networks}.10`, `10.50.${i % networks}.11`) ?? [],
    ports: { http: 8080 },
  });
site.synth();
