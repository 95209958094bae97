import { refuse } from './finding';

/** A key that occurs more than once in one entry of an array; JSON.parse would silently keep the last. */
export interface RepeatedKey {
  readonly entry: number;
  readonly key: string;
}

/** @throws InputError if the text is not JSON; the message is one line, whatever the text contains. */
export function parseJson(text: string): unknown {
  if (text.startsWith('\uFEFF'))
    throw refuse(text, 'starts with a byte order mark, which JSON does not allow', 'save it as UTF-8 without one');
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = (error as Error).message.replaceAll(/[\s\p{Cc}]+/gu, ' '); // it quotes the text verbatim
    throw refuse(text.trim(), `is not JSON (${why})`, remedyFor(text));
  }
}

function remedyFor(text: string): string {
  if (text.trim() === '') return 'write [] for no routes';
  if (/,\s*\]/.test(text)) return 'remove the comma before the closing bracket';
  if (/[[{,:]\s*'/.test(text)) return 'use double quotes';
  return 'write ["192.168.0.0/24", …]';
}

/** Strings, with the colon after those that are keys, and all brackets, braces and commas. */
const TOKENS = /"(?:[^"\\]+|\\.)*"(\s*:)?|[[\]{},]/g;

/** The repeated keys of a JSON array's entries. @param json what JSON.parse has accepted. */
export function repeatedKeys(json: string): RepeatedKey[] {
  const repeated: RepeatedKey[] = [];
  if (!json.includes('{')) return repeated;
  let depth = 0;
  let entry = 0;
  let keys = new Set<string>();
  for (const [token, colon] of json.matchAll(TOKENS)) {
    if ('[{'.includes(token)) depth++;
    else if (']}'.includes(token)) depth--;
    else if (depth === 1 && token === ',') {
      entry++;
      keys = new Set();
    } else if (depth === 2 && colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      if (keys.has(key)) repeated.push({ entry, key });
      keys.add(key);
    }
  }
  return repeated;
}
