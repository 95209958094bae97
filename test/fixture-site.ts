import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY, TYPESCRIPT } from './repository';

/** Environment variable with the folder of the site. The first process that needs the site sets it; its children reuse it. */
const VARIABLE = 'FIXTURE_SITE';

/**
 * A folder with the dist/ and routers/ of test/fixtures/example-main.ts, synthesised from the current sources. Tests, lab and
 * bench use it, because the repository's own main.ts, dist/ and routers/ belong to the user.
 */
export function fixtureSite(): string {
  const known = process.env[VARIABLE];
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'fixture-site-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { status, stderr } = spawnSync(process.execPath, [...TYPESCRIPT, 'test/fixtures/example-main.ts'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    env: { ...process.env, CDK8S_OUTDIR: join(folder, 'dist') },
  });
  if (status !== 0) throw new Error(`test/fixtures/example-main.ts could not be synthesised: ${stderr}`);
  process.env[VARIABLE] = folder;
  return folder;
}
