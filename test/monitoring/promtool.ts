/** Prometheus' own tool, for tests: what it says about rules and targets is what Prometheus does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ABSENT = spawnSync('promtool', ['--version']).error !== undefined;

/** As in the lab: if something is missing, it is reported and the tests are skipped, unless LAB=required. */
export const describePromtool = ABSENT && process.env.LAB !== 'required' ? describe.skip : describe;

if (ABSENT) console.warn('promtool is not there (Debian: prometheus), so Prometheus itself judges nothing here');

/** Runs promtool in a folder of its own, with these files in it; objects are written as JSON, which is YAML. */
export function promtool(args: readonly string[], files: Readonly<Record<string, unknown>>) {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
    const { status, stdout, stderr, error } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    if (error !== undefined) throw error;
    return { status, output: `${stdout}${stderr}`, stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Series by name, with their values one a minute; undefined for one that is not there. */
export type Figures = Readonly<Record<string, string | undefined>>;

/** The alerts of a rule file that fire after so many minutes. */
export function firingOf(groups: object, minutes: number, figures: Figures): string[] {
  const names = [...JSON.stringify(groups).matchAll(/"alert":"(\w+)"/g)].map(([, name]) => name as string);
  const series = Object.entries(figures).flatMap(([name, values]) =>
    values === undefined ? [] : [{ series: name, values }],
  );
  // promtool compares; expecting that nothing fires makes it print what does.
  const test = {
    rule_files: ['rules.yml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: series,
        alert_rule_test: [...new Set(names)].map((alertname) => ({
          eval_time: `${minutes}m`,
          alertname,
          exp_alerts: [],
        })),
      },
    ],
  };
  const { output } = promtool(['test', 'rules', 'test.yml'], { 'rules.yml': groups, 'test.yml': test });
  expect(output).toMatch(/SUCCESS|alertname:/);
  return [...output.matchAll(/alertname: ?(\w+).*?(?=alertname:|$)/gs)]
    .filter(([text]) => /got:\[\s*\d+:/.test(text))
    .map(([, name]) => name as string);
}
