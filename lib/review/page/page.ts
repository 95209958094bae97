/** What a page consists of. In all texts `backticks` mark names and values. */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | {
      readonly kind: 'alert';
      readonly level: 'danger' | 'warning' | 'note';
      readonly title: string;
      readonly lines: readonly string[];
    }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'table'; readonly rows: readonly Row[] };

/** A row of a table, and whether it tells of something new, gone or different. */
export interface Row {
  readonly sign: '+' | '-' | '~';
  readonly cells: readonly string[];
}

/** A name or value within a text. Its content can neither end the markup nor move a terminal's cursor. */
export function code(value: string): string {
  return `\`${printable(value).replaceAll('`', "'")}\``;
}

/** Text of others, for people: without control characters, and without what Markdown and terminals would act on. */
export function printable(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** `1 route`, `2 routes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
