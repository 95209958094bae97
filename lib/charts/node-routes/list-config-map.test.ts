import { Yaml } from 'cdk8s';
import { findingsOf, type Manifest, manifestsOf, siteWith } from '../../../test/fixtures/charts';
import { DEFAULT_RULES, parseRouteList, parseServerList } from '../../network';
import { ExternalService } from '../external-service/external-service';
import type { Server } from '../site/on-premise';
import { NodeRoutes } from './node-routes';
import type { NodeRoutesProps } from './props';

type ConfigMap = Manifest & { data: { routes: string; servers?: string }; immutable?: boolean };

const OTHER = { configMapName: 'all-routes', protocol: 143, port: 9143 };

/** `count` routes with comments of the given length. */
function configMapOf(count: number, commentLength: number, props: NodeRoutesProps = {}): ConfigMap {
  const site = siteWith();
  const routes = Array.from({ length: count }, (_, i) => ({
    subnet: `192.168.${i >> 8}.${i & 255}/32`,
    comment: 'x'.repeat(commentLength),
  }));
  const [configMap] = manifestsOf(new NodeRoutes(site, 'node-routes', { routes, ...props }));
  expect(findingsOf(site)).toEqual([]);
  return configMap as ConfigMap;
}

test('has one route per line, in the format that the parser reads', () => {
  const { data } = configMapOf(3, 5);
  expect(data.routes).toMatchInlineSnapshot(`
"[
  { "subnet": "192.168.0.0/32", "comment": "xxxxx" },
  { "subnet": "192.168.0.1/32", "comment": "xxxxx" },
  { "subnet": "192.168.0.2/32", "comment": "xxxxx" }
]
"
`);
  expect(parseRouteList(data.routes, DEFAULT_RULES).routes).toHaveLength(3);
});

test('lists the servers behind its routes, as the cluster sees them, in any order of construction', () => {
  const site = siteWith();
  const near = site.onPremise('near', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.1.0/24' }] });
  const far = site.onPremise('far', { subnets: ['192.168.8.0/24'] });
  const [ofNear, ofBoth] = [
    new NodeRoutes(site, 'near-routes', { networks: [near] }),
    new NodeRoutes(site, 'all', OTHER),
  ];
  const service = (id: string, servers: readonly Server[]) =>
    new ExternalService(site, id, { namespace: 'default', servers, ports: { http: 80 } });
  service('orders', near.servers('10.0.1.11', '10.0.1.10'));
  service('bills', [...far.servers('192.168.8.5'), ...near.servers('10.0.1.10')]);
  const serversOf = (routes: NodeRoutes) => (manifestsOf(routes)[0] as ConfigMap).data.servers;
  expect(parseServerList(serversOf(ofNear) as string).map(String)).toEqual(['192.168.1.10', '192.168.1.11']);
  expect(parseServerList(serversOf(ofBoth) as string).map(String)).toEqual([
    '192.168.1.10',
    '192.168.1.11',
    '192.168.8.5',
  ]);
  expect(configMapOf(1, 5).data).not.toHaveProperty('servers');
});

test("stays editable, and excludes its text from Flux's substitution", () => {
  const configMap = configMapOf(1, 5);
  expect(configMap.immutable).toBeUndefined();
  expect(configMap.metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' });
});

test('is a readable YAML block, even with umlauts and quotes in a comment', () => {
  const routes = [{ subnet: '192.168.1.0/24', comment: 'Zürich’s "old" site' }];
  const configMap = configMapOf(0, 0, { routes });
  expect(Yaml.stringify(configMap)).toContain(
    '  routes: |\n    [\n      { "subnet": "192.168.1.0/24", "comment": "Zürich’s \\"old\\" site" }\n',
  );
});

/** The object as kubectl would store it in its annotation, with the existing annotations. */
function annotationBytes(configMap: ConfigMap): number {
  return (
    Buffer.byteLength(JSON.stringify(configMap)) + Buffer.byteLength(JSON.stringify(configMap.metadata.annotations))
  );
}

test('client-side apply accepts the longest list that does not request server-side apply', () => {
  const isClientSide = (count: number) =>
    configMapOf(count, 190).metadata.annotations?.['argocd.argoproj.io/sync-options'] === undefined;
  let [most, tooMany] = [1000, 1200];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    if (isClientSide(middle)) most = middle;
    else tooMany = middle;
  }
  expect(annotationBytes(configMapOf(most, 190))).toBeLessThan(262_144);
});

test('requests server-side apply only near the limit', () => {
  expect(configMapOf(1000, 190).metadata.annotations).not.toHaveProperty(['argocd.argoproj.io/sync-options']);
  expect(configMapOf(1100, 190).metadata.annotations).toHaveProperty(['argocd.argoproj.io/sync-options']);
});

test("keeps the user's own sync options", () => {
  const annotations = { 'argocd.argoproj.io/sync-options': 'Validate=false' };
  expect(configMapOf(1100, 190, { annotations }).metadata.annotations).toMatchObject({
    'argocd.argoproj.io/sync-options': 'Validate=false,ServerSideApply=true',
  });
});
