import type { Source } from '../../routers/read/model';
import type { Placed } from '../plan/manifest';

/** The line of an object that has a word: one with nothing else if there is one, or the first line of the object. */
export function sourceIn({ path, line, text }: Placed, word: string): Source {
  const lines = text.split('\n');
  const found = [isOnly(word), has(word), (one: string) => one !== ''].map((is) => lines.findIndex(is));
  return { file: path, line: line + (found.find((index) => index >= 0) ?? 0) };
}

/** `- 192.168.1.10` or `"192.168.1.0/24",`. */
const isOnly = (word: string) => (line: string) => line.replaceAll(/^[\s-]*["']?|["']?,?\s*$/g, '') === word;

/** Not as a part of a longer name, address or subnet. */
function has(word: string): (line: string) => boolean {
  const pattern = new RegExp(`(?<![\\w./:-])${word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w./-]|:\\S)`);
  return (line) => pattern.test(line);
}
