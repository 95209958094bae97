import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STUB_AGENT } from './test/fixtures/charts';
import { EXAMPLE_MAIN } from './test/repository';

// So that a snapshot is what a person decided, and no snapshot changes with the agent.
jest.mock('./lib/charts/program/bundle', () => ({
  ...jest.requireActual('./lib/charts/program/bundle'),
  agentBundle: () => STUB_AGENT,
  bundleOf: () => STUB_AGENT,
}));

const MAIN = join(__dirname, 'main.ts');

/** Of a main.ts that a user has edited, the committed dist/ is the snapshot: `npm run check` compares it. */
const isExample = existsSync(MAIN) && readFileSync(MAIN).equals(readFileSync(EXAMPLE_MAIN));
if (!isExample) process.stderr.write('main.test.ts skipped: main.ts differs from test/fixtures/example-main.ts\n');

(isExample ? test : test.skip)('what main.ts puts into the cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'main-'));
  const outdir = join(folder, 'dist'); // the files for routers, beside it, have snapshots in lib/routers/
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
