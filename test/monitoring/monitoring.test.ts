import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ExternalService, Monitoring, NodeRoutes } from '../../lib/charts';
import { fixtureSite } from '../fixture-site';
import { findingsOf, manifestsOf, siteWithNetwork, yamlOf } from '../fixtures/charts';
import { REPOSITORY } from '../repository';
import { describePromtool, promtool } from './promtool';

type Labels = Readonly<Record<string, string>>;

interface Relabeling {
  readonly sourceLabels: readonly string[];
  readonly targetLabel: string;
}

interface PodMonitor {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly namespaceSelector: { readonly matchNames: readonly string[] };
    readonly selector: { readonly matchLabels: Labels };
    readonly podMetricsEndpoints: readonly [{ port: string; path: string; relabelings: readonly Relabeling[] }];
  };
}

interface DaemonSet {
  readonly kind: string;
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly containers: readonly { name: string; ports: readonly { name: string; containerPort: number }[] }[];
      };
    };
  };
}

function monitored(props: ConstructorParameters<typeof Monitoring>[2] = {}) {
  const { site } = siteWithNetwork();
  const monitoring = new Monitoring(site, 'monitoring', props);
  new NodeRoutes(site, 'node-routes'); // created after Monitoring, and covered too
  return { site, monitoring };
}

const PLAIN = monitored().monitoring;
const [podMonitor, prometheusRule] = manifestsOf(PLAIN) as unknown as [
  PodMonitor,
  { spec: { groups: { rules: Rule[] }[] } },
];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Labels;
}

const rules = prometheusRule.spec.groups.flatMap((group) => group.rules);

/** The rules of a site with probed servers. */
function rulesWithServerHealth(): Rule[] {
  const { site, network } = siteWithNetwork();
  const monitoring = new Monitoring(site, 'monitoring');
  const servers = network.servers('192.168.0.10');
  new ExternalService(site, 'orders', { namespace: 'shop', servers, ports: { http: 80 }, health: { tcp: true } });
  const [, rule] = manifestsOf(monitoring) as unknown as [unknown, { spec: { groups: { rules: Rule[] }[] } }];
  return rule.spec.groups.flatMap((group) => group.rules);
}

