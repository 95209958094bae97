/**
 * Bounds how many connections are open at once. Where the processor is short, silence is our own: more connections would
 * make it longer, until no handshake ends in time. So who comes later waits, and nobody repeats on half-full places.
 */
export class Places {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  /** Takes a place, or waits for one in turn. */
  async enter(): Promise<void> {
    if (this.taken < this.most) this.taken++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Takes a place for a further connection of the same probe. @returns false where half of them are taken */
  enterAgain(): boolean {
    if (this.taken >= this.most / 2) return false;
    this.taken++;
    return true;
  }

  /** Gives a place back, to who waits longest. */
  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.taken--;
    else next();
  }
}
