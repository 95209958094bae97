/**
 * The networks that this cluster reaches through the VPN. Edit, run `npm run synth`, review the diff of dist/ and merge.
 * For a second cluster, add a second Site with another name.
 */
import { ExternalService, NodeRoutes, Site } from './lib';

// The cluster's own ranges, which no route may overlap. If an on-premise network uses the nodes' addresses too, the
// routers map the nodes: the other end sees the node 10.0.1.5 as 192.168.2.5. Docs: docs/overlapping-networks.md
const site = new Site('example', {
  cluster: {
    nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }], // kubectl get nodes -o wide
    pods: ['172.30.0.0/16'],
    services: ['172.21.0.0/16'],
  },
});

// A network behind the VPN, with its subnets. The cluster reaches 192.168.0.0/24 under its own addresses. 10.0.1.0/24
// overlaps the nodes' addresses, so the cluster reaches it as 192.168.1.0/24: nodes route the mapped addresses, and
// servers keep their real ones. With `vpn`, synth writes the files for both routers to routers/. Omit it if the routers
// are configured by other means.
const datacentre = site.onPremise('datacentre', {
  subnets: ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }],
  vpn: {
    cluster: { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['203.0.113.2'] },
    onPremise: { publicAddress: '192.0.2.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['192.0.2.2'] },
  },
});

// Routes to all networks on every node. Options: lib/charts/node-routes/props.ts
new NodeRoutes(site, 'node-routes');

// Servers as a Service: pods of that namespace reach them at http://orders-service:8080. The endpoints are 192.168.1.10
// and .11.
new ExternalService(site, 'orders-service', {
  namespace: 'default',
  servers: datacentre.servers('10.0.1.10', '10.0.1.11'),
  ports: { http: 8080 },
});

site.synth();
