import crypto = require('node:crypto');

import type { RouteList, RouteRules, Target } from '../network';
import type { Log } from '../program/log';
import { pause } from '../program/pause';
import { companionsIn } from './decide/companions';
import type { Ownership } from './decide/ownership';
import { NO_PREFIXES, type Prefix } from './decide/prefix';
import { presentList, presentText } from './decide/present-list';
import { allWait } from './decide/verdicts';
import { Failures } from './failures';
import type { Journal, JournalEntry } from './journal';
import type { Snapshot } from './kernel/types';
import { type Base, Notes } from './notes';
import type { Passes } from './passes';
import { Preparation } from './preparation';
import { namesOf } from './reachability';
import type { RolloutState } from './rollout-state';
import { CONFIRM_MS, Trial, type TrialParts } from './trial';

export interface RolloutParts extends TrialParts {
  /** What is ours now. */
  readonly ownership: () => Ownership;
  readonly rules: RouteRules;
  /** A changed list is tried after a random delay of up to this value, in milliseconds. */
  readonly spreadMs: number;
  /** Whether a pass with this list would change anything. */
  readonly wouldChange: (list: RouteList) => boolean;
  readonly journal: Journal;
  readonly log: Log;
  /** Each pass applies the list that is then in force. */
  readonly passes: Passes;
  /** Called when a list is confirmed. */
  readonly onConfirmed: () => void;
}

/** A list with its text and the text's hash. */
interface Candidate {
  readonly list: RouteList;
  readonly text: string;
  readonly hash: string;
}

/**
 * Decides which list is in force: tries a changed list, and rolls back to the previous one if the node can no longer
 * reach what it could before. The journal informs the next agent in the same pod.
 */
export class Rollout {
  /** The list that passes apply to the kernel. */
  inForce: RouteList | undefined;
  state: RolloutState = { state: 'settled' };
  rollbacks = 0;

