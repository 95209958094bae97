import {
  DUAL_STACK,
  EVERY_EXTERNAL_SERVICE_OPTION,
  everyOptionSite,
  findingsOf,
  manifestsOf,
  siteWith,
  siteWithNetwork,
  yamlOf,
} from '../../../test/fixtures/charts';
import { NodeRoutes } from '../node-routes/node-routes';
import type { OnPremise } from '../site/on-premise';
import { ExternalService, externalServicesOf } from './external-service';
import type { ExternalServiceProps } from './options';
import { externalServiceSchema } from './options';

const PLACE = 'site example › external service orders';

type Props = Partial<ExternalServiceProps>;

/** A Service with two servers in one network, with the given differences. */
function serviceWith(differs: Props | ((network: OnPremise) => Props) = {}) {
  const { site, network } = siteWithNetwork(['192.168.1.0/24', 'fd99::/64'], DUAL_STACK);
  const servers = network.servers('192.168.1.10', '192.168.1.11');
  const props = typeof differs === 'function' ? differs(network) : differs;
  const service = new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 80 }, ...props });
  return { site, service };
}

test('emits a Service without selector and the slice of its servers', () => {
  expect(yamlOf(serviceWith().service)).toMatchSnapshot();
});

test('accepts every option', () => {
  const [bothFamilies, headless, legacy] = externalServicesOf(everyOptionSite());
  expect(Object.keys({ ...EVERY_EXTERNAL_SERVICE_OPTION, servers: [] }).sort()).toEqual(
    Object.keys(externalServiceSchema('')).sort(),
  );
  expect(
    [bothFamilies, headless, legacy].map((service) => yamlOf(service as ExternalService)).join('---\n'),
  ).toMatchSnapshot();
});

/** All options except the one that only permits something. */
const { allowKubeNamespace: _, ...EMITTED } = EVERY_EXTERNAL_SERVICE_OPTION;
const CHANGES = { ...EMITTED, headless: true, legacyEndpoints: true, health: { tcp: true } };

test.each(Object.entries(CHANGES))('%s changes the output', (name, value) => {
  expect(yamlOf(serviceWith({ [name]: value }).service)).not.toBe(yamlOf(serviceWith().service));
});

