import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedProject, REPOSITORY } from '../test/repository';

jest.setTimeout(90_000);

function diagram(cwd: string, ...args: string[]) {
  return spawnSync(process.execPath, ['--require', 'tsx/cjs', 'scripts/diagram.ts', ...args], {
    cwd,
    encoding: 'utf8',
  });
}

test('the docs embed the diagram of the fixture site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diagram-'));
  try {
    const copy = linkedProject(join(folder, 'copy'));
    cpSync(join(REPOSITORY, 'docs'), join(copy, 'docs'), { recursive: true });
    const run = diagram(copy, '--check', 'docs/review.md');
    expect([run.status, run.stdout, run.stderr]).toEqual([0, '', '']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a project', () => {
  let folder: string;
  let copy: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'diagram-'));
    copy = linkedProject(join(folder, 'copy'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('--check reports a file that is out of date, and the command updates it; other files and dist/ stay unchanged', () => {
    const marks = '<!-- diagram -->\n<!-- /diagram -->\n';
    const files = ['network.md', 'other.md'].map((name) => join(copy, name)) as [string, string];
    for (const file of files) writeFileSync(file, marks);
    const check = diagram(copy, '--check', 'network.md');
    expect([check.status, check.stdout]).toEqual([1, 'network.md is out of date; npm run diagram -- network.md\n']);
    expect(diagram(copy, 'network.md').stdout).toBe('network.md updated\n');
    expect(readFileSync(files[0], 'utf8')).toMatch(
      /^<!-- diagram -->\n\n```mermaid\nflowchart LR\n[^`]*\n```\n\n<!-- \/diagram -->\n$/,
    );
    expect(diagram(copy, '--check', 'network.md').status).toBe(0);
    expect(readFileSync(files[1], 'utf8')).toBe(marks);
    expect(existsSync(join(copy, 'dist'))).toBe(false);
  });

  test('without a file, the command prints the diagrams and writes nothing', () => {
    writeFileSync(join(copy, 'README.md'), '<!-- diagram -->\n<!-- /diagram -->\n');
    expect(diagram(copy).stdout).toMatch(/^flowchart LR\n/);
    expect(readFileSync(join(copy, 'README.md'), 'utf8')).toBe('<!-- diagram -->\n<!-- /diagram -->\n');
  });

  test.each([
    [['none.md'], /^none\.md cannot be read: /],
    [['package.json'], /^package\.json has no line <!-- diagram -->; add one where the diagram belongs/],
    [['--check'], /^--check needs the files to check, e\.g\. README\.md\n$/],
  ])('%j is reported with exit code 2', (args, message) => {
    const run = diagram(copy, ...args);
    expect([run.status, run.stdout, run.stderr]).toEqual([2, '', expect.stringMatching(message)]);
  });
});
