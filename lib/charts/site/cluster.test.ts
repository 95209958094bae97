import { findingsOf, manifestsOf, siteWith } from '../../../test/fixtures/charts';
import { ExternalService } from '../external-service/external-service';
import { NodeRoutes } from '../node-routes/node-routes';
import { DEFAULT_DIGEST } from '../program/image';
import { ServerHealth } from '../server-health/server-health';

const RANGES = { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] };

interface Workload {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

const imageOf = (chart: Parameters<typeof manifestsOf>[0], kind: string) =>
  (manifestsOf(chart) as unknown as Workload[]).find((object) => object.kind === kind)?.spec.template.spec.containers[0]
    ?.image;

test('uses a mirror of Docker Hub for the stock image of all programs, with the same digest', () => {
  const site = siteWith({ ...RANGES, imageRegistry: 'registry.example.com:5000/hub' });
  const mirrored = `registry.example.com:5000/hub/library/node:26.10.0-trixie-slim@${DEFAULT_DIGEST}`;
  const servers = site.onPremise('datacentre', { subnets: ['192.168.0.0/24'] }).servers('192.168.0.10');
  const routes = new NodeRoutes(site, 'node-routes');
  const health = new ServerHealth(site, 'health');
  new ExternalService(site, 'orders', { namespace: 'default', servers, ports: { http: 80 }, health: { tcp: true } });
  expect(imageOf(routes, 'DaemonSet')).toBe(mirrored);
  expect(imageOf(health, 'Deployment')).toBe(mirrored);
});

test('keeps the name of an image that the user names', () => {
  const site = siteWith({ ...RANGES, imageRegistry: 'registry.example.com' });
  const image = 'other.example.com/node:26.11.0';
  expect(imageOf(new NodeRoutes(site, 'node-routes', { image }), 'DaemonSet')).toBe(image);
});

test.each(['https://registry.example.com', 'registry.example.com/', '', 'Registry', 5])(
  'rejects %j as a registry',
  (value) => {
    expect(findingsOf(siteWith({ ...RANGES, imageRegistry: value as string }))).toEqual([
      expect.stringContaining('imageRegistry: '),
    ]);
  },
);
