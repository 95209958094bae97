/** A list is condemned when it was proven guilty so often: once may be chance. */
const MOST_PROOFS = 2;
/** A list that was taken back so often, or with which so many agents ended, is condemned whatever else was the cause. */
const MOST_TRIALS = 3;
/** A condemned list is tried again after this time, which doubles each time it is condemned again. */
const RETRIAL_MS = 15 * 60_000;
const LONGEST_RETRIAL_MS = 4 * 3600_000;

/** What speaks against a list, until another one is confirmed. */
export interface Suspect {
  /** Which list. */
  readonly hash: string;
  /** Agents that ended while they tried it, before this one. */
  readonly ended: number;
  readonly takenBack: number;
  /** How often it was proven that it was the cause (decide/guilt.ts). */
  readonly proofs: number;
  readonly condemned?: Condemnation;
}

export interface Condemnation {
  readonly reason: string;
  /** When it is tried again, in milliseconds of the steady clock. */
  readonly due: number;
  readonly pauseMs: number;
}

export function suspectOf(hash: string, ended = 0): Suspect {
  return { hash, ended, takenBack: 0, proofs: 0 };
}

/** After it was taken back once more. */
export function charged(suspect: Suspect, isProof: boolean): Suspect {
  return { ...suspect, takenBack: suspect.takenBack + 1, proofs: suspect.proofs + (isProof ? 1 : 0) };
}

/** Why the list is to be condemned, or undefined. @param names of what was lost with it. */
export function verdictOn({ ended, takenBack, proofs }: Suspect, names: string): string | undefined {
  if (proofs >= MOST_PROOFS)
    return `${names} could not be reached with it, and could be without it, ${takenBack} times`;
  if (takenBack >= MOST_TRIALS) return `${names} could not be reached with it, ${takenBack} times`;
  return ended >= MOST_TRIALS ? `the agent ended ${ended} times before it was confirmed` : undefined;
}

export function condemn(suspect: Suspect, reason: string, now: number): Suspect & { readonly condemned: Condemnation } {
  const { condemned } = suspect;
  const pauseMs = condemned === undefined ? RETRIAL_MS : Math.min(2 * condemned.pauseMs, LONGEST_RETRIAL_MS);
  return { ...suspect, condemned: { reason, pauseMs, due: now + pauseMs } };
}
