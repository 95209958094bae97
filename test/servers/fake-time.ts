/** A clock that moves only when told to, with sleeps and a network that delays and loses packets. */
export class FakeTime {
  private time = 0;
  private readonly due: { readonly at: number; readonly wake: () => void }[] = [];

  now = (): number => this.time;
  date = (): Date => new Date(this.time);

  sleep(milliseconds: number): Promise<void> {
    return new Promise((wake) => void this.due.push({ at: this.time + Math.max(0, milliseconds), wake }));
  }

  /** Advances to a time, one wake-up at a time. @param look called after each */
  async runUntil(end: number, look: () => void = () => undefined): Promise<void> {
    for (;;) {
      await settle();
      look();
      const next = this.due.reduce<(typeof this.due)[number] | undefined>(
        (first, one) => (first === undefined || one.at < first.at ? one : first),
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.due.splice(this.due.indexOf(next), 1);
      this.time = next.at;
      next.wake();
    }
    this.time = end;
  }
}

/** Waits until no promise can make further progress. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
