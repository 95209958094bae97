import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { readOutput } from '../../scripts/output';
import { fixtureSite } from '../fixture-site';
import { NODE_VERSIONS, newestNodes } from '../nodes';
import { copyRepository, REPOSITORY } from '../repository';

jest.setTimeout(300_000);

/** Further files of the package. */
const PACKED = ['tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs', '.gitignore'];
const GIT = 'git -c user.name=a -c user.email=a@example.com -c commit.gpgsign=false';

const nodes = newestNodes();

(nodes === undefined ? describe.skip : describe)('the template', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'versions-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(NODE_VERSIONS)('synthesises the same bytes on Node %s, and plan, check and package succeed', (version) => {
    const copy = copyRepository(join(folder, version));
    for (const name of PACKED) cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
    const bin = dirname(nodes?.[version] as string);
    const run = (script: string) => {
      const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter), CDK8S_OUTDIR: undefined };
      const made = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: copy, encoding: 'utf8', env });
      expect({ script, status: made.status, output: made.status === 0 ? '' : made.stdout + made.stderr }).toEqual({
        script,
        status: 0,
        output: '',
      });
      return made.stdout;
    };
    expect(run('node --version')).toMatch(new RegExp(`^v${version}\\.`));
    run('npm run -s synth');
    expect(texts(copy)).toEqual(texts(fixtureSite()));
    run(`git init --quiet --initial-branch=main && git add . && ${GIT} commit --quiet --message=one`);
    expect(run('npm run -s plan -- --exit-code')).toMatch(/^Nothing changes/);
    expect(run('npm run -s check')).toContain('output: up to date');
    run('npm run -s package');
    expect(run('node build/package/scripts/cli.js --help')).toContain('onprem-link COMMAND');
  });
});

function texts(project: string): Record<string, string> {
  return Object.fromEntries([...readOutput(project)].map(([path, content]) => [path, `${content}`]));
}
