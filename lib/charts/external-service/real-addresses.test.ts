import { manifestsOf, siteWithNetwork } from '../../../test/fixtures/charts';
import { ExternalService } from './external-service';
import { REAL_ADDRESSES } from './real-addresses';

const MAPPED = { real: '10.0.0.0/16', mapped: '192.168.0.0/16' };

function annotationsOf(servers: readonly string[], props = {}): (string | undefined)[] {
  const { site, network } = siteWithNetwork(['172.20.0.0/24', MAPPED]);
  const service = new ExternalService(site, 'orders', {
    namespace: 'default',
    servers: network.servers(...servers),
    ports: { http: 80 },
    ...props,
  });
  return manifestsOf(service).map(({ metadata }) => metadata.annotations?.[REAL_ADDRESSES]);
}

test('Service and EndpointSlice name the real address of each mapped server', () => {
  const told = '192.168.1.10 is 10.0.1.10 (datacentre), 192.168.1.11 is 10.0.1.11 (datacentre)';
  expect(annotationsOf(['10.0.1.10', '172.20.0.5', '10.0.1.11'])).toEqual([told, told]);
});

test('so do legacy Endpoints', () => {
  const told = '192.168.1.10 is 10.0.1.10 (datacentre)';
  expect(annotationsOf(['10.0.1.10'], { legacyEndpoints: true })).toEqual([told, told]);
});

test('there is no annotation if nothing is mapped', () => {
  expect(annotationsOf(['172.20.0.5'])).toEqual([undefined, undefined]);
});

test('each slice lists its own servers, and the Service the first hundred', () => {
  const servers = Array.from({ length: 130 }, (_, i) => `10.0.${1 + Math.floor(i / 100)}.${1 + (i % 100)}`);
  const [service, first, second] = annotationsOf(servers).map((text) => text?.split(', '));
  expect(service?.slice(-2)).toEqual(['192.168.1.100 is 10.0.1.100 (datacentre)', 'and 30 more']);
  expect(first).toHaveLength(100);
  expect(second).toHaveLength(30);
  expect(second?.[0]).toBe('192.168.2.1 is 10.0.2.1 (datacentre)');
});

test('keeps annotations of the user', () => {
  const annotations = { 'example.com/owner': 'orders' };
  const { site, network } = siteWithNetwork([MAPPED]);
  const servers = network.servers('10.0.1.10');
  const [service] = manifestsOf(
    new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 80 }, annotations }),
  );
  expect(service?.metadata.annotations).toMatchObject({
    ...annotations,
    [REAL_ADDRESSES]: '192.168.1.10 is 10.0.1.10 (datacentre)',
  });
});
