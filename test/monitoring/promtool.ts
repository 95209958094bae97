/** Prometheus' own tool, for tests: what it says about rules and targets is what Prometheus does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ABSENT = spawnSync('promtool', ['--version']).error !== undefined;

/** As the lab's: what is missing is told and skipped, unless LAB=required. */
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
