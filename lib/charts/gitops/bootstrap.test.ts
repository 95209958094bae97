import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findingsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';
import { Monitoring } from '../monitoring/monitoring';
import { NodeRoutes } from '../node-routes/node-routes';
import { ArgoCdBootstrap } from './argo-cd';
import { FluxBootstrap } from './flux';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
});
afterEach(() => {
  delete process.env.CDK8S_OUTDIR;
  rmSync(folder, { recursive: true });
});

const repository = 'https://git.example.com/network/onprem.git';

function siteWithRoutes() {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes');
  return site;
}

test('the objects that configure GitOps tools are not among those that the tools apply', () => {
  const site = siteWithRoutes();
  new ArgoCdBootstrap(site, 'argo-cd', { repository });
  new FluxBootstrap(site, 'flux', { source: { known: 'flux-system' } });
  site.synth();
  expect(readdirSync(join(folder, 'bootstrap', 'example'))).toEqual(['argo-cd.k8s.yaml', 'flux.k8s.yaml']);
  expect(readdirSync(join(folder, 'dist', 'example'))).not.toContain('flux.k8s.yaml');
});

test('Flux gets a separate Kustomization for monitoring if the site has it, whichever was created first', () => {
  const site = siteWithRoutes();
  new FluxBootstrap(site, 'flux', { source: { known: 'flux-system' } });
  new Monitoring(site, 'monitoring');
  site.synth();
  const text = readFileSync(join(folder, 'bootstrap', 'example', 'flux.k8s.yaml'), 'utf8');
  const made = parseAllDocuments(text).map((document) => document.toJS());
  const parts = made.map(({ metadata, spec }) => [metadata.name, spec.patches[0].target.labelSelector]);
  expect(parts).toEqual([
    ['onprem-link-example-routes', 'app.kubernetes.io/component notin (namespace,quota,route-agent)'],
    ['onprem-link-example-services', 'app.kubernetes.io/component in (namespace,quota,route-agent,monitoring)'],
    ['onprem-link-example-monitoring', 'app.kubernetes.io/component notin (monitoring)'],
  ]);
});

test('a site without bootstrap has no such folder', () => {
  siteWithRoutes().synth();
  expect(existsSync(join(folder, 'bootstrap'))).toBe(false);
});

test('removes files that are no longer generated, and no file of another site', () => {
  const site = siteWithRoutes();
  new FluxBootstrap(site, 'flux', { source: { known: 'flux-system' } });
  mkdirSync(join(folder, 'bootstrap', 'example'), { recursive: true });
  for (const name of ['argo-cd.k8s.yaml', 'notes.md']) writeFileSync(join(folder, 'bootstrap', 'example', name), '');
  site.synth();
  expect(readdirSync(join(folder, 'bootstrap', 'example'))).toEqual(['flux.k8s.yaml', 'notes.md']);
});

test('reports two bootstraps with one id', () => {
  const site = siteWithRoutes();
  new ArgoCdBootstrap(site, 'gitops', { repository });
  new FluxBootstrap(site, 'gitops', { source: { known: 'flux-system' } });
  expect(findingsOf(site)).toEqual([
    'site example › Flux bootstrap gitops: "gitops" names two charts of this site, which would share one file; choose another id',
  ]);
});

test('rejects a site name that is too long for the names derived from it', () => {
  const site = siteWith(undefined, 'a'.repeat(60));
  new ArgoCdBootstrap(site, 'argo-cd', { repository });
  new FluxBootstrap(site, 'flux', { source: { known: 'flux-system' } });
  expect(findingsOf(site)).toEqual([
    expect.stringMatching(/Argo CD bootstrap argo-cd › name: "onprem-link-a+" is not a valid name for an Application/),
    expect.stringMatching(/Flux bootstrap flux › name: "onprem-link-a+" is not a valid name for Kustomizations/),
  ]);
});
