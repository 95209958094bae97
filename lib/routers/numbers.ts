/**
 * The numbers under which rules, policies and routes stand on a router. A router keeps what it has under a number, so a
 * number must never move to something else: the book of all numbers is committed as routers/numbers.json, and synthesis
 * starts from it. Numbers that are no longer used stay reserved until they are released, because the router may still
 * hold something under them.
 */

/** The lists of a router that are numbered, by the words of the book. Clamps are numbered for each tunnel by itself. */
export const NUMBERED_LISTS = ['rules', 'policies', 'routes', 'clamps'] as const;
type NumberedList = (typeof NUMBERED_LISTS)[number];

/** Numbers by key, e.g. `192.168.2.0/27 192.168.1.0/24`. */
export type Numbered = Readonly<Record<string, number>>;
export type Numbers = Readonly<Record<NumberedList, Numbered>>;

/** The numbers of one end of a tunnel. */
interface EndNumbers extends Numbers {
  /** Public address of the router. Ends with the same one share its numbers. */
  readonly router: string;
  /** No longer used, still reserved. */
  readonly retired: Numbers;
}

/** By end: `example/cluster-to-datacentre`, the end's folder below routers/. */
export type NumberBook = Readonly<Record<string, EndNumbers>>;

const NO_NUMBERS: Numbers = { rules: {}, policies: {}, routes: {}, clamps: {} };

/** What an end needs numbers for. */
export interface NumberedEnd {
  readonly router: string;
  readonly keys: Readonly<Record<NumberedList, readonly string[]>>;
  /** The first number of each list that a new key may get. */
  readonly first: Readonly<Record<NumberedList, number>>;
}

const eachList = (make: (list: NumberedList) => Numbered): Numbers => ({
  rules: make('rules'),
  policies: make('policies'),
  routes: make('routes'),
  clamps: make('clamps'),
});

/** The book with the numbers of this end: known keys keep theirs, new ones take the first that is free on the router. */
export function allot(book: NumberBook, end: string, { router, keys, first }: NumberedEnd): NumberBook {
  const known = book[end];
  const inUse = eachList((list) => {
    const taken = numbersOn(book, router, list, end);
    const before = { ...known?.retired[list], ...known?.[list] };
    let next = first[list];
    const numberOf = (key: string) => {
      if (before[key] !== undefined) return before[key];
      while (taken.has(next)) next++;
      taken.add(next);
      return next;
    };
    return Object.fromEntries(keys[list].map((key) => [key, numberOf(key)]));
  });
  const retired = eachList((list) => {
    const before = { ...known?.retired[list], ...known?.[list] };
    return Object.fromEntries(Object.entries(before).filter(([key]) => !(key in inUse[list])));
  });
  return { ...book, [end]: { router, ...inUse, retired } };
}

/** The book after all numbers of an end went out of use. */
export function retire(book: NumberBook, end: string): NumberBook {
  const known = book[end];
  if (known === undefined) return book;
  return { ...book, [end]: { ...known, ...NO_NUMBERS, retired: mergeNumbers(known.retired, known) } };
}

/** The book without the reserved numbers of an end, and without the end if nothing is left of it. */
export function release(book: NumberBook, end: string): NumberBook {
  const { [end]: known, ...others } = book;
  if (known === undefined || NUMBERED_LISTS.every((list) => Object.keys(known[list]).length === 0)) return others;
  return { ...book, [end]: { ...known, retired: NO_NUMBERS } };
}

/** A number that two things share on one router, as a merge of two branches can bring about. */
export interface NumberClash {
  readonly router: string;
  readonly list: NumberedList;
  readonly number: number;
  /** `example/cluster-to-datacentre: 192.168.2.0/27 192.168.1.0/24`. */
  readonly owners: readonly string[];
}

export function clashes(book: NumberBook): NumberClash[] {
  const owners = new Map<string, { router: string; list: NumberedList; number: number; owners: string[] }>();
  for (const [end, numbers] of Object.entries(book)) {
    for (const list of NUMBERED_LISTS) {
      for (const [key, number] of Object.entries(mergeNumbers(numbers.retired, numbers)[list])) {
        const space = `${list === 'clamps' ? end : numbers.router} ${list} ${number}`;
        const found = owners.get(space) ?? { router: numbers.router, list, number, owners: [] };
        found.owners.push(`${end}: ${key}`);
        owners.set(space, found);
      }
    }
  }
  return [...owners.values()].filter((one) => one.owners.length > 1);
}

/** Every number of a list that is taken on a router, those that are only reserved included. */
function numbersOn(book: NumberBook, router: string, list: NumberedList, end: string): Set<number> {
  const sharing = Object.entries(book).filter(
    ([other, numbers]) => other === end || (list !== 'clamps' && numbers.router === router),
  );
  return new Set(sharing.flatMap(([, numbers]) => Object.values(mergeNumbers(numbers.retired, numbers)[list])));
}

function mergeNumbers(one: Numbers, other: Numbers): Numbers {
  return eachList((list) => ({ ...one[list], ...other[list] }));
}
