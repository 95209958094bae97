/** How often a list must be proven to be the cause before it is condemned: once may be chance. */
const MOST_PROOFS = 2;
/** How many rollbacks or agent exits during its trial block a list, whatever else was the cause. */
const MOST_TRIALS = 3;
/** A blocked list is retried after this time, which doubles each time the list is blocked again. */
const RETRY_MS = 15 * 60_000;
const LONGEST_RETRY_MS = 4 * 3600_000;

/** The failures of a list, kept until another list is confirmed. */
export interface TrialRecord {
  /** Which list. */
  readonly hash: string;
  /** Previous agents that exited while they tried it. */
  readonly ended: number;
  readonly takenBack: number;
  /** How often it was proven that it was the cause (decide/losses.ts). */
  readonly proofs: number;
  readonly blocked?: Block;
}

export interface Block {
  readonly reason: string;
  /** When it is retried, in milliseconds of the steady clock. */
  readonly due: number;
  readonly pauseMs: number;
}

export function newRecord(hash: string, ended = 0): TrialRecord {
  return { hash, ended, takenBack: 0, proofs: 0 };
}

/** The record after one more rollback. */
export function withRollback(record: TrialRecord, isProof: boolean): TrialRecord {
  return { ...record, takenBack: record.takenBack + 1, proofs: record.proofs + (isProof ? 1 : 0) };
}

/** Why the list must be blocked, or undefined. @param names names of the targets that were lost with it. */
export function reasonToBlock({ ended, takenBack, proofs }: TrialRecord, names: string): string | undefined {
  if (proofs >= MOST_PROOFS)
    return `${names} could not be reached with the list but could without it, ${takenBack} times`;
  if (takenBack >= MOST_TRIALS) return `${names} could not be reached with the list, ${takenBack} times`;
  return ended >= MOST_TRIALS ? `the agent ended ${ended} times before the list was confirmed` : undefined;
}

export function block(record: TrialRecord, reason: string, now: number): TrialRecord & { readonly blocked: Block } {
  const { blocked } = record;
  const pauseMs = blocked === undefined ? RETRY_MS : Math.min(2 * blocked.pauseMs, LONGEST_RETRY_MS);
  return { ...record, blocked: { reason, pauseMs, due: now + pauseMs } };
}
