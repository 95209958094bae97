import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../test/repository';
import { updatePage } from './generated-page';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'page-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('--check names the command that writes all generated files, and writes nothing', () => {
  const page = { root, path: 'errors.md', text: 'new\n' };
  const stale = { output: 'errors.md is out of date; run npm run generate\n', code: 1 };
  expect(updatePage(page, true)).toEqual(stale);
  expect(existsSync(join(root, 'errors.md'))).toBe(false);
  expect(updatePage(page, false)).toEqual({ output: 'errors.md updated\n', code: 0 });
  expect(readFileSync(join(root, 'errors.md'), 'utf8')).toBe('new\n');
  expect(updatePage(page, true)).toEqual({ output: '', code: 0 });
  expect(updatePage(page, false)).toEqual({ output: 'errors.md is up to date\n', code: 0 });
  expect(updatePage({ ...page, text: 'newer\n' }, true)).toEqual(stale);
});

test('npm run generate runs every script that writes a page, and contributors are told to run it', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const pages = Object.keys(scripts).filter((name) => {
    const [, file] = / (scripts\/[\w-]+\.ts)$/.exec(scripts[name]) ?? [];
    return file !== undefined && readFileSync(join(REPOSITORY, file), 'utf8').includes('writePage(');
  });
  expect(pages.sort()).toEqual(['errors', 'reference']);
  const run = readFileSync(join(REPOSITORY, 'scripts', 'generate.ts'), 'utf8');
  for (const name of ['synth', ...pages]) expect(run).toContain(`['${name}']`);
  expect(readFileSync(join(REPOSITORY, 'CONTRIBUTING.md'), 'utf8')).toContain('npm run generate');
});
