import fc from 'fast-check';
import { readNumberBook, writeNumberBook } from './number-book';
import { allot, clashes, NUMBERED_LISTS, type NumberBook, type NumberedEnd, release, retire } from './numbers';

/** An edit of the sites: an end needs these keys now, or is removed. */
interface Edit {
  readonly end: string;
  readonly router: string;
  readonly keys: readonly string[] | 'gone';
  readonly first: number;
}

const edits: fc.Arbitrary<Edit> = fc.record({
  end: fc.constantFrom('east/cluster-to-a', 'east/a-to-cluster', 'west/cluster-to-a', 'west/a-to-cluster'),
  router: fc.constantFrom('192.0.2.1', '192.0.2.2'),
  keys: fc.oneof(
    { weight: 4, arbitrary: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')) },
    { weight: 1, arbitrary: fc.constant('gone' as const) },
  ),
  first: fc.integer({ min: 1, max: 20 }),
});

function wanted({ router, keys, first }: Edit & { keys: readonly string[] }): NumberedEnd {
  const each = <T>(value: T) => ({ rules: value, policies: value, routes: value, clamps: value });
  return { router, keys: each(keys), first: each(first) };
}

const play = (book: NumberBook, edit: Edit): NumberBook =>
  edit.keys === 'gone' ? retire(book, edit.end) : allot(book, edit.end, wanted({ ...edit, keys: edit.keys }));

/** All numbers in the book, in use or reserved: `east/cluster-to-a rules b` → 12. */
function all(book: NumberBook): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [end, { retired, ...inUse }] of Object.entries(book))
    for (const list of NUMBERED_LISTS)
      for (const [key, number] of [...Object.entries(inUse[list]), ...Object.entries(retired[list])])
        numbers.set(`${end} ${list} ${key}`, number);
  return numbers;
}

test('a number stays with its key, whatever is edited', () => {
  fc.assert(
    fc.property(fc.array(edits, { maxLength: 30 }), (sequence) => {
      let book: NumberBook = {};
      for (const edit of sequence) {
        const before = all(book);
        book = play(book, edit);
        const after = all(book);
        for (const [key, number] of before) expect([key, after.get(key)]).toEqual([key, number]);
      }
    }),
  );
});

test('never allots a number twice on a router that keeps its address', () => {
  fc.assert(
    fc.property(fc.array(edits, { maxLength: 30 }), (sequence) => {
      const address = (end: string) => (end.includes('/cluster') ? '192.0.2.1' : '192.0.2.2');
      const book = sequence.map((edit) => ({ ...edit, router: address(edit.end) })).reduce(play, {});
      expect(clashes(book)).toEqual([]);
    }),
  );
});

test('gives new keys the first free numbers of the router, starting at the given first rule', () => {
  const router = '192.0.2.1';
  const one = allot({}, 'east/a', wanted({ end: '', router, keys: ['x', 'y'], first: 10 }));
  const both = allot(one, 'west/a', wanted({ end: '', router, keys: ['x'], first: 10 }));
  expect([both['east/a']?.rules, both['west/a']?.rules]).toEqual([{ x: 10, y: 11 }, { x: 12 }]);
  const elsewhere = allot(both, 'west/b', wanted({ end: '', router: '192.0.2.9', keys: ['x'], first: 5 }));
  expect(elsewhere['west/b']?.rules).toEqual({ x: 5 });
});

test('a reserved number returns with its key, and another key gets it only after a release', () => {
  const end = { end: '', router: '192.0.2.1', first: 10 };
  const before = allot({}, 'east/a', wanted({ ...end, keys: ['x', 'y'] }));
  const without = allot(before, 'east/a', wanted({ ...end, keys: ['y', 'z'] }));
  expect([without['east/a']?.rules, without['east/a']?.retired.rules]).toEqual([{ y: 11, z: 12 }, { x: 10 }]);
  expect(allot(without, 'east/a', wanted({ ...end, keys: ['x'] }))['east/a']?.rules).toEqual({ x: 10 });
  expect(
    allot(release(without, 'east/a'), 'east/a', wanted({ ...end, keys: ['y', 'z', 'n'] }))['east/a']?.rules,
  ).toEqual({ y: 11, z: 12, n: 10 });
  expect(release(retire(without, 'east/a'), 'east/a')).toEqual({});
  expect([retire({}, 'none'), release({}, 'none')]).toEqual([{}, {}]);
});

test('finds a number that two merged branches both allotted', () => {
  const numbers = (key: string): NumberBook => allot({}, key, wanted({ end: '', router: 'r', keys: [key], first: 1 }));
  expect(clashes({ ...numbers('a'), ...numbers('b') })).toEqual(
    (['rules', 'policies', 'routes'] as const).map((list) => ({
      router: 'r',
      list,
      number: 1,
      owners: ['a: a', 'b: b'],
    })),
  );
});

describe('the file', () => {
  test('contains the whole book, in an order that does not depend on the edits', () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 10 }), (sequence) => {
        const book = sequence.reduce(play, {} as NumberBook);
        expect(readNumberBook(writeNumberBook(book))).toEqual(book);
      }),
    );
  });

  test.each([
    ['[]', 'the file is not an object'],
    ['{"a":{"router":"r","rule":{}}}', 'a has rule, which is not one of rules, policies, routes, clamps'],
    ['{"a":{"router":"r","rules":{"x":"10"}}}', 'a rules gives x "10", which is not a whole number above 0'],
    ['{"a":{"router":"r","retired":{"rules":[]}}}', 'a retired rules is not an object'],
  ])('%s is rejected', (text, message) => expect(() => readNumberBook(text)).toThrow(message));
});
