/** A value that is made anew only when something of what it is made of is another one than the last time (===). */
export class Memo<T> {
  private last: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;

  of(inputs: readonly unknown[], make: () => T): T {
    const { last } = this;
    if (last?.inputs.length === inputs.length && inputs.every((input, i) => input === last.inputs[i]))
      return last.value;
    const value = make();
    this.last = { inputs, value };
    return value;
  }
}
