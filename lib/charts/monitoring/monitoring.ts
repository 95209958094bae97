import { Chart, Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { PodMonitor } from '../../../imports/podmonitor-monitoring.coreos.com';
import {
  PrometheusRule,
  PrometheusRuleSpecGroupsRulesExpr,
} from '../../../imports/prometheusrule-monitoring.coreos.com';
import { refuse } from '../../network';
import { dnsLabel, readAnnotations, readLabels } from '../input/names';
import { placeIn, readNested, readOptions, type Schema } from '../input/schema';
import {
  COMPONENT,
  commonLabels,
  MONITORING_COMPONENT,
  mergeAnnotations,
  NO_SUBSTITUTION,
  PROJECT,
  SKIP_WHERE_UNKNOWN,
} from '../metadata';
import { nodeRoutesOf } from '../node-routes/node-routes';
import { ServerHealth } from '../server-health/server-health';
import type { Site } from '../site/site';
import { requireSite } from '../site/user-errors';
import { dashboard } from './dashboard';
import { type Alert, alerts } from './rules';
import { serverHealthAlerts } from './server-health-rules';

export interface MonitoringProps {
  /** Name of the PodMonitor and of the PrometheusRule. @default 'onprem-link' */
  readonly name?: string;
  /** Namespace of both. @default 'onprem-link' */
  readonly namespace?: string;
  /** Labels of both, for a Prometheus that selects them by label, e.g. `{ release: 'prometheus' }`. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of both. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Scrape interval of the agents, e.g. '30s'. @default that of Prometheus */
  readonly interval?: string;
  /** Packets per second that rp_filter must drop on one node before an alert fires. @default 1 */
  readonly dropsPerSecond?: number;
  /** Labels of all alerts, for Alertmanager. @default none */
  readonly alertLabels?: Readonly<Record<string, string>>;
  /**
   * Emit a Grafana dashboard as a ConfigMap that the sidecar of Grafana's Helm chart finds by label: `true`, or your
   * own labels instead of `{ grafana_dashboard: '1' }`. @default false
   */
  readonly dashboard?: boolean | { readonly labels: Readonly<Record<string, string>> };
  /** URL of your copy of docs/runbooks.md. Each alert gets a `runbook_url` that points to its section. @default none */
  readonly runbooks?: string;
}

interface Settings extends Required<Omit<MonitoringProps, 'interval' | 'runbooks' | 'dashboard'>> {
  /** Labels of the dashboard's ConfigMap; undefined if there is no dashboard. */
  readonly dashboard: Readonly<Record<string, string>> | undefined;
  readonly interval: string | undefined;
  readonly runbooks: string | undefined;
}

const MONITORING_SCHEMA: Schema<Settings> = {
  name: { fallback: PROJECT, read: dnsLabel('a PodMonitor') },
  namespace: { fallback: PROJECT, read: dnsLabel('a namespace') },
  labels: { fallback: {}, read: readLabels },
  annotations: { fallback: {}, read: readAnnotations },
  interval: { fallback: undefined, read: readDuration },
  dropsPerSecond: { fallback: 1, read: readRate },
  alertLabels: { fallback: {}, read: readLabels },
  dashboard: { fallback: undefined, read: readDashboard },
  runbooks: { fallback: undefined, read: readAddress },
};

/**
 * Monitors the agents of a site with Prometheus: emits a PodMonitor and a PrometheusRule. The cluster must have the
 * Prometheus operator.
 */
export class Monitoring extends Chart {
  constructor(site: Site, id: string, props: MonitoringProps = {}) {
    requireSite(site, 'Monitoring');
    const place = placeIn(site.place, `monitoring ${id}`);
    const settings = readOptions(site.findings, place, props, MONITORING_SCHEMA);
    const { name, namespace, labels, annotations } = settings;
    super(site, site.claim(id, place), { namespace, labels: commonLabels(name, MONITORING_COMPONENT, labels) });
    const metadata = { name, annotations: mergeAnnotations(SKIP_WHERE_UNKNOWN, annotations) };
    new PodMonitor(this, 'pod-monitor', { metadata, spec: podMonitorSpec(site, settings) });
    new PrometheusRule(this, 'rules', {
      metadata,
      spec: { groups: [{ name: PROJECT, rules: rulesOf(site, settings) }] },
    });
    if (settings.dashboard !== undefined) this.addDashboard(site, settings, settings.dashboard);
  }

  private addDashboard(site: Site, { name, annotations }: Settings, labels: Readonly<Record<string, string>>): void {
    const text = () =>
      JSON.stringify(
        dashboard(`${PROJECT} ${site.name}`, {
          probes: site.networks.some(({ probes }) => probes.length > 0),
          servers: ServerHealth.namespaceIn(site) !== undefined,
        }),
      );
    new k8s.KubeConfigMap(this, 'dashboard', {
      metadata: {
        name: `${name}-dashboard`,
        labels: { ...labels },
        annotations: mergeAnnotations(NO_SUBSTITUTION, annotations),
      },
      data: { [`${PROJECT}-${site.name}.json`]: Lazy.any({ produce: text }) as unknown as string },
    });
  }
}

/** Scrapes all agents of the site. The labels `node` and `pool` identify the agent. */
function podMonitorSpec(site: Site, { interval }: Settings) {
  return {
    namespaceSelector: {
      matchNames: Lazy.any({
        produce: () => {
          const ofServerHealth = ServerHealth.namespaceIn(site) ?? [];
          return [
            ...new Set(
              nodeRoutesOf(site)
                .map(({ settings }) => settings.namespace)
                .concat(ofServerHealth),
            ),
          ].sort();
        },
      }),
    },
    selector: Lazy.any({ produce: () => selectorOf(site) }),
    podMetricsEndpoints: [
      {
        port: 'http',
        path: '/metrics',
        ...(interval !== undefined && { interval }),
        relabelings: [
          { sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' },
          { sourceLabels: ['__meta_kubernetes_pod_label_app_kubernetes_io_name'], targetLabel: 'pool' },
        ],
      },
    ],
  };
}

/** The rules for the agents and, if the site has it, for the server health program. */
function selectorOf(site: Site): object {
  const ours = { 'app.kubernetes.io/part-of': PROJECT };
  if (ServerHealth.namespaceIn(site) === undefined) return { matchLabels: { [COMPONENT]: 'route-agent', ...ours } };
  const values = ['route-agent', 'server-health'];
  return { matchLabels: ours, matchExpressions: [{ key: COMPONENT, operator: 'In', values }] };
}

/** Known once the site is complete, because there is one rule for each of its pools. */
function rulesOf(site: Site, settings: Settings) {
  const { name, namespace, dropsPerSecond } = settings;
  const produce = () => {
    const pools = nodeRoutesOf(site).map(({ settings: pool }) => ({ namespace: pool.namespace, name: pool.name }));
    const job = `${namespace}/${name}`;
    const all = [
      ...alerts(job, dropsPerSecond, pools),
      ...(ServerHealth.namespaceIn(site) === undefined ? [] : serverHealthAlerts(job)),
    ];
    return all.map((alert) => rule(alert, settings));
  };
  return Lazy.any({ produce });
}

function rule({ name, expr, holds, severity, summary, labels }: Alert, { alertLabels, runbooks }: Settings) {
  const section = `#${name.toLowerCase()}`;
  return {
    alert: name,
    expr: PrometheusRuleSpecGroupsRulesExpr.fromString(expr),
    for: holds,
    labels: { ...alertLabels, ...labels, severity },
    annotations: {
      summary,
      runbook: `docs/runbooks.md${section}`,
      ...(runbooks !== undefined && { runbook_url: `${runbooks}${section}` }),
    },
  };
}

/** For the sidecar of Grafana's Helm chart. */
const DASHBOARD_LABELS = { grafana_dashboard: '1' };

const LABELS_SCHEMA: Schema<{ readonly labels: Readonly<Record<string, string>> }> = {
  labels: { fallback: DASHBOARD_LABELS, required: true, read: readLabels },
};

function readDashboard(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value === 'boolean') return value ? DASHBOARD_LABELS : undefined;
  return readNested(LABELS_SCHEMA)(value).labels;
}

/** Durations in Prometheus notation. */
function readDuration(value: unknown): string {
  if (typeof value === 'string' && /^[1-9]\d*(?:ms|s|m|h)$/.test(value)) return value;
  throw refuse(value, 'is not a duration', 'write e.g. "30s" or "1m"');
}

function readRate(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw refuse(value, 'is not a rate', 'write a number of packets per second, 0 or more');
}

function readAddress(value: unknown): string {
  if (typeof value === 'string' && /^https?:\/\/[^\s#]+$/.test(value)) return value;
  throw refuse(value, 'is not the address of a page', 'write e.g. "https://git.example.com/network/docs/runbooks.md"');
}
