import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureSite } from '../test/fixture-site';
import { NODE_MODULES, REPOSITORY } from '../test/repository';

jest.setTimeout(120_000);

/** The template files that a user edits, and their output. The program is the same on both sides and only linked. */
const TRACKED = ['README.md', 'main.ts', 'package.json', 'tsconfig.json', 'cdk8s.yaml', '.gitignore'];
const LINKED = ['lib', 'scripts', 'imports', 'test'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function bash(cwd: string, script: string): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd, encoding: 'utf8' });
  expect({ script, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ script, status: 0, output: '' });
  return stdout;
}

function pageBlock(page: string, tag: string): string {
  const text = readFileSync(join(REPOSITORY, 'docs', page), 'utf8');
  return new RegExp(`\`\`\`\\w+ ${tag}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] as string;
}

const edit = (path: string, change: (text: string) => string) =>
  writeFileSync(path, change(readFileSync(path, 'utf8')));

test("the commands in upgrade.md merge a new version of the template into a user's repository", () => {
  const upstream = join(folder, 'upstream.git');
  const template = join(folder, 'template');
  const user = join(folder, 'user');
  const identity = 'git config user.name a && git config user.email a@example.com && git config commit.gpgsign false';
  bash(
    folder,
    `git init --quiet --bare --initial-branch=main ${upstream} && git clone --quiet ${upstream} ${template} 2>&1`,
  );
  for (const name of TRACKED) cpSync(join(REPOSITORY, name), join(template, name));
  cpSync(join(REPOSITORY, 'test', 'fixtures', 'example-main.ts'), join(template, 'main.ts'));
  for (const root of ['dist', 'routers']) cpSync(join(fixtureSite(), root), join(template, root), { recursive: true });
  bash(template, `${identity} && git add . && git commit --quiet --message=one && git push --quiet origin HEAD:main`);

  // The user replaces the example with a site of their own, and embeds the diagram in a file of their own.
  bash(
    folder,
    `git clone --quiet ${upstream} ${user} && cd ${user} && git remote rename origin upstream && ${identity}`,
  );
  for (const name of LINKED) symlinkSync(join(REPOSITORY, name), join(user, name));
  symlinkSync(NODE_MODULES, join(user, 'node_modules'));
  bash(user, `printf '${[...LINKED, 'node_modules'].join('\\n')}\\n' >> .git/info/exclude`);
  writeFileSync(join(user, 'main.ts'), pageBlock('first-network.md', 'main\\.ts'));
  writeFileSync(join(user, 'network.md'), '<!-- diagram -->\n<!-- /diagram -->\n');
  bash(user, 'npm run -s synth && npm run -s diagram -- network.md && git add . && git commit --quiet --message=ours');

  // The next version changes every file that the user edited or deleted.
  edit(join(template, 'main.ts'), (text) => text.replace('/**\n', '/**\n * Of the next version.\n'));
  edit(join(template, 'README.md'), (text) => `${text}\nOf the next version.\n`);
  for (const path of ['dist/example/node-routes-agent.k8s.yaml', 'dist/example/orders-service.k8s.yaml'])
    edit(join(template, path), (text) => `${text}# next\n`);
  edit(join(template, 'routers/numbers.json'), (text) => text.replace(/\d+/, '99'));
  bash(template, 'git add . && git commit --quiet --message=two && git push --quiet origin HEAD:main');

  bash(user, pageBlock('upgrade.md', 'by scripts/upgrade\\.test\\.ts'));
  expect(bash(user, 'git status --porcelain')).toBe('');
  expect(bash(user, 'git log -1 --format=%P').trim().split(' ')).toHaveLength(2);
  expect(readFileSync(join(user, 'README.md'), 'utf8')).toContain('Of the next version.');
  expect(readFileSync(join(user, 'main.ts'), 'utf8')).toContain("new Site('production'");
  expect(existsSync(join(user, 'dist', 'example'))).toBe(false);
  expect(bash(user, 'npm run -s plan -- HEAD~1 --exit-code')).toContain('Nothing changes');
  bash(user, 'npm run -s diagram -- --check network.md');
});
