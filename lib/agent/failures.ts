import { type Block, block, newRecord, reasonToBlock, type TrialRecord, withRollback } from './decide/trial-record';

/** The failures of the list that failed last, until another list is confirmed. Lists are named by their hashes. */
export class Failures {
  private record: TrialRecord | undefined;

  /** Continues with the previous agent's record. @returns why the list must be blocked, if so. */
  resume(hash: string, ended: number): string | undefined {
    this.record = newRecord(hash, ended);
    return reasonToBlock(this.record, '');
  }

  areOf(hash: string): boolean {
    return this.record?.hash === hash;
  }

  /** Forgets the failures of other lists, except of a blocked one, which may come back. */
  startWith(hash: string): void {
    if (!this.areOf(hash)) this.record = this.record?.blocked && this.record;
  }

  /** Adds a rollback. @returns why the list must be blocked, if so. @param names the targets that were lost. */
  add(hash: string, isProof: boolean, names: string): string | undefined {
    this.record = withRollback(this.recordOf(hash), isProof);
    return reasonToBlock(this.record, names);
  }

  block(hash: string, reason: string, now: number): Block {
    const blocked = block(this.recordOf(hash), reason, now);
    this.record = blocked;
    return blocked.blocked;
  }

  blockOf(hash: string): Block | undefined {
    return this.recordOf(hash).blocked;
  }

  /** How many agents ended while they tried the list. */
  endedWith(hash: string): number {
    return this.recordOf(hash).ended;
  }

  clear(): void {
    this.record = undefined;
  }

  private recordOf(hash: string): TrialRecord {
    return this.record?.hash === hash ? this.record : newRecord(hash);
  }
}
