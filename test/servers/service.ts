import type { ProbedService } from '../../lib/network';

/** A Service with two servers, as in the example of docs/server-health.md. */
export const SERVICE: ProbedService = {
  namespace: 'default',
  name: 'orders-service',
  servers: new Map([
    ['192.168.1.10', '10.0.1.10'],
    ['192.168.1.11', '10.0.1.11'],
  ]),
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  probe: { port: 8080, http: { path: '/healthz', host: 'orders.corp.example', status: [200, 299] }, tls: undefined },
  everyMs: 10_000,
  timeoutMs: 2_000,
  downAfter: 3,
  upAfter: 2,
  panicThreshold: 1,
  replaces: ['orders-service-ipv4'],
};
