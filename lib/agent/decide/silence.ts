/** How long nobody may have held a lock before what it guards is taken over. */
export const SILENCE_MS = 60_000;
/** Looks further apart than this, as after the agent was stopped, do not add up: nobody saw what was between them. */
const LONGEST_GAP_MS = 10_000;

/** For how long a lock has been seen free without interruption. Until the first look nothing is known. */
export class Silence {
  private free: { readonly since: number; readonly until: number } | undefined;

  /** Notes what a look found at `now`, in milliseconds. @returns whether it has been free for 60 s. */
  note(isHeld: boolean, now: number): boolean {
    const { free } = this;
    const since = free !== undefined && now - free.until <= LONGEST_GAP_MS ? free.since : now;
    this.free = isHeld ? undefined : { since, until: now };
    return !isHeld && now - since >= SILENCE_MS;
  }
}
