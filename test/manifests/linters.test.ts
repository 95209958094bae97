import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { ExternalService } from '../../lib/charts/external-service/external-service';
import { NodeRoutes } from '../../lib/charts/node-routes/node-routes';
import { type Manifest, siteWithNetwork } from '../fixtures/charts';
import { REPOSITORY } from '../repository';
import { LINTER_RULES, type Linted } from './linter-rules';

function manifestsOf(yaml: string): Manifest[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);
}

function linted(objects: readonly Manifest[]): Linted {
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet') as never as Linted['daemonSet'];
  const pod = daemonSet.spec.template.spec as Linted['pod'];
  return { objects, daemonSet, pod, container: pod.containers[0] as Linted['container'] };
}

const { site, network } = siteWithNetwork();
new NodeRoutes(site, 'node-routes');
const servers = network.servers('192.168.0.5');
new ExternalService(site, 'orders', { namespace: 'apps', servers, ports: { http: 80 } });
const ours = linted(manifestsOf(site.synthYaml()));

/** What every rule is against. */
const sloppy = linted(
  manifestsOf(`
kind: DaemonSet
apiVersion: extensions/v1beta1
metadata: { name: a, namespace: default }
spec:
  selector: { matchLabels: { app: a } }
  updateStrategy: { type: OnDelete }
  template:
    metadata: { labels: { app: b } }
    spec:
      hostIPC: true
      hostPID: true
      restartPolicy: OnFailure
      serviceAccount: default
      serviceAccountName: default
      hostAliases: [{ ip: 10.0.0.1, hostnames: [a] }]
      securityContext: { sysctls: [{ name: kernel.msgmax, value: "1" }], seLinuxOptions: { user: a } }
      containers:
        - image: node:latest
          securityContext: { privileged: true, allowPrivilegeEscalation: true, procMount: Unmasked }
          ports: [{ containerPort: 22, hostPort: 22 }]
          env: [{ name: API_TOKEN, value: a }, { name: API_TOKEN, value: b }]
      volumes:
        - { name: a, hostPath: { path: / } }
        - { name: b, projected: { sources: [{ serviceAccountToken: { path: a, expirationSeconds: 86400 } }] } }
---
kind: ClusterRoleBinding
metadata: { name: a }
---
kind: Role
metadata: { name: a }
rules: [{ apiGroups: ["*"], resources: ["secrets"], verbs: ["*"] }]
---
kind: ConfigMap
metadata: { name: a }
data: { password: a }
---
kind: Service
metadata: { name: a }
spec: { type: NodePort, ports: [{ port: 0 }] }
`),
);
/** Rules that only what is missing altogether is against. */
const bare = linted(
  manifestsOf('kind: DaemonSet\nmetadata: { name: a }\nspec: { template: { spec: { containers: [{ name: a }] } } }'),
);

test.each(LINTER_RULES.map((rule) => [rule.names, rule.says, rule] as const))('%s: %s', (_, __, rule) => {
  expect(rule.passes(ours)).toBe(true);
  const isBroken = [sloppy, bare].some((one) => !rule.passes(one));
  expect(isBroken).toBe(true);
});

/** Of each tool, what it cannot be content with; the rest of its rules stands in LINTER_RULES. */
const BY_NATURE = {
  'kube-linter': ['host-network', 'run-as-non-root', 'dangling-service'],
  checkov: ['CKV_K8S_19', 'CKV_K8S_25', 'CKV_K8S_23', 'CKV_K8S_40', 'CKV_K8S_15'],
  'kube-score': [
    'container-security-context-user-group-id',
    'container-image-pull-policy',
    'pod-networkpolicy',
    'service-targets-pod',
  ],
  trivy: ['KSV-0009', 'KSV-0012', 'KSV-0020', 'KSV-0021', 'KSV-0022', 'KSV-0105', 'KSV-0106'],
  kubescape: ['C-0041', 'C-0046', 'C-0013'],
};

interface Exception {
  readonly name: string;
  readonly resources: readonly { readonly attributes: Readonly<Record<string, string>> }[];
  readonly posturePolicies: readonly { readonly controlID: string }[];
}

const annotations = ours.objects.flatMap(({ metadata }) => Object.entries(metadata.annotations ?? {}));
const silenced = annotations.filter(([key]) => /kube-linter|checkov|kube-score/.test(key));
const trivy = parse(readFileSync(join(REPOSITORY, '.trivyignore.yaml'), 'utf8'));
const kubescape: Exception[] = JSON.parse(readFileSync(join(REPOSITORY, 'kubescape-exceptions.json'), 'utf8'));

test('nothing is silenced but what the agent and a Service without pods are', () => {
  const told = {
    'kube-linter': silenced.flatMap(([key]) => /^ignore-check\.kube-linter\.io\/(.+)/.exec(key)?.[1] ?? []),
    checkov: silenced.flatMap(([key, text]) => (key.startsWith('checkov.io/skip') ? text.split('=')[0] : [])),
    'kube-score': silenced.flatMap(([key, text]) => (key === 'kube-score/ignore' ? text.split(',') : [])),
    trivy: trivy.misconfigurations.map(({ id }: { id: string }) => id),
    kubescape: kubescape.flatMap(({ posturePolicies }) => posturePolicies.map(({ controlID }) => controlID)),
  };
  expect(told).toEqual(BY_NATURE);
  expect(Object.keys(trivy)).toEqual(['misconfigurations']);
});

test('each comes with a reason, where the tool has a place for one', () => {
  for (const [key, text] of silenced)
    if (key !== 'kube-score/ignore') expect(text.replace(/^CKV_K8S_\d+=/, '')).toMatch(/^[^=]{20,}$/);
  for (const { statement } of trivy.misconfigurations) expect(statement).toMatch(/\w{3}/);
  for (const { name, posturePolicies } of kubescape)
    expect(name).toMatch(new RegExp(`^${posturePolicies[0]?.controlID}: `));
});

test('no reason stands on the pods, which a changed text would restart', () => {
  expect(ours.daemonSet.spec.template.metadata?.annotations).toBeUndefined();
});

test('what kubescape passes over has the labels of the agent', () => {
  for (const { resources } of kubescape) {
    const { kind, ...labels } = resources[0]?.attributes ?? {};
    expect(kind).toBe('DaemonSet');
    expect(ours.daemonSet.metadata.labels).toMatchObject(labels);
  }
});

test('no rule is both satisfied and silenced', () => {
  const satisfied = LINTER_RULES.flatMap(({ names }) => names.split(' ').map((name) => name.replace('score:', '')));
  expect(
    Object.values(BY_NATURE)
      .flat()
      .filter((name) => satisfied.includes(name)),
  ).toEqual([]);
});
