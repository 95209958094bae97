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
 * An API server drops fields with empty values. The stored object then differs from the manifest, and every `kubectl apply`
 * reports "configured" although nothing has changed.
 */

/** Exceptions: map entries are stored unchanged, the core API group has an empty name, and an emptyDir may have no options. */
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

/** Any choice of these options: each is left out, set, or, if it is a list or a map, set to an empty one. */
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

test('if every option is used, no value is empty', () => {
  expect(emptyIn(manifestsIn(everyOptionSite().synthYaml()))).toEqual([]);
});

test('for any choice of options, including empty ones, no value is empty', () => {
  // Empty values of these three are rejected.
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

test('no value is empty in the objects that connect a GitOps tool to the site', () => {
  const { site } = siteWithNetwork();
  const charts = [
    new ArgoCdBootstrap(site, 'argo-cd', { repository }),
    new FluxBootstrap(site, 'git', { source: { git: repository } }),
    new FluxBootstrap(site, 'oci', { source: { oci: 'oci://registry.example.com/onprem', tag: '1' } }),
  ];
  expect(charts.flatMap((chart) => emptyIn(manifestsOf(chart)))).toEqual([]);
});

test('the check finds empty values', () => {
  const env = [{ name: 'A', value: '' }];
  expect(emptyIn([{ kind: 'Pod', metadata: { labels: { edge: '' } }, spec: { env, tolerations: [], x: {} } }])).toEqual(
    ['Pod.spec.env.0.value', 'Pod.spec.tolerations', 'Pod.spec.x'],
  );
});
