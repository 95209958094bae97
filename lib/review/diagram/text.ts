import { counted } from '../page/page';

/** The first entries, then the number of the others. */
export function folded(texts: readonly string[], most: number, noun: string): string[] {
  if (texts.length <= most) return [...texts];
  return [...texts.slice(0, most - 1), `${counted(texts.length - most + 1, `more ${noun}`)}`];
}

/** Text that can stand inside quotes. */
export function label(text: string): string {
  return text.replace(/[^\w ./:,()+-]/g, '_');
}
