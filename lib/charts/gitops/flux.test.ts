import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Testing } from 'cdk8s';
import { parseAllDocuments, stringify } from 'yaml';
import { findingsOf, type Manifest, siteWith, siteWithNetwork, yamlOf } from '../../../test/fixtures/charts';
import { ExternalService } from '../external-service/external-service';
import { NodeRoutes } from '../node-routes/node-routes';
import { FluxBootstrap, type FluxBootstrapProps } from './flux';

const git = 'https://git.example.com/network/onprem.git';
const oci = 'oci://registry.example.com/network/onprem';

function objectsOf(props: FluxBootstrapProps) {
  return Testing.synth(new FluxBootstrap(siteWith(), 'flux', props));
}

test('a Git repository becomes a source and two Kustomizations', () => {
  expect(yamlOf(new FluxBootstrap(siteWith(), 'flux', { source: { git } }))).toMatchSnapshot();
});

test('expects the manifests at the root of an artifact', () => {
  const [source, ...kustomizations] = objectsOf({ source: { oci, tag: 'latest', secretName: 'pull' } });
  expect(source).toMatchObject({
    kind: 'OCIRepository',
    metadata: { name: 'onprem-link-example', namespace: 'flux-system' },
    spec: { url: oci, ref: { tag: 'latest' }, secretRef: { name: 'pull' } },
  });
  for (const { spec } of kustomizations)
    expect(spec).toMatchObject({ path: './', sourceRef: { kind: 'OCIRepository', name: 'onprem-link-example' } });
});

test('does not create a known source again', () => {
  const objects = objectsOf({ source: { known: 'flux-system' } });
  expect(objects.map(({ kind }) => kind)).toEqual(['Kustomization', 'Kustomization']);
  for (const { spec } of objects)
    expect(spec).toMatchObject({
      path: './dist/example',
      sourceRef: { kind: 'GitRepository', name: 'flux-system' },
    });
});

test('accepts every option', () => {
  const source = { known: 'network', kind: 'OCIRepository' } as const;
  const times = { interval: '1h', timeout: '90s' };
  const [routes] = objectsOf({
    source,
    path: 'north',
    name: 'north',
    namespace: 'gitops',
    ...times,
    onDelete: 'remove',
  });
  expect(routes.metadata).toMatchObject({ name: 'north-routes', namespace: 'gitops' });
  expect(routes.spec).toMatchObject({ path: './north', sourceRef: { kind: 'OCIRepository' }, ...times });
  expect(routes.spec.deletionPolicy).toBeUndefined(); // the default, prune: Flux deletes what the Kustomization created
});

test.each([
  [{ source: undefined }, 'source: undefined has no source'],
  [{ source: { git: 'git@git.example.com:a.git' } }, 'source.git: "git@git.example.com:a.git" is not the address'],
  [{ source: { oci: git, tag: 'latest' } }, `source.oci: "${git}" is not the address`],
  [{ source: { oci } }, 'source.tag: undefined is not a branch, tag or commit'],
  [{ source: { git, tag: 'a' } }, 'source: "tag" is an unknown option'],
  [{ interval: '10' }, 'interval: "10" is not a duration'],
  [{ timeout: '1d' }, 'timeout: "1d" is not a duration'],
])('rejects %j', (props, reason) => {
  const site = siteWith();
  new FluxBootstrap(site, 'flux', { source: { git }, ...props } as never);
  expect(findingsOf(site)).toEqual([expect.stringContaining(`site example › Flux bootstrap flux › ${reason}`)]);
});

describe('the selection of each Kustomization from one folder', () => {
  const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flux-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // kubectl contains the kustomize that Flux is built with; machines without kubectl skip this test.
  (hasKubectl ? test : test.skip)('the nodes get everything but services, which come on their own', () => {
    const { site, network } = siteWithNetwork();
    const servers = network.servers('192.168.0.5');
    const charts = [
      new NodeRoutes(site, 'node-routes'),
      new ExternalService(site, 'orders', { namespace: 'apps', servers, ports: { http: 80 } }),
    ];
    const yaml = charts.map((chart) => yamlOf(chart)).join('---\n');
    const [, routes, services] = Testing.synth(new FluxBootstrap(site, 'flux', { source: { git } }));
    const kindsIn = (kustomization: Manifest) => buildWith(kustomization, yaml).map(({ kind }) => kind);
    expect(kindsIn(routes)).toEqual(['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'DaemonSet']);
    expect(kindsIn(services)).toEqual(['Service', 'EndpointSlice']);
  });

  /** Builds like kustomize-controller: the folder's files as resources, with the patches of the Kustomization. */
  function buildWith(kustomization: Manifest, yaml: string): Manifest[] {
    const { patches } = kustomization.spec as { patches: object[] };
    writeFileSync(join(folder, 'all.yaml'), yaml);
    writeFileSync(join(folder, 'kustomization.yaml'), stringify({ resources: ['all.yaml'], patches }));
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
  }
});

test('every object of a site has a component label', () => {
  const { site, network } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes');
  const servers = network.servers('192.168.0.5');
  new ExternalService(site, 'orders', { namespace: 'apps', servers, ports: { http: 80 } });
  const objects = parseAllDocuments(site.synthYaml()).map((document) => document.toJS() as Manifest);
  expect(new Set(objects.map(({ metadata }) => metadata.labels?.['app.kubernetes.io/component']))).toEqual(
    new Set(['namespace', 'quota', 'route-agent', 'external-service']),
  );
});
