import util = require('node:util');

declare const stable: unique symbol;

/**
 * An immutable value that stays the same object (===) while its content is the same. Detecting a change is thus one
 * comparison, and values derived from it remain valid.
 */
export type Stable<T> = T & { readonly [stable]: true };

/** The inputs that a value is derived from. Functions are excluded, because what they read is unknown. */
export type Inputs = Readonly<Record<string, Stable<unknown> | string | number>>;

/** Marks a value that is created once and never changed, such as a parsed list. */
export const asStable = <T>(value: T): Stable<T> => value as Stable<T>;

/** Derives a value from inputs, and again only if one of them differs from the last time. */
export class Derived<I extends Inputs, T> {
  private inputs: I | undefined;
  private value: T | undefined;

  /** @param derive a function of only its inputs, because changes in anything else would go unnoticed. */
  constructor(private readonly derive: (inputs: I) => T) {}

  of(inputs: I): Stable<T> {
    if (Object.keys(inputs).some((name) => inputs[name] !== this.inputs?.[name])) {
      this.value = this.derive(inputs);
      this.inputs = inputs;
    }
    return this.value as Stable<T>;
  }
}

/** Stabilises a value that is read repeatedly: returns the previous value while the new one has the same content. */
export class Latest<T> {
  private value: T | undefined;

  of(now: T): Stable<T> {
    if (!util.isDeepStrictEqual(now, this.value)) this.value = now;
    return this.value as Stable<T>;
  }
}
