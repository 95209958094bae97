/** Runs Prometheus' own tool in tests, so that Prometheus itself checks rules and targets. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ABSENT = spawnSync('promtool', ['--version']).error !== undefined;

/** As in the lab: if promtool is missing, this is reported and the tests are skipped, unless LAB=required is set. */
export const describePromtool = ABSENT && process.env.LAB !== 'required' ? describe.skip : describe;

if (ABSENT) console.warn('promtool is missing (Debian: prometheus), so its tests are skipped');

/** Runs promtool in a temporary folder with these files; objects are written as JSON, which is valid YAML. */
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

/** Series by name, with one value per minute; undefined: the series does not exist. */
export type Figures = Readonly<Record<string, string | undefined>>;

/** The alerts of a rule file that fire after this many minutes. */
export function firingOf(groups: object, minutes: number, figures: Figures): string[] {
  const names = [...JSON.stringify(groups).matchAll(/"alert":"(\w+)"/g)].map(([, name]) => name as string);
  const series = Object.entries(figures).flatMap(([name, values]) =>
    values === undefined ? [] : [{ series: name, values }],
  );
  // promtool only compares, so expect no alerts: its failure prints those that fire.
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
