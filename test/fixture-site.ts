import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY, TYPESCRIPT } from './repository';

/** Set by the first process that needs the site; its children find it here. */
const VARIABLE = 'FIXTURE_SITE';

/**
 * A folder with the dist/ and routers/ of test/fixtures/example-main.ts, synthesised from the sources as they are. Tests,
 * lab and bench read these, because the main.ts, dist/ and routers/ of the repository are the user's.
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
  if (status !== 0) throw new Error(`test/fixtures/example-main.ts was not synthesised: ${stderr}`);
  process.env[VARIABLE] = folder;
  return folder;
}
