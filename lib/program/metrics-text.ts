type Labels = Readonly<Record<string, string | number>>;
/** `suffix` and `more` labels are used for the parts of a histogram. */
export type Sample = readonly [labels: Labels, value: number, suffix?: string, more?: Labels];
/** One sample without labels, or several with labels. */
type Value = number | boolean | readonly Sample[];
/** The name without this project's prefix. Names of counters end in _total (Prometheus: metric and label naming). */
export type Metric = readonly [name: string, help: string, value: Value, type?: 'histogram'];

/** The content type of {@link metricsPage}. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4';
/** The content type of {@link openMetrics}. */
export const OPEN_METRICS_TEXT = 'application/openmetrics-text; version=1.0.0';

/** Set by the bundler from package.json; undefined if the program runs from source. */
declare const PACKAGE_VERSION: string | undefined;

/** Identifies the program: always the first metric of a page. */
const BUILD_INFO: Metric = [
  'build_info',
  'The version of this program and the Node that runs it.',
  [[{ version: typeof PACKAGE_VERSION === 'string' ? PACKAGE_VERSION : 'source', node: process.version }, 1]],
];

/** Metrics in Prometheus' text format, version 0.0.4. */
export function metricsPage(metrics: readonly Metric[]): string {
  return [BUILD_INFO, ...metrics].map((metric) => metricText(...metric)).join('');
}

/**
 * Converts the page to OpenMetrics 1.0: a counter's family has no _total in its name, and the page ends with a marker.
 *
 * @see https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function openMetrics(page: string): string {
  return `${page.replaceAll(/^(# (?:HELP|TYPE) \w+?)_total /gm, '$1 ')}# EOF\n`;
}

function metricText(...[bare, help, value, type]: Metric): string {
  const name = `onprem_link_${bare}`;
  const samples: readonly Sample[] = typeof value === 'object' ? value : [[{}, Number(value)]];
  const lines = samples.map(([labels, value, suffix = '', more = {}]) => {
    const inner = Object.entries({ ...labels, ...more }).map(([key, text]) => `${key}="${escapeLabel(`${text}`)}"`);
    return `${name}${suffix}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type ?? (name.endsWith('_total') ? 'counter' : 'gauge')}\n${[...new Set(lines)].join('')}`;
}

const escapeLabel = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
