import { refuse } from '../network';
import { NUMBERED_LISTS, type NumberBook, type Numbered, type Numbers } from './numbers';

/**
 * The file of numbers as text: JSON, with ends and keys in an order independent of when they were added, without empty
 * lists.
 */
export function writeNumberBook(book: NumberBook): string {
  const ends = Object.keys(book).sort();
  const written = ends.map((end) => {
    const { router, retired, ...inUse } = book[end] as NumberBook[string];
    const reserved = listsText(retired);
    return [end, { router, ...listsText(inUse), ...(Object.keys(reserved).length > 0 && { retired: reserved }) }];
  });
  return `${JSON.stringify(Object.fromEntries(written), null, 2)}\n`;
}

function listsText(numbers: Numbers): Partial<Numbers> {
  const lists = NUMBERED_LISTS.map((list): [string, Numbered] => [list, byNumber(numbers[list])]);
  return Object.fromEntries(lists.filter(([, list]) => Object.keys(list).length > 0));
}

const byNumber = (list: Numbered): Numbered =>
  Object.fromEntries(Object.entries(list).sort(([, one], [, other]) => one - other));

/** @throws InputError saying what in the text is not a valid file of numbers. */
export function readNumberBook(text: string): NumberBook {
  try {
    return parse(text);
  } catch (error) {
    if (/^<{7} /m.test(text))
      throw refuse(
        'routers/numbers.json',
        'contains conflict markers of a merge',
        "keep the main branch's version, and run npm run synth, which adds the numbers that it lacks",
      );
    throw refuse(
      'routers/numbers.json',
      `is not a valid file of numbers (${(error as Error).message})`,
      'restore the file from Git; without it, rules on the routers would get other numbers',
    );
  }
}

function parse(text: string): NumberBook {
  const ends = asObject(JSON.parse(text), 'the file');
  return Object.fromEntries(
    Object.entries(ends).map(([end, value]) => {
      const { router, retired, ...lists } = asObject(value, end);
      if (typeof router !== 'string') throw new Error(`${end} has no router`);
      return [end, { router, ...readLists(lists, end), retired: readLists(retired ?? {}, `${end} retired`) }];
    }),
  );
}

function readLists(value: unknown, place: string): Numbers {
  const lists = asObject(value, place);
  const unknown = Object.keys(lists).find((key) => !(NUMBERED_LISTS as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw new Error(`${place} has ${unknown}, which is not one of ${NUMBERED_LISTS.join(', ')}`);
  const read = NUMBERED_LISTS.map((list) => [list, readNumbered(lists[list] ?? {}, `${place} ${list}`)]);
  return Object.fromEntries(read) as Numbers;
}

function readNumbered(value: unknown, place: string): Numbered {
  for (const [key, number] of Object.entries(asObject(value, place)))
    if (!Number.isInteger(number) || (number as number) < 1)
      throw new Error(`${place} gives ${key} ${JSON.stringify(number)}, which is not a whole number above 0`);
  return value as Numbered;
}

function asObject(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${place} is not an object`);
}
