import util = require('node:util');

declare const stable: unique symbol;

/**
 * A value that never changes and stays the same object (===) while its content stays the same. So whether anything is new
 * is one comparison, and what was derived from the value before still holds.
 */
export type Stable<T> = T & { readonly [stable]: true };

/** What a value is derived from: without functions, since nobody sees what those read. */
export type Inputs = Readonly<Record<string, Stable<unknown> | string | number>>;

/** For what is made once and never changed, such as a list that was parsed. */
export const asStable = <T>(value: T): Stable<T> => value as Stable<T>;

/** Derives a value from inputs, and again only when one of them is another one than the last time. */
export class Derived<I extends Inputs, T> {
  private inputs: I | undefined;
  private value: T | undefined;

  /** @param derive a function of its inputs alone: of what it read elsewhere, changes would go unseen. */
  constructor(private readonly derive: (inputs: I) => T) {}

  of(inputs: I): Stable<T> {
    if (Object.keys(inputs).some((name) => inputs[name] !== this.inputs?.[name])) {
      this.value = this.derive(inputs);
      this.inputs = inputs;
    }
    return this.value as Stable<T>;
  }
}

/** Makes what is read again and again stable: the value before, while the new one has the same content. */
export class Latest<T> {
  private value: T | undefined;

  of(now: T): Stable<T> {
    if (!util.isDeepStrictEqual(now, this.value)) this.value = now;
    return this.value as Stable<T>;
  }
}
