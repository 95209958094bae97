import { type Manifest, manifestsOf, siteWithNetwork } from '../../../test/fixtures/charts';
import { ExternalService } from './external-service';

type Slice = Manifest & { endpoints: { addresses: string[] }[] };

function slicesOf(addresses: readonly string[]): Slice[] {
  const { site, network } = siteWithNetwork(['192.168.0.0/16', 'fd99::/64'], {
    nodes: ['10.184.0.0/26'],
    pods: ['172.30.0.0/16'],
    services: ['172.21.0.0/16', 'fd30::/112'],
  });
  const servers = network.servers(...addresses);
  const service = new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 80 } });
  return manifestsOf(service).slice(1) as Slice[];
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `192.168.${1 + Math.floor(i / 200)}.${1 + (i % 200)}`);
}

const sizes = (slices: readonly Slice[]) =>
  Object.fromEntries(slices.map(({ metadata, endpoints }) => [metadata.name, endpoints.length]));

test.each([
  [1, { 'orders-ipv4': 1 }],
  [100, { 'orders-ipv4': 100 }],
  [101, { 'orders-ipv4': 100, 'orders-ipv4-2': 1 }],
  [250, { 'orders-ipv4': 100, 'orders-ipv4-2': 100, 'orders-ipv4-3': 50 }],
])('puts %i servers into slices of at most a hundred', (count, expected) => {
  expect(sizes(slicesOf(addresses(count)))).toEqual(expected);
});

test('each slice contains addresses of one family', () => {
  const both = addresses(101).flatMap((address, i) => [address, `fd99::${(i + 1).toString(16)}`]);
  expect(sizes(slicesOf(both))).toEqual({
    'orders-ipv4': 100,
    'orders-ipv4-2': 1,
    'orders-ipv6': 100,
    'orders-ipv6-2': 1,
  });
});

test('a server added at the end changes only the last slice, and one added in front renames none', () => {
  const before = slicesOf(addresses(150));
  const appended = slicesOf([...addresses(150), '192.168.99.1']);
  expect(appended[0]).toEqual(before[0]);
  const inserted = slicesOf(['192.168.99.1', ...addresses(150)]);
  expect(inserted.map(({ metadata }) => metadata.name)).toEqual(before.map(({ metadata }) => metadata.name));
  const moved = inserted[1]?.endpoints.filter(({ addresses: [address] }) =>
    before[0]?.endpoints.some(({ addresses: [other] }) => other === address),
  );
  expect(moved).toHaveLength(1);
});

test('each address has its own endpoint, because kube-proxy reads only the first address of an endpoint', () => {
  expect(
    slicesOf(addresses(101)).flatMap(({ endpoints }) => endpoints.map(({ addresses: own }) => own.length)),
  ).toEqual(Array(101).fill(1));
});
