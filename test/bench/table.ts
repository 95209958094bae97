/** A section of the page: heading, description of the measurement, and rows of results. */
export interface Table {
  readonly title: string;
  readonly text: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The smallest value that at least `share` of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** p50, p99 and the number of rounds, as cells. */
export function spread(values: readonly number[]): string[] {
  return [ms(percentile(values, 0.5)), ms(percentile(values, 0.99)), `${values.length}`];
}

export function markdown({ title, text, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const under = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`## ${title}`, '', text, '', line(head), line(under), ...rows.map(line), ''].join('\n');
}
