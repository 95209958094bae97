export type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];
/** One sample without labels, or several with. */
type Value = number | boolean | readonly Sample[];
/** Without the prefix of this project. Names of counters end in _total (Prometheus: metric and label naming). */
export type Metric = readonly [name: string, help: string, value: Value];

/** Metrics in Prometheus' text format, version 0.0.4. */
export function metricsPage(metrics: readonly Metric[]): string {
  return metrics.map(([name, help, value]) => metricText(`onprem_link_${name}`, help, value)).join('');
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
