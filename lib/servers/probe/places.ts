/**
 * Limits how many connections are open at once. If CPU is short, slow answers are our own fault, and more connections
 * would make them slower until no handshake ends in time. So later probes wait, and no probe repeats a connection while
 * half of the places are taken.
 */
export class Places {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  /** Takes a place, or waits in a queue for one. */
  async enter(): Promise<void> {
    if (this.taken < this.most) this.taken++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Takes a place for a further connection of the same probe. @returns false if half of them are taken */
  enterAgain(): boolean {
    if (this.taken >= this.most / 2) return false;
    this.taken++;
    return true;
  }

  /** Returns a place, which goes to the probe that has waited longest. */
  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.taken--;
    else next();
  }
}