test('dual-stack servers get a slice for each family and a dual-stack Service', () => {
  const { service } = serviceWith((network) => ({ servers: network.servers('fd99::10', '192.168.1.10') }));
  const [kubeService, ...slices] = manifestsOf(service);
  expect(kubeService).toMatchObject({ spec: { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' } });
  expect(slices.map(({ metadata }) => metadata.name)).toEqual(['orders-ipv4', 'orders-ipv6']);
});

test('IPv6 servers get an IPv6 Service', () => {
  const { service } = serviceWith((network) => ({ servers: network.servers('fd99::10') }));
  expect(manifestsOf(service)[0]).toMatchObject({ spec: { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' } });
});

test('a headless Service has no cluster IP', () => {
  expect(manifestsOf(serviceWith({ headless: true }).service)[0]).toMatchObject({ spec: { clusterIP: 'None' } });
});

test('session affinity lasts three hours by default', () => {
  const affinity = (sessionAffinity: ExternalServiceProps['sessionAffinity']) =>
    manifestsOf(serviceWith({ sessionAffinity: sessionAffinity as boolean }).service)[0];
  expect(affinity(true)).toMatchObject({ spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } } });
  expect(affinity({ timeoutSeconds: 60 })).toMatchObject({
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
  });
  expect(affinity(false)).toMatchObject({ spec: { sessionAffinity: 'None' } });
});

test.each([
  [
    { name: '1st' },
    'name: "1st" is not a valid name for a Service, which must begin with a letter (RFC 1035); write e.g. "s-1st"',
  ],
  [{ name: 'Orders' }, 'name: "Orders" is not a valid name for a Service; write 1 to 63 of a-z, 0-9 and "-"'],
  [{ namespace: undefined }, 'namespace: undefined is not a valid name for a namespace'],
  [
    { servers: ['192.168.1.10'] },
    `servers[0]: "192.168.1.10" is not a server of a network; write what a network's servers(…) returned, e.g. ...datacentre.servers('10.0.1.10')`,
  ],
  [{ servers: [] }, 'servers: [] is empty; take at least one from an on-premise network'],
  [{ ports: {} }, 'ports: {} has no ports; write them by name, e.g. { http: 8080 }'],
  [{ ports: 8080 }, 'ports: 8080 has no ports'],
  [{ ports: { HTTP: 80 } }, 'ports.HTTP: "HTTP" is not a valid name for a port; write 1 to 63 of a-z, 0-9 and "-"'],
  [{ ports: { http: 0 } }, 'ports.http.port: 0 is not a valid port; write a whole number from 1 to 65535'],
  [{ ports: { http: '80' } }, 'ports.http.port: "80" is not a valid port'],
  [{ ports: { http: { port: 80, serverPort: 65536 } } }, 'ports.http.serverPort: 65536 is not a valid port'],
  [{ ports: { http: { serverPort: 80 } } }, 'ports.http.port: undefined is not a valid port'],
  [
    { ports: { http: { port: 80, nodePort: 30080 } } },
    'ports.http: "nodePort" is an unknown option; known are port, serverPort, protocol, appProtocol',
  ],
  [
    { ports: { http: { port: 80, protocol: 'tcp' } } },
    'ports.http.protocol: "tcp" is not one of the known values; write "TCP" or "UDP" or "SCTP"',
  ],
  [{ ports: { http: { port: 80, appProtocol: 'a b' } } }, 'ports.http.appProtocol: "a b" is not a qualified name'],
  [{ ports: { http: 80, web: 80 } }, 'ports.web: 80 is already the TCP port http; give each port its own number'],
  [{ headless: 'yes' }, 'headless: "yes" is neither true nor false'],
  [
    { sessionAffinity: { timeoutSeconds: 86_401 } },
    'sessionAffinity.timeoutSeconds: 86401 is not a valid time; write a whole number from 1 to 86400',
  ],
  [{ sessionAffinity: {} }, 'sessionAffinity.timeoutSeconds: undefined is not a valid time'],
  [
    { headless: true, ports: { http: { port: 80, serverPort: 8080 } } },
    `ports.http: 8080 differs from the port, but a headless Service does not translate ports; use the servers' port number, or leave out headless`,
  ],
  [
    { headless: true, sessionAffinity: true },
    'sessionAffinity: true has no effect in a headless Service; leave out one of them',
  ],
  [{ selector: { app: 'orders' } }, '"selector" is an unknown option; known are name, namespace, servers,'],
])('rejects %j', (props, text) => {
  const findings = findingsOf(serviceWith(props as never).site);
  expect(findings.join('\n')).toContain(text);
  expect(findings.every((line) => line.startsWith(PLACE))).toBe(true);
  expect(findings).toHaveLength(1);
});

test.each(['1st', 'Orders', 'a.b'])('requires a name if the id, %s, is not a valid name for a Service', (id) => {
  const { site, network } = siteWithNetwork();
  const props = { namespace: 'default', servers: network.servers('192.168.0.5'), ports: { http: 80 } };
  new ExternalService(site, id, props);
  expect(findingsOf(site)).toEqual([
    expect.stringContaining(`external service ${id}: "${id}" is not a valid name for a Service`),
  ]);
});

test('accepts an id that is a file name but not a Service name if a name is given', () => {
  const { site, network } = siteWithNetwork();
  const props = { namespace: 'default', servers: network.servers('192.168.0.5'), ports: { http: 80 } };
  new ExternalService(site, '1st', { ...props, name: 'first' });
  expect(findingsOf(site)).toEqual([]);
});

test('two protocols may use the same port number', () => {
  const { site } = serviceWith({ ports: { dns: { port: 53, protocol: 'UDP' }, 'dns-tcp': 53 } });
  expect(findingsOf(site)).toEqual([]);
});

test('rejects two services with one name in one namespace, but not in two namespaces', () => {
  const { site, network } = siteWithNetwork();
  const props = { servers: network.servers('192.168.0.5'), ports: { http: 80 }, name: 'orders' };
  new ExternalService(site, 'orders', { ...props, namespace: 'a' });
  new ExternalService(site, 'orders-b', { ...props, namespace: 'b' });
  expect(findingsOf(site)).toEqual([]);
  new ExternalService(site, 'orders-c', { ...props, namespace: 'a' });
  expect(findingsOf(site)).toEqual([
    `site example › external service orders-c › name: "orders" is already used by ${PLACE}; rename one of them`,
  ]);
});

test('rejects a server that is listed twice', () => {
  const { site } = serviceWith((network) => ({ servers: network.servers('192.168.1.10', '192.168.1.10') }));
  expect(findingsOf(site)).toEqual([
    `${PLACE} › servers[1]: "192.168.1.10" is listed twice, also as 192.168.1.10; remove one`,
  ]);
});

test('rejects a server of a family without cluster IPs', () => {
  const { site, network } = siteWithNetwork(['fd99::/64']);
  new ExternalService(site, 'orders', {
    namespace: 'default',
    servers: network.servers('fd99::10'),
    ports: { http: 80 },
  });
  expect(findingsOf(site)).toEqual([
    `${PLACE} › servers[0]: "fd99::10" is IPv6, but the cluster has no service range of that family; add the range to cluster.services, or leave out the server`,
  ]);
});

test('rejects a server of another site', () => {
  const foreign = siteWith(undefined, 'other').onPremise('plant', { subnets: ['192.168.7.0/24'] });
  const { site } = serviceWith({ servers: foreign.servers('192.168.7.5') });
  expect(findingsOf(site)).toEqual([expect.stringContaining('servers[0]: "192.168.7.5" belongs to another site')]);
});

test('rejects more legacy endpoints than Kubernetes mirrors', () => {
  const { site, network } = siteWithNetwork(['192.168.0.0/16']);
  const addresses = Array.from({ length: 1001 }, (_, i) => `192.168.${i >> 8}.${i & 255 || 1}`).filter(
    (a, i, all) => all.indexOf(a) === i,
  );
  const servers = network.servers(...addresses, '192.168.100.1', '192.168.100.2', '192.168.100.3', '192.168.100.4');
  new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 80 }, legacyEndpoints: true });
  expect(findingsOf(site)).toEqual([
    `${PLACE} › servers: 1001 are more than Kubernetes reads from an Endpoints object (1000); leave out legacyEndpoints`,
  ]);
});

test('rejects a server that no NodeRoutes routes, but accepts a site without any NodeRoutes', () => {
  const { site, network } = siteWithNetwork();
  const other = site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.7.0/24' }] });
  const servers = [...network.servers('192.168.0.5'), ...other.servers('10.0.1.5')];
  new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 80 } });
  expect(findingsOf(site)).toEqual([]);
  new NodeRoutes(site, 'node-routes', { networks: [network] });
  expect(findingsOf(site)).toEqual([
    expect.stringContaining(
      '"10.0.1.0/24 seen as 192.168.7.0/24" is mapped, but no node routes lead to on-premise plant',
    ),
    `${PLACE} › servers[1]: "10.0.1.5" lies in on-premise plant, which no NodeRoutes of this site routes; add the network to the networks of a NodeRoutes`,
  ]);
  new NodeRoutes(site, 'more', {
    networks: [],
    routes: ['192.168.0.0/16'],
    name: 'm',
    configMapName: 'm',
    protocol: 143,
    port: 9143,
  });
  expect(findingsOf(site)).toEqual([]);
});

