export type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];
/** One sample without labels, or several with. */
type Value = number | boolean | readonly Sample[];
/** Without the prefix of this project. Names of counters end in _total (Prometheus: metric and label naming). */
export type Metric = readonly [name: string, help: string, value: Value];

/** The content type of {@link metricsPage}. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4';
/** The content type of {@link openMetrics}. */
export const OPEN_METRICS_TEXT = 'application/openmetrics-text; version=1.0.0';

/** Set by the bundler from package.json; a program that runs from its source has none. */
declare const PACKAGE_VERSION: string | undefined;

/** Which program this is: first on every page. */
const BUILD_INFO: Metric = [
  'build_info',
  'The version of this program and the Node that runs it.',
  [[{ version: typeof PACKAGE_VERSION === 'string' ? PACKAGE_VERSION : 'source', node: process.version }, 1]],
];

/** Metrics in Prometheus' text format, version 0.0.4. */
export function metricsPage(metrics: readonly Metric[]): string {
  return [BUILD_INFO, ...metrics].map(([name, help, value]) => metricText(`onprem_link_${name}`, help, value)).join('');
}

/**
 * The same page in OpenMetrics 1.0: a counter's family is named without _total, and the end is marked.
 *
 * @see https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function openMetrics(page: string): string {
  return `${page.replaceAll(/^(# (?:HELP|TYPE) \w+?)_total /gm, '$1 ')}# EOF\n`;
}

function metricText(name: string, help: string, value: Value): string {
  const samples: readonly Sample[] = typeof value === 'object' ? value : [[{}, Number(value)]];
  const lines = samples.map(([labels, value]) => {
    const inner = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(`${text}`)}"`);
    return `${name}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${[...new Set(lines)].join('')}`;
}

const escapeLabel = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
