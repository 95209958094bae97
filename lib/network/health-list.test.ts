import { formatHealthList, type HealthListData, type ProbedService, parseHealthList } from './health-list';

const service = (more: Partial<ProbedService> = {}): ProbedService => ({
  namespace: 'default',
  name: 'orders-service',
  servers: new Map([
    ['192.168.1.10', '10.0.1.10'],
    ['fd00:1::10', 'fd00:1::10'],
  ]),
  ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
  probe: {
    port: 8080,
    http: { path: '/healthz', host: 'orders.corp.example', status: [200, 299] },
    tls: { serverName: 'orders.corp.example', ca: 'PEM' },
  },
  everyMs: 10_000,
  timeoutMs: 2_000,
  downAfter: 3,
  upAfter: 2,
  panicThreshold: 1,
  replaces: ['orders-service-ipv4'],
  ...more,
});
const format = (...services: ProbedService[]) => formatHealthList(services, () => 'abc');

test('reads back what was written, including authorities', () => {
  const services = [
    service(),
    service({ name: 'plain', probe: { port: 22, http: undefined, tls: undefined }, replaces: [] }),
    service({
      name: 'any-certificate',
      probe: { port: 443, http: undefined, tls: { serverName: undefined, ca: undefined } },
    }),
  ];
  const data = format(...services);
  expect(data['ca-abc']).toBe('PEM');
  expect(parseHealthList(data)).toEqual(services);
});

test('writes one server per line, so that pull requests are readable', () => {
  expect(format(service()).services).toContain('    "servers": {\n      "192.168.1.10": "10.0.1.10",\n');
});

test.each<[string, (data: { services: string }) => HealthListData, string]>([
  ['no list', () => ({}), 'has no key services'],
  ['no JSON', () => ({ services: '[' }), 'services: "[" is not JSON'],
  ['no array', () => ({ services: '{}' }), 'is not a JSON array'],
  ['an entry that is not an object', () => ({ services: '[7]' }), 'services[0]: 7 is not an object'],
  ['the same Service twice', () => format(service(), service()), 'services: "default/orders-service" is listed twice'],
  ['a threshold of 0', () => format(service({ downAfter: 0 })), 'services[0].downAfter: 0 is not a valid number'],
  ['a timeout beyond the interval', () => format(service({ timeoutMs: 10_001 })), 'services[0].timeoutMs: 10001'],
  ['no servers', () => format(service({ servers: new Map() })), 'services[0].servers: {} names no servers'],
  [
    'an invalid server address',
    () => format(service({ servers: new Map([['300.1.1.1', '10.0.0.1']]) })),
    'servers.300.1.1.1',
  ],
  ['a missing authority', ({ services }) => ({ services }), 'services[0].probe: "ca-abc" is not a key'],
])('rejects %s', (_, change, message) => {
  expect(() => parseHealthList(change(format(service()) as { services: string }))).toThrow(message);
});
