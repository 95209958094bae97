import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../test/repository';

const FOLDER = join(REPOSITORY, 'docs', 'decisions');
const COLUMNS = 140;
const MOST_LINES = 40;

const pages = readdirSync(FOLDER).filter((name) => name !== 'README.md');
const read = (page: string) => readFileSync(join(FOLDER, page), 'utf8');

test.each(pages)('%s has a context, a decision and consequences, and fits on one page', (page) => {
  const text = read(page);
  expect(text.match(/^\*\*(Context|Decision|Consequences)\.\*\*/gm)).toEqual([
    '**Context.**',
    '**Decision.**',
    '**Consequences.**',
  ]);
  const lines = text
    .trimEnd()
    .split('\n')
    .map(({ length }) => Math.max(1, Math.ceil(length / COLUMNS)));
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(MOST_LINES);
});

test('the index lists each page by its title', () => {
  const titles = pages.map((page) => {
    const [, number, title] = /^# (\d+)\. (.+)$/m.exec(read(page)) ?? [];
    return `${number}. [${title}](${page})`;
  });
  expect(read('README.md').match(/^\d+\. \[.+\)$/gm)).toEqual(titles);
});
