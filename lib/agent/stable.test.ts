import { asStable, Derived, Latest } from './stable';

test('computes a value again if any of its inputs changes', () => {
  const derive = jest.fn(({ one, other }: { readonly one: string; readonly other: number }) => ({ text: one + other }));
  const derived = new Derived(derive);
  const first = derived.of({ one: 'a', other: 1 });
  expect(derived.of({ one: 'a', other: 1 })).toBe(first);
  expect(derived.of({ one: 'a', other: 2 })).toEqual({ text: 'a2' });
  expect(derived.of({ one: 'b', other: 2 })).toEqual({ text: 'b2' });
  expect(derived.of({ one: 'a', other: 1 })).not.toBe(first); // only the last inputs are remembered
  expect(derive).toHaveBeenCalledTimes(4);
});

test('compares inputs by identity', () => {
  const derived = new Derived(({ list }: { readonly list: ReturnType<typeof asStable<number[]>> }) => [...list]);
  const list = asStable([1]);
  const first = derived.of({ list });
  expect(derived.of({ list })).toBe(first);
  expect(derived.of({ list: asStable([1]) })).not.toBe(first);
});

test('returns the same object for input with the same content', () => {
  const latest = new Latest<readonly number[]>();
  const first = latest.of([1, 2]);
  expect(latest.of([1, 2])).toBe(first);
  const other = latest.of([1, 3]);
  expect(other).toEqual([1, 3]);
  expect(latest.of([1, 3])).toBe(other);
});
