/**
 * The numbers of rules, policies and routes on a router. A router stores each entry under its number, so a number must
 * never be reused for another entry. All numbers are therefore committed as routers/numbers.json, and synthesis starts
 * from that file. Numbers that are no longer used stay reserved until they are released, because the router may still
 * have an entry under them.
 */

/** The numbered lists of a router, by their key in the file. Clamps are numbered separately for each tunnel. */
export const NUMBERED_LISTS = ['rules', 'policies', 'routes', 'clamps'] as const;
type NumberedList = (typeof NUMBERED_LISTS)[number];

/** Numbers by key, e.g. `192.168.2.0/27 192.168.1.0/24`. */
export type Numbered = Readonly<Record<string, number>>;
export type Numbers = Readonly<Record<NumberedList, Numbered>>;

/** The numbers of one end of a tunnel. */
interface EndNumbers extends Numbers {
  /** Public address of the router. Ends with the same address share its numbers. */
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
  /** The lowest number of each list that a new key may get. */
  readonly first: Readonly<Record<NumberedList, number>>;
}

const eachList = (make: (list: NumberedList) => Numbered): Numbers => ({
  rules: make('rules'),
  policies: make('policies'),
  routes: make('routes'),
  clamps: make('clamps'),
});

/**
 * The file with the numbers of this end added: known keys keep their numbers, and new ones get the first free number on
 * the router.
 */
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

/** The file after all numbers of an end became unused. */
export function retire(book: NumberBook, end: string): NumberBook {
  const known = book[end];
  if (known === undefined) return book;
  return { ...book, [end]: { ...known, ...NO_NUMBERS, retired: mergeNumbers(known.retired, known) } };
}

/** The file without the reserved numbers of an end, and without the end itself if nothing is left of it. */
export function release(book: NumberBook, end: string): NumberBook {
  const { [end]: known, ...others } = book;
  if (known === undefined || NUMBERED_LISTS.every((list) => Object.keys(known[list]).length === 0)) return others;
  return { ...book, [end]: { ...known, retired: NO_NUMBERS } };
}

/** A number that two keys share on one router, which merging two branches can cause. */
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

/** Every number of a list that is taken on a router, including reserved ones. */
function numbersOn(book: NumberBook, router: string, list: NumberedList, end: string): Set<number> {
  const sharing = Object.entries(book).filter(
    ([other, numbers]) => other === end || (list !== 'clamps' && numbers.router === router),
  );
  return new Set(sharing.flatMap(([, numbers]) => Object.values(mergeNumbers(numbers.retired, numbers)[list])));
}

function mergeNumbers(one: Numbers, other: Numbers): Numbers {
  return eachList((list) => ({ ...one[list], ...other[list] }));
}