test('does not report a Service as empty if its only server was rejected', () => {
  const { site } = serviceWith((network) => ({ servers: network.servers('192.168.2.10') }));
  expect(findingsOf(site)).toEqual([
    expect.stringContaining('on-premise datacentre › servers[0]: "192.168.2.10" lies in no subnet'),
  ]);
});

describe('does not take over Services of Kubernetes', () => {
  const findingsFor = (name: string, namespace: string, more: Props = {}) =>
    findingsOf(serviceWith({ name, namespace, ...more }).site);
  test.each([
    ['kube-dns', 'kube-system'],
    ['kube-dns-upstream', 'kube-system'],
    ['coredns', 'kube-system'],
    ['metrics-server', 'kube-system'],
    ['kubernetes', 'default'],
  ])('rejects %s in %s even if kube namespaces are allowed', (name, namespace) => {
    const message = `${PLACE} › name: "${namespace}/${name}" belongs to Kubernetes; the cluster would send its own traffic to on-premise servers; choose another name, and the namespace of the application that calls it`;
    expect(findingsFor(name, namespace)).toEqual([message]);
    expect(findingsFor(name, namespace, { allowKubeNamespace: true })).toEqual([message]);
  });

  test.each(['kube-system', 'kube-public', 'kube-anything'])(
    'rejects a name in %s unless kube namespaces are allowed',
    (namespace) => {
      expect(findingsFor('orders', namespace)).toEqual([
        `${PLACE} › namespace: "${namespace}" is a namespace of Kubernetes, whose Services the cluster depends on; use the namespace of the application that calls it, or set allowKubeNamespace: true`,
      ]);
      expect(findingsFor('orders', namespace, { allowKubeNamespace: true })).toEqual([]);
    },
  );

  test('accepts the same names in other namespaces', () => {
    expect([...findingsFor('kubernetes', 'shop'), ...findingsFor('kube-dns', 'default')]).toEqual([]);
  });
});
