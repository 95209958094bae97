import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { ExternalService } from '../../lib/charts/external-service/external-service';
import { NodeRoutes } from '../../lib/charts/node-routes/node-routes';
import { type Manifest, siteWithNetwork } from '../fixtures/charts';
import { REPOSITORY } from '../repository';

interface Exception {
  readonly name: string;
  readonly resources: readonly { readonly attributes: Readonly<Record<string, string>> }[];
  readonly posturePolicies: readonly { readonly controlID: string }[];
}

const { site, network } = siteWithNetwork();
new NodeRoutes(site, 'node-routes');
new ExternalService(site, 'orders', {
  namespace: 'apps',
  servers: network.servers('192.168.0.5'),
  ports: { http: 80 },
});
const objects = parseAllDocuments(site.synthYaml()).map((document) => document.toJS() as Manifest);
const annotations = objects.flatMap(({ metadata }) => Object.entries(metadata.annotations ?? {}));
const silenced = annotations.filter(([key]) => /kube-linter|checkov|kube-score/.test(key));
const trivy = parse(readFileSync(join(REPOSITORY, '.trivyignore.yaml'), 'utf8'));
const kubescape: Exception[] = JSON.parse(readFileSync(join(REPOSITORY, 'kubescape-exceptions.json'), 'utf8'));

test("every silenced rule has a reason if the tool's format allows one", () => {
  expect(silenced.length).toBeGreaterThan(5);
  for (const [key, text] of silenced)
    if (key !== 'kube-score/ignore') expect(text.replace(/^CKV_K8S_\d+=/, '')).toMatch(/^[^=]{20,}$/);
  for (const { statement } of trivy.misconfigurations) expect(statement).toMatch(/\w{3}/);
  for (const { name, posturePolicies } of kubescape)
    expect(name).toMatch(new RegExp(`^${posturePolicies[0]?.controlID}: `));
});

test('reasons are not in the pod template, where an edit would restart the pods', () => {
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet') as never as {
    spec: { template: { metadata: { annotations?: object } } };
  };
  expect(daemonSet.spec.template.metadata.annotations).toBeUndefined();
});

test("kubescape's exceptions match objects of the site by their labels", () => {
  for (const { resources } of kubescape) {
    const { kind, ...labels } = resources[0]?.attributes ?? {};
    const named = objects.filter((object) => object.kind === kind);
    expect(
      named.some(({ metadata }) => Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value)),
    ).toBe(true);
  }
});

test('docs/linters.md names every silenced rule', () => {
  const page = readFileSync(join(REPOSITORY, 'docs', 'linters.md'), 'utf8');
  const ids = [
    ...silenced.flatMap(
      ([key, text]) => /^(CKV_\w+)=/.exec(text)?.[1] ?? (key === 'kube-score/ignore' ? text.split(',') : []),
    ),
    ...trivy.misconfigurations.map(({ id }: { id: string }) => id),
  ];
  for (const id of ids) expect(page).toContain(id);
});