function daemonSetOfDist(): DaemonSet {
  const text = readFileSync(join(fixtureSite(), 'dist', 'example', 'node-routes.k8s.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as DaemonSet);
  return objects.find(({ kind }) => kind === 'DaemonSet') as DaemonSet;
}

/** The labels from Prometheus' pod discovery for a pod on worker-1 (discovery/kubernetes/pod.go). */
function discovered({ metadata, spec: { template } }: DaemonSet): Labels {
  const [container] = template.spec.containers;
  const port = container?.ports[0];
  return {
    __address__: `10.0.1.5:${port?.containerPort}`,
    __meta_kubernetes_namespace: metadata.namespace,
    __meta_kubernetes_pod_name: 'node-routes-x7k2p',
    __meta_kubernetes_pod_node_name: 'worker-1',
    __meta_kubernetes_pod_phase: 'Running',
    __meta_kubernetes_pod_container_name: `${container?.name}`,
    __meta_kubernetes_pod_container_port_name: `${port?.name}`,
    ...Object.fromEntries(
      Object.entries(template.metadata.labels).flatMap(([key, value]) => {
        const name = key.replace(/[^a-zA-Z0-9_]/g, '_');
        return [
          [`__meta_kubernetes_pod_label_${name}`, value],
          [`__meta_kubernetes_pod_labelpresent_${name}`, 'true'],
        ];
      }),
    ),
  };
}

/** The relabelling that the operator generates from a PodMonitor (generatePodMonitorConfig in its pkg/prometheus/promcfg.go). */
function relabelConfigs({ metadata, spec }: PodMonitor) {
  const [endpoint] = spec.podMetricsEndpoints;
  const keep = (label: string, regex: string) => ({ action: 'keep', source_labels: [label], regex });
  const set = (label: string, target_label: string) => ({ action: 'replace', source_labels: [label], target_label });
  return [
    { action: 'drop', source_labels: ['__meta_kubernetes_pod_phase'], regex: '(Failed|Succeeded)' },
    ...Object.entries(spec.selector.matchLabels).map(([key, value]) =>
      keep(`__meta_kubernetes_pod_label_${key.replace(/[^a-zA-Z0-9_]/g, '_')}`, `(${value})`),
    ),
    keep('__meta_kubernetes_namespace', spec.namespaceSelector.matchNames.join('|')),
    keep('__meta_kubernetes_pod_container_port_name', endpoint.port),
    set('__meta_kubernetes_namespace', 'namespace'),
    set('__meta_kubernetes_pod_container_name', 'container'),
    set('__meta_kubernetes_pod_name', 'pod'),
    { action: 'replace', target_label: 'job', replacement: `${metadata.namespace}/${metadata.name}` },
    ...endpoint.relabelings.map(({ sourceLabels, targetLabel }) => ({
      action: 'replace',
      source_labels: sourceLabels,
      target_label: targetLabel,
    })),
  ];
}

/** Prometheus' relabelling (model/relabel/relabel.go), as far as these configurations use it; undefined if dropped. */
function relabelled(labels: Labels, configs: ReturnType<typeof relabelConfigs>): Labels | undefined {
  const now: Record<string, string> = { ...labels };
  for (const { action, source_labels = [], regex = '(.*)', target_label, replacement = '$1' } of configs as Config[]) {
    const value = source_labels.map((name) => now[name] ?? '').join(';');
    const found = new RegExp(`^(?:${regex})$`).exec(value);
    if ((action === 'keep') === (found === null) && action !== 'replace') return undefined;
    if (action === 'replace' && target_label !== undefined)
      now[target_label] = replacement.replace('$1', found?.[1] ?? '');
  }
  return Object.fromEntries(Object.entries(now).filter(([name]) => !name.startsWith('__meta_')));
}

interface Config {
  readonly action: string;
  readonly source_labels?: readonly string[];
  readonly regex?: string;
  readonly target_label?: string;
  readonly replacement?: string;
}

const TARGET = {
  job: 'onprem-link/onprem-link',
  namespace: 'onprem-link',
  pod: 'node-routes-x7k2p',
  container: 'route-agent',
  node: 'worker-1',
  pool: 'node-routes',
};

test('a pod of dist/ is a target, and its metrics carry the node and the pool', () => {
  const pod = discovered(daemonSetOfDist());
  expect(relabelled(pod, relabelConfigs(podMonitor))).toEqual({ __address__: '10.0.1.5:9142', ...TARGET });
  expect(relabelled({ ...pod, __meta_kubernetes_pod_phase: 'Failed' }, relabelConfigs(podMonitor))).toBeUndefined();
  expect(relabelled({ ...pod, __meta_kubernetes_namespace: 'default' }, relabelConfigs(podMonitor))).toBeUndefined();
});

describePromtool('Prometheus itself', () => {
  test('accepts a pod of dist/ as a target', () => {
    const pod = discovered(daemonSetOfDist());
    const { __address__, ...labels } = pod;
    const scrape = {
      job_name: 'agents',
      file_sd_configs: [{ files: ['pods.json'] }],
      relabel_configs: relabelConfigs(podMonitor),
    };
    const files = { 'prometheus.yml': { scrape_configs: [scrape] }, 'pods.json': [{ targets: [__address__], labels }] };
    const { output, stdout } = promtool(
      ['check', 'service-discovery', '--timeout=2s', 'prometheus.yml', 'agents'],
      files,
    );
    expect(output).toContain('"discoveredLabels"');
    expect(JSON.parse(stdout)[0].labels).toEqual(
      expect.objectContaining({ __address__: '10.0.1.5:9142', __metrics_path__: '/metrics', ...TARGET }),
    );
  });
});

test('the manifest matches the snapshot', () => expect(yamlOf(PLAIN)).toMatchSnapshot());

test('every option takes effect', () => {
  const { monitoring, site } = monitored({
    name: 'agents',
    namespace: 'monitoring',
    labels: { release: 'prometheus' },
    annotations: { 'example.com/owner': 'network team' },
    interval: '30s',
    dropsPerSecond: 0.5,
    alertLabels: { team: 'network' },
    runbooks: 'https://git.example.com/network/docs/runbooks.md',
  });
  expect(findingsOf(site)).toEqual([]);
  const yaml = yamlOf(monitoring);
  for (const text of [
    'release: prometheus',
    'interval: 30s',
    'team: network',
    '[5m]) > 0.5',
    'job="monitoring/agents"',
  ])
    expect(yaml).toContain(text);
  expect(yaml).toContain('runbook_url: https://git.example.com/network/docs/runbooks.md#onpremlinkconflict');
});

test('invalid options are reported', () => {
  const { site } = monitored({ interval: 'often', dropsPerSecond: -1, runbooks: 'docs', nodeRoutes: [] } as never);
  expect(findingsOf(site).map((finding) => finding.split(';')[0])).toEqual([
    'site example › monitoring monitoring: "nodeRoutes" is an unknown option',
    'site example › monitoring monitoring › interval: "often" is not a duration',
    'site example › monitoring monitoring › dropsPerSecond: -1 is not a rate',
    'site example › monitoring monitoring › runbooks: "docs" is not the address of a page',
  ]);
});

test('every alert links to its section in docs/runbooks.md, and every section has an alert', () => {
  const sections = readFileSync(join(REPOSITORY, 'docs', 'runbooks.md'), 'utf8').matchAll(/^## (OnpremLink\w+)$/gm);
  const all = [...rules, ...rulesWithServerHealth()];
  expect([...new Set(all.map(({ alert }) => alert))].sort()).toEqual([...sections].map(([, name]) => name).sort());
  for (const { alert, annotations } of all) expect(annotations.runbook).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
});
