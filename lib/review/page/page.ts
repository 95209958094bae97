/** The parts of a page. In all texts, `backticks` mark names and values. */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | {
      readonly kind: 'alert';
      readonly level: AlertLevel;
      readonly title: string;
      readonly lines: readonly string[];
    }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'table'; readonly rows: readonly Row[] };

export type AlertLevel = 'danger' | 'warning' | 'note';

/** A table row, and whether it shows something added, removed or changed. */
export interface Row {
  readonly sign: '+' | '-' | '~';
  readonly cells: readonly string[];
}

/** A name or value inside a text. Its content can neither end the markup nor move a terminal's cursor. */
export function code(value: string): string {
  return `\`${printable(value).replaceAll('`', "'")}\``;
}

/**
 * Text from outside, made safe to show: no control characters, and nothing that Markdown or a terminal would interpret.
 */
export function printable(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** `1 route`, `2 routes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first three texts, then the number of the others. */
export function shortList(texts: readonly string[]): string {
  return texts.length <= 3 ? texts.join(', ') : `${texts.slice(0, 3).join(', ')} and ${texts.length - 3} more`;
}
