import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { ArgoCdBootstrap, ExternalService, FluxBootstrap, Monitoring, NodeRoutes } from '../../lib/charts';
import {
  EVERY_EXTERNAL_SERVICE_OPTION,
  EVERY_NODE_ROUTES_OPTION,
  everyOptionSite,
  findingsOf,
  manifestsOf,
  siteWithNetwork,
} from '../fixtures/charts';

/**
 * An API server drops fields whose value is empty. The manifest then differs from what is stored, and each
 * `kubectl apply` says "configured" where nothing has changed.
 */

/** Entries of maps are stored as they are; the core API group has no name; an emptyDir without options is still one. */
const STORED = /\.(?:labels|annotations|nodeSelector|matchLabels|data)\.[^.]|\.apiGroups\.\d+$|\.emptyDir$/;

function emptyValues(value: unknown, path: string): string[] {
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (fields.length > 0) return fields.flatMap(([key, field]) => emptyValues(field, `${path}.${key}`));
  const isEmpty = value === '' || typeof value === 'object';
  return isEmpty && !STORED.test(path) ? [path] : [];
}

type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string };

const manifestsIn = (yaml: string) => parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);
const emptyIn = (manifests: readonly Manifest[]) =>
  manifests.flatMap((manifest) => emptyValues(manifest, manifest.kind));

/** Any of these options: each left out, given, or, if it is a list or a map, given empty. */
function someOf<T extends object>(options: T): fc.Arbitrary<Partial<T>> {
  const values = Object.entries(options).map(([name, value]) => {
    const empty = Array.isArray(value) ? [[]] : [{}];
    return [name, fc.constantFrom(value, ...(typeof value === 'object' ? empty : []))] as const;
  });
  return fc.record(Object.fromEntries(values), { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const MONITORING = {
  labels: { release: 'prometheus' },
  annotations: { 'example.com/owner': 'network team' },
  interval: '30s',
  alertLabels: { team: 'network' },
  runbooks: 'https://git.example.com/network/onprem/docs/runbooks.md',
};
const repository = 'https://git.example.com/network/onprem.git';

test('no value is empty where every option is used', () => {
  expect(emptyIn(manifestsIn(everyOptionSite().synthYaml()))).toEqual([]);
});

test('no value is empty, whatever options are used or given empty', () => {
  // These three may not be empty.
  const { image } = EVERY_NODE_ROUTES_OPTION;
  const { apiServer: _, privateNetworks: __, ...nodeRoutesOptions } = EVERY_NODE_ROUTES_OPTION;
  const { sessionAffinity: ___, ...serviceOptions } = EVERY_EXTERNAL_SERVICE_OPTION;
  const resources = someOf({ requests: { cpu: '20m' }, limits: { memory: '256Mi' } });
  fc.assert(
    fc.property(
      someOf(nodeRoutesOptions),
      resources,
      someOf(serviceOptions),
      someOf(MONITORING),
      (routes, quantities, service, monitoring) => {
        const { site, network } = siteWithNetwork();
        site.onPremise('office', { subnets: ['192.168.7.0/24'], probes: ['192.168.7.1:443'] });
        new NodeRoutes(site, 'routes', {
          image,
          nodeCount: 60,
          ...routes,
          resources: quantities,
          allowDefaultRoute: true,
        });
        const servers = network.servers('192.168.0.10');
        new ExternalService(site, 'service', { ...service, namespace: 'apps', servers, ports: { http: 80 } });
        new Monitoring(site, 'monitoring', monitoring);
        fc.pre(findingsOf(site).length === 0);
        expect(emptyIn(manifestsIn(site.synthYaml()))).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

test('no value is empty in what tells a GitOps tool of the site', () => {
  const { site } = siteWithNetwork();
  const charts = [
    new ArgoCdBootstrap(site, 'argo-cd', { repository }),
    new FluxBootstrap(site, 'git', { source: { git: repository } }),
    new FluxBootstrap(site, 'oci', { source: { oci: 'oci://registry.example.com/onprem', tag: '1' } }),
  ];
  expect(charts.flatMap((chart) => emptyIn(manifestsOf(chart)))).toEqual([]);
});

test('an empty value would be found', () => {
  const env = [{ name: 'A', value: '' }];
  expect(emptyIn([{ kind: 'Pod', metadata: { labels: { edge: '' } }, spec: { env, tolerations: [], x: {} } }])).toEqual(
    ['Pod.spec.env.0.value', 'Pod.spec.tolerations', 'Pod.spec.x'],
  );
});
