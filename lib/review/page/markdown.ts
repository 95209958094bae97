import type { Block, Row } from './page';

const ALERTS = { danger: 'CAUTION', warning: 'WARNING', note: 'NOTE' } as const;
/** More rows than this are folded. GitHub limits a job summary to 1 MiB, so the folded rows are limited as well. */
const MOST_SHOWN = 25;
const MOST_FOLDED = 500;

/** A page for a pull request, in GitHub's Markdown. */
export function markdownOf(blocks: readonly Block[]): string {
  return `${blocks.map(blockText).join('\n\n')}\n`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `## ${inline(block.text)}`;
    case 'line':
      return inline(block.text);
    case 'table':
      return tableText(block.rows);
    case 'alert': {
      const title = `> [!${ALERTS[block.level]}]\n> **${inline(block.title)}**`;
      return [title, ...block.lines.slice(0, MOST_FOLDED).map((line) => `> - ${inline(line)}`)].join('\n');
    }
  }
}

function tableText(rows: readonly Row[]): string {
  const shown = rows.length <= MOST_SHOWN ? rows : rows.slice(0, MOST_SHOWN);
  const folded = rows.slice(shown.length, shown.length + MOST_FOLDED);
  const left = rows.length - shown.length - folded.length;
  if (folded.length === 0) return table(shown);
  const end = left === 0 ? '' : `\n\n… and ${left} more`;
  return `${table(shown)}\n\n<details><summary>${folded.length + left} more</summary>\n\n${table(folded)}${end}\n\n</details>`;
}

function table(rows: readonly Row[]): string {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const pad = (cells: readonly string[]) => [...cells, ...Array<string>(columns - cells.length).fill('')];
  return [
    line(['', ...pad([])]),
    line(['---', ...Array<string>(columns).fill('---')]),
    ...rows.map(({ sign, cells }) =>
      line([SIGNS[sign], ...pad(cells.map((cell) => inline(cell).replaceAll('|', '\\|')))]),
    ),
  ].join('\n');
}

const SIGNS = { '+': '+', '-': '−', '~': '~' } as const;

/** Escapes everything outside backticks; inside them, Markdown interprets nothing. */
function inline(text: string): string {
  const parts = text.split('`');
  const isMarked = (i: number) => i % 2 === 1 && i < parts.length - 1; // an unmatched backtick is literal
  return parts.map((part, i) => (isMarked(i) ? `\`${part}\`` : part.replace(/[\\*_<>[\]#@&~]/g, '\\$&'))).join('');
}
