import { join } from 'node:path';
import { ExternalService, NodeRoutes, Site } from '../../../lib';
import type { OverlapOptions } from './overlap-topology';

/** Synthesises an IPv6-only site, which needs no mapping, into a folder. @returns the options of its topology */
export function ipv6Site(folder: string): OverlapOptions {
  const before = process.env.CDK8S_OUTDIR;
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
  try {
    synthesise();
  } finally {
    if (before === undefined) delete process.env.CDK8S_OUTDIR;
    else process.env.CDK8S_OUTDIR = before;
  }
  const routers = join(folder, 'routers', 'six');
  return {
    dist: join(folder, 'dist', 'six'),
    clusterRouter: join(routers, 'cluster-to-plant'),
    onPremiseRouter: join(routers, 'plant-to-cluster'),
    topology: {
      nodes: [{ name: 'worker-1', private: ['fd00:184::5/64'], public: ['198.51.100.2/28', '2001:db8:51::2/64'] }],
      routers: [['fd00:184::1/64']],
      privateNetworks: ['fd00::/8'],
      gateway: ['198.51.100.1/28', '2001:db8:51::1/64'],
      apiServer: ['203.0.113.10'],
      servers: [],
      rpFilter: 1,
    },
    uplinks: [
      ['203.0.113.1/30', '203.0.113.2/30'],
      ['192.0.2.1/30', '192.0.2.2/30'],
    ],
    inside: [[], []], // without a mapping, the routers' own addresses are in their traffic selectors
    premises: ['2001:db8:a::1/64'],
    servers: [
      { name: 'press-1', address: '2001:db8:a::10/64' },
      { name: 'press-2', address: '2001:db8:a::11/64' },
    ],
    pod: ['fd00:30:7::2/64', 'fd00:30:7::1/64'],
    service: 'presses',
    clusterIp: 'fd00:21::20',
  };
}

function synthesise(): void {
  const site = new Site('six', {
    cluster: { nodes: ['fd00:184::/64'], pods: ['fd00:30::/32'], services: ['fd00:21::/112'] },
  });
  const plant = site.onPremise('plant', {
    subnets: ['2001:db8:a::/64'],
    vpn: {
      cluster: { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['203.0.113.2'] },
      onPremise: { publicAddress: '192.0.2.1', outside: 'eth1', inside: 'eth0', outsideNextHops: ['192.0.2.2'] },
      esp: { encryption: 'aes256', hash: 'sha512', dhGroup: 19 },
    },
  });
  new NodeRoutes(site, 'node-routes', { privateNetworks: ['fd00::/8'] });
  new ExternalService(site, 'presses', {
    namespace: 'default',
    servers: plant.servers('2001:db8:a::10', '2001:db8:a::11'),
    ports: { http: 8080 },
  });
  site.synth();
}
