import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STUB_AGENT } from './test/fixtures/charts';
import { EXAMPLE_MAIN } from './test/repository';

// A stub replaces the agent, so that snapshots do not change with it.
jest.mock('./lib/charts/program/bundle', () => ({
  ...jest.requireActual('./lib/charts/program/bundle'),
  bundleOf: () => STUB_AGENT,
}));

const MAIN = join(__dirname, 'main.ts');

/** If a user has edited main.ts, `npm run check` compares its output with the committed dist/ instead. */
const isExample = existsSync(MAIN) && readFileSync(MAIN).equals(readFileSync(EXAMPLE_MAIN));
if (!isExample) process.stderr.write('main.test.ts skipped: main.ts differs from test/fixtures/example-main.ts\n');

(isExample ? test : test.skip)('the manifests of main.ts match the snapshots', () => {
  const folder = mkdtempSync(join(tmpdir(), 'main-'));
  const outdir = join(folder, 'dist'); // lib/routers/ has snapshots of the router files
  process.env.CDK8S_OUTDIR = outdir;
  try {
    require('./main');
    for (const path of readdirSync(outdir, { recursive: true, encoding: 'utf8' }).sort()) {
      if (path.endsWith('.yaml')) expect(readFileSync(join(outdir, path), 'utf8')).toMatchSnapshot(path);
    }
    expect.hasAssertions();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
