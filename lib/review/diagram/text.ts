import { counted } from '../page/page';

/** The first ones, and how many more there are. */
export function folded(texts: readonly string[], most: number, noun: string): string[] {
  if (texts.length <= most) return [...texts];
  return [...texts.slice(0, most - 1), `${counted(texts.length - most + 1, `more ${noun}`)}`];
}

/** Text within quotes. */
export function label(text: string): string {
  return text.replace(/[^\w ./:,()+-]/g, '_');
}
