import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STUB_AGENT } from './lib/charts/fixtures';

// So that a snapshot is what a person decided, and no snapshot changes with the agent.
jest.mock('./lib/charts/agent-bundle', () => ({ agentBundle: () => STUB_AGENT }));

test('what main.ts puts into the cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'main-'));
  const outdir = join(folder, 'dist'); // what is for routers is written beside it, and compared in scripts/synth.test.ts
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
