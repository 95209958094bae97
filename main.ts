/**
 * What this cluster reaches behind the VPN. Edit, run `npm run synth`, review the diff of dist/ and merge it.
 * For a second cluster write a second Site, with a name of its own.
 */
import { ExternalService, NodeRoutes, Site } from './lib';

// The cluster's own ranges. No route may take any of them. Where on premise uses the nodes' addresses as well, the
// routers map them: on premise sees the node 10.0.1.5 as 192.168.2.5. Docs: docs/overlapping-networks.md
const site = new Site('example', {
  cluster: {
    nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }], // kubectl get nodes -o wide
    pods: ['172.30.0.0/16'],
    services: ['172.21.0.0/16'],
  },
});

// A network behind the VPN, subnet by subnet: the cluster reaches 192.168.0.0/24 as it is, and 10.0.1.0/24, which overlaps
// the nodes' own addresses, as 192.168.1.0/24. Nodes route the mapped addresses; servers keep their real ones. With `vpn`,
// what its two routers have to load is written to routers/; leave it out where they are configured by other means.
const datacentre = site.onPremise('datacentre', {
  subnets: ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }],
  vpn: {
    cluster: { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['203.0.113.2'] },
    onPremise: { publicAddress: '192.0.2.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['192.0.2.2'] },
  },
});

// Routes to all networks on every node. Options: lib/charts/node-routes/props.ts
new NodeRoutes(site, 'node-routes');

// Servers as a Service: http://orders-service:8080 from any pod of that namespace, which is given 192.168.1.10 and .11.
new ExternalService(site, 'orders-service', {
  namespace: 'default',
  servers: datacentre.servers('10.0.1.10', '10.0.1.11'),
  ports: { http: 8080 },
});

site.synth();
