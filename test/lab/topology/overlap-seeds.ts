import { join } from 'node:path';
import { fixtureSite } from '../../fixture-site';
import type { OverlapOptions } from './overlap-topology';

/** The names of the ends in the example's routers/ folder. */
const ROUTERS = join(fixtureSite(), 'routers', 'example');

/**
 * The fixture site with the largest possible overlap: nodes 10.0.1.0/27 in the cloud, servers 10.0.1.0/24 on premise, one of
 * which, payroll, has the same address as the node.
 */
export const OVERLAP: OverlapOptions = {
  dist: join(fixtureSite(), 'dist', 'example'),
  clusterRouter: join(ROUTERS, 'cluster-to-datacentre'),
  onPremiseRouter: join(ROUTERS, 'datacentre-to-cluster'),
  topology: {
    nodes: [{ name: 'worker-1', private: ['10.0.1.5/27'], public: ['198.51.100.2/28'] }],
    routers: [['10.0.1.1/27']],
    privateNetworks: ['10.0.0.0/8'],
    gateway: ['198.51.100.1/28'],
    apiServer: ['203.0.113.10'],
    servers: [],
    rpFilter: 1,
  },
  uplinks: [
    ['203.0.113.1/30', '203.0.113.2/30'],
    ['192.0.2.1/30', '192.0.2.2/30'],
  ],
  inside: [['192.168.2.1/32'], ['192.168.1.1/32']],
  premises: ['10.0.1.1/24', '192.168.0.1/24'],
  servers: [
    { name: 'orders-1', address: '10.0.1.10/24' },
    { name: 'orders-2', address: '10.0.1.11/24' },
    { name: 'payroll', address: '10.0.1.5/24' },
    { name: 'files', address: '192.168.0.10/24' },
  ],
  pod: ['172.30.7.2/24', '172.30.7.1/24'],
  service: 'orders-service',
  clusterIp: '172.21.10.20',
};
