import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedProject, REPOSITORY, TYPESCRIPT } from '../lib/repository';

jest.setTimeout(90_000);

function diagram(cwd: string, ...args: string[]) {
  return spawnSync(process.execPath, [...TYPESCRIPT, 'scripts/diagram.ts', ...args], {
    cwd,
    encoding: 'utf8',
  });
}

test('what README and docs embed is the fixture site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diagram-'));
  try {
    const copy = linkedProject(join(folder, 'copy'));
    for (const name of ['README.md', 'docs']) cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
    const run = diagram(copy, '--check');
    expect([run.status, run.stdout, run.stderr]).toEqual([0, '', '']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that is out of date is told, then written, and dist/ stays as it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diagram-'));
  try {
    const copy = linkedProject(join(folder, 'copy'));
    const readme = join(copy, 'README.md');
    writeFileSync(readme, '<!-- diagram -->\n<!-- /diagram -->\n');
    const check = diagram(copy, '--check');
    expect([check.status, check.stdout]).toEqual([1, 'README.md is out of date; npm run diagram\n']);
    expect(diagram(copy).stdout).toBe('README.md updated\n');
    expect(readFileSync(readme, 'utf8')).toMatch(
      /^<!-- diagram -->\n\n```mermaid\nflowchart LR\n[^`]*\n```\n\n<!-- \/diagram -->\n$/,
    );
    expect(diagram(copy, '--check').status).toBe(0);
    expect(diagram(copy, '--print').stdout).toMatch(/^flowchart LR\n/);
    expect(spawnSync('ls', [copy], { encoding: 'utf8' }).stdout).not.toContain('dist');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
