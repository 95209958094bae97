import type { AlertLevel, Block, Row } from './page';

const CODES = { bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

type Colour = keyof typeof CODES;
type Paint = (colour: Colour, text: string) => string;

const COLOURS: Readonly<Record<Row['sign'], Colour>> = { '+': 'green', '-': 'red', '~': 'yellow' };
const ALERTS: Readonly<Record<AlertLevel, { readonly colour: Colour; readonly mark: string }>> = {
  danger: { colour: 'red', mark: '!!' },
  warning: { colour: 'yellow', mark: ' !' },
  note: { colour: 'cyan', mark: ' i' },
};
const MOST_ROWS = 40;

/** A page for a terminal, in colour or plain. */
export function terminalTextOf(blocks: readonly Block[], isColoured: boolean): string {
  const paint: Paint = (colour, text) => (isColoured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
  const texts = blocks.map((block) => blockText(block, paint));
  return texts
    .map((text, i) => (i > 0 && blocks[i]?.kind !== 'table' ? `\n${text}` : text))
    .join('\n')
    .concat('\n');
}

function blockText(block: Block, paint: Paint): string {
  switch (block.kind) {
    case 'heading':
      return paint('bold', plain(block.text));
    case 'line':
      return plain(block.text);
    case 'table':
      return tableText(block.rows, paint);
    case 'alert': {
      const { colour, mark } = ALERTS[block.level];
      return [
        paint(colour, `${mark} ${plain(block.title)}`),
        ...block.lines.map((line) => paint(colour, `   ${plain(line)}`)),
      ].join('\n');
    }
  }
}

function tableText(rows: readonly Row[], paint: Paint): string {
  const widths: number[] = [];
  for (const { cells } of rows)
    cells.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, plain(cell).length);
    });
  const lines = rows.slice(0, MOST_ROWS).map(({ sign, cells }) => {
    const text = cells.map((cell, i) => plain(cell).padEnd(widths[i] as number)).join('  ');
    return paint(COLOURS[sign], `  ${sign} ${text}`.trimEnd());
  });
  return [
    ...lines,
    ...(rows.length > MOST_ROWS ? [`    … and ${rows.length - MOST_ROWS} more (--markdown and --json show all)`] : []),
  ].join('\n');
}

function plain(text: string): string {
  return text.replaceAll('`', '');
}