  private readonly trial: Trial;
  private readonly notes: Notes;
  private readonly preparation = new Preparation();
  private readonly failures = new Failures();
  private candidate: Candidate | undefined;
  /** The last confirmed state. */
  private confirmed: RouteList | undefined;
  /** What a rollback restores; undefined before the first change, which saves the routes as they are. */
  private base: Base | undefined;
  /** Whether the kernel was changed and the change is not confirmed yet. */
  private isUnconfirmed = false;
  private current = new AbortController();
  private resumed: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: RolloutParts) {
    this.trial = new Trial(parts);
    this.notes = new Notes(parts.journal, parts.rules, parts.log);
  }

  /**
   * Continues where the previous agent stopped: what it had confirmed is in force, and what it had not confirmed is
   * rolled back first.
   */
  resume(): void {
    const left = this.notes.read();
    if (left === undefined) return;
    const { base, entry } = left;
    this.base = base;
    this.inForce = this.confirmed = base.list;
    if (entry === undefined) return;
    const { state, list: hash } = entry;
    const ended = entry.ended + (state === 'trial' ? 1 : 0);
    const tooOften = this.failures.resume(hash, ended);
    const reason = state === 'condemned' ? 'an earlier run of this agent rolled it back' : tooOften;
    if (reason !== undefined) this.block(hash, reason);
    if (state !== 'trial') return;
    this.rollbacks++;
    this.parts.log('warn', 'list.resumed', 'the last change was not confirmed before the agent ended; rolling it back');
    this.isUnconfirmed = true;
    this.resumed = this.parts.passes.run('rollback', new AbortController().signal).then(() => {
      this.isUnconfirmed = false;
    });
  }

  /** Takes a valid list, which replaces one that is not confirmed yet. */
  accept(list: RouteList, text: string): void {
    const hash = crypto.hash('sha256', text);
    if (hash === this.candidate?.hash) return;
    this.candidate = { list, text, hash };
    this.current.abort();
    this.current = new AbortController();
    const { signal } = this.current;
    this.roll(this.candidate, signal).catch((error: Error) => {
      if (!signal.aborted) throw error;
    });
  }

  /** The API server no longer has a list: a list that is not applied yet is not tried. */
  withdraw(): void {
    if (this.state.state !== 'suspended' && this.state.state !== 'pending' && this.state.state !== 'condemned') return;
    this.stop();
    this.candidate = undefined;
    this.state = { state: 'settled' };
  }

  /** Stops, and leaves everything as it is. */
  stop(): void {
    this.current.abort();
    this.preparation.stop();
  }

  /** The list to restore while a change is not confirmed. */
  get unconfirmedBase(): RouteList | undefined {
    return this.isUnconfirmed ? this.base?.list : undefined;
  }

  /** Prefixes whose companions are restored with a list: those from before the change that it undoes. */
  restoredWith(list: RouteList): readonly Prefix[] {
    return list === this.base?.list ? this.base.companions : NO_PREFIXES;
  }

  /** Whether the list in force was ever confirmed, now or before it was restored. */
  get isConfirmed(): boolean {
    return this.inForce === this.confirmed || this.inForce === this.base?.list;
  }

  beforeChanges(snapshot: Snapshot): void {
    if (this.state.state !== 'trial' || this.candidate === undefined) return;
    if (this.isUnconfirmed && this.notes.noted === this.candidate.hash) return;
    const companions = companionsIn(snapshot, this.parts.ownership());
    if (this.base === undefined) {
      const list = presentList(snapshot, this.parts.ownership());
      this.base = { list, found: presentText(list), companions };
    } else if (!this.isUnconfirmed) this.base = { ...this.base, companions };
    this.isUnconfirmed = true;
    this.note('trial', this.candidate.hash);
  }

  private async roll(candidate: Candidate, signal: AbortSignal): Promise<void> {
    await this.resumed;
    signal.throwIfAborted();
    if (this.isInForce(candidate)) return this.keep(candidate);
    this.failures.startWith(candidate.hash);
    if (this.failures.blockOf(candidate.hash) !== undefined) {
      // After the stop, nothing would supervise a list on trial.
      if (this.inForce !== this.confirmed) await this.goBack(signal);
      this.note('condemned', candidate.hash);
      await this.untilRetry(candidate, signal);
    }
    await this.prove(candidate, signal);
  }

  /** Whether it is the last confirmed list: in a restarted container, or after another list was rolled back. */
  private isInForce({ hash }: Candidate): boolean {
    return this.base !== undefined && this.base.found === undefined && this.notes.isLast(hash) && !this.isUnconfirmed;
  }

  /** What the node lacks of this list is repaired, which needs no confirmation. */
  private keep(candidate: Candidate): void {
    this.preparation.stop();
    this.inForce = candidate.list;
    this.confirm(candidate);
    this.parts.passes.request('list');
  }

  /** Applies a list until it is confirmed, which may never happen. */
  private async prove(candidate: Candidate, signal: AbortSignal): Promise<void> {
    for (;;) {
      const gone = await this.tryOut(candidate, signal);
      if (gone.length === 0) break;
      await this.takeBack(gone, signal);
      const isProof = await this.trial.lookUndone(gone, signal);
      const reason = this.failures.add(candidate.hash, isProof, namesOf(gone));
      if (reason !== undefined) {
        this.block(candidate.hash, reason);
        await this.untilRetry(candidate, signal);
      } else {
        await this.trial.untilBack(gone, signal);
        this.parts.log('info', 'list.retried', 'the lost targets answer again; retrying the list');
      }
    }
    this.confirm(candidate);
  }

  /** @returns the targets that were lost with it; none if it may stay. */
  private async tryOut(candidate: Candidate, signal: AbortSignal): Promise<Target[]> {
    const { trial } = this;
    // A list that replaces another on trial is compared with what was reachable before the first of the two.
    if (!this.isUnconfirmed) await this.prepare(candidate, signal);
    this.inForce = candidate.list;
    this.state = { state: 'trial' };
    let found = await this.parts.passes.run('list', signal);
    // A list whose routes are all waiting has proven nothing yet.
    while (!this.isUnconfirmed && allWait(found.verdicts))
      [found] = await Promise.all([this.parts.passes.next(signal), trial.lookAgain(signal)]);
    return this.isUnconfirmed ? trial.lookAfter(signal) : [];
  }

  /** Checks what is reachable before a change, and waits if a large fleet must not check all at once. */
  private async prepare({ list, hash }: Candidate, signal: AbortSignal): Promise<void> {
    const { wouldChange, isRolling } = this.parts;
    const isOnRecord = this.failures.areOf(hash);
    if ((!isRolling && !isOnRecord && this.notes.isKnown(hash)) || !wouldChange(list)) {
      this.preparation.stop();
      this.trial.forget();
      return;
    }
    const isSudden = isOnRecord || this.inForce === undefined;
    await this.preparation.join((own) => this.waitAndLook(isOnRecord, isSudden, own), signal);
  }

  private async waitAndLook(isOnRecord: boolean, isSudden: boolean, signal: AbortSignal): Promise<void> {
    const { spreadMs, random } = this.parts;
    const waitMs = isSudden ? 0 : random() * spreadMs;
    if (!isOnRecord) this.state = { state: 'pending', due: performance.now() + waitMs };
    if (waitMs > 0) await pause(waitMs, signal);
    await this.trial.lookBefore(signal, () => this.waitForAnswers());
  }

  private waitForAnswers(): void {
    if (this.state.state !== 'pending') return;
    const server = namesOf(this.parts.targets.slice(0, 1));
    const reason = `the API server ${server} does not answer, so the list cannot be confirmed`;
    if (this.state.reason === undefined) this.parts.log('warn', 'list.waiting', reason);
    this.state = { state: 'pending', reason };
  }

  private confirm({ list, text, hash }: Candidate): void {
    this.base = { list, companions: NO_PREFIXES };
    this.confirmed = this.inForce;
    this.failures.clear();
    this.isUnconfirmed = false;
    this.state = { state: 'settled' };
    this.notes.confirmed(text, hash);
    this.parts.onConfirmed();
  }

  private async takeBack(gone: readonly Target[], signal: AbortSignal): Promise<void> {
    const names = namesOf(gone);
    const reason = `${names} could not be reached within ${CONFIRM_MS / 1000} s after it was applied`;
    this.rollbacks++;
    this.state = { state: 'suspended', reason };
    this.parts.log('error', 'list.rolled-back', `rolling back the list: ${reason}`, { lost: names });
    await this.goBack(signal);
  }

  private async goBack(signal: AbortSignal): Promise<void> {
    const base = this.unconfirmedBase;
    this.inForce = base ?? this.confirmed;
    const found = this.inForce && (await this.parts.passes.run('rollback', signal));
    this.confirmed = this.inForce;
    // What the kernel rejected during the rollback is undone by later passes, or when the agent stops.
    this.isUnconfirmed = found !== undefined && found.failed.length > 0 && base !== undefined;
    const { noted } = this.notes;
    if (base !== undefined && !this.isUnconfirmed && noted !== undefined) this.note('suspended', noted);
  }

  private block(hash: string, reason: string): void {
    const { pauseMs } = this.failures.block(hash, reason, performance.now());
    const next = `this list is retried in ${pauseMs / 60_000} min`;
    this.parts.log('error', 'list.condemned', `${reason}; the previous list stays in force, ${next}`);
    this.note('condemned', hash);
  }

  private async untilRetry({ hash }: Candidate, signal: AbortSignal): Promise<void> {
    const blocked = this.failures.blockOf(hash);
    if (blocked === undefined) return;
    const { reason, due } = blocked;
    this.state = { state: 'condemned', reason, due };
    await pause(Math.max(0, due - performance.now()), signal);
  }

  private note(state: JournalEntry['state'], list: string): void {
    if (this.base === undefined) return;
    this.notes.note(state, list, this.failures.endedWith(list), this.base);
  }
}
