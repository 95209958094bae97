import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

test('docs/reference.md matches the doc comments', () => {
  const command = ['--require', require.resolve('tsx/cjs'), join(REPOSITORY, 'scripts', 'reference.ts'), '--check'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('every option has a type and a description, and is required or has a default', () => {
  const page = readFileSync(join(REPOSITORY, 'docs', 'reference.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(100);
  // A "|" inside a cell is escaped as "\|".
  const isWhole = (row: string) =>
    /^\| `\w+` \| `\S(?:[^|]|\\\|)*` \| \S(?:[^|]|\\\|)* \| \S(?:[^|]|\\\|)* \|$/.test(row);
  expect(rows.filter((row) => !isWhole(row))).toEqual([]);
});
