import crypto = require('node:crypto');

import { parseRouteList, type RouteList, type RouteRules, type Target, targetText } from '../network';
import { Backoff } from './api/backoff';
import { companionsIn } from './decide/companions';
import type { Ownership } from './decide/ownership';
import { type Prefix, prefixKey, readPrefix } from './decide/prefix';
import { presentList, presentText, readPresentText } from './decide/present-list';
import type { Verdict } from './decide/verdict';
import type { Journal, JournalEntry } from './journal';
import type { Snapshot } from './kernel/types';
import type { Log } from './log';
import type { Trigger } from './pass-schedule';
import { pause } from './pause';
import { type Attempt, type Lost, unreached } from './reachability';
import type { Outcome } from './reconciler';

/** What was reachable before a change is reachable again within this time after it, or the change is taken back. */
export const CONFIRM_MS = 10_000;
/** What is back so soon after a list was taken back was gone because of the list. */
const RETURN_MS = 3_000;
/**
 * A list that was taken back so often, or with which so many agents ended, is not tried again, whatever else may have been
 * the cause each time.
 */
const MOST_TRIALS = 3;
const NO_PREFIXES: readonly Prefix[] = [];

/** How the last understood list stands. */
export type RolloutState =
  /** It is in force, or there is none yet. */
  | { readonly state: 'settled' }
  /** It was applied, and what was reachable before has to show that it still is. */
  | { readonly state: 'trial' }
  /** It was taken back; it is tried again when what was lost is back (suspended), or not any more (condemned). */
  | { readonly state: 'suspended' | 'condemned'; readonly reason: string };

export interface RolloutParts {
  /** What is ours now. */
  readonly ownership: () => Ownership;
  readonly rules: RouteRules;
  /**
   * Whether a list is tried only once something answers, since a list without a proof would let a rolling update go on.
   */
  readonly isRolling: boolean;
  /** What has to stay reachable. */
  readonly targets: readonly Target[];
  readonly attempt: Attempt;
  readonly journal: Journal;
  readonly log: Log;
  /** Asks for a pass with what is in force; `afterPass` follows. */
  readonly request: (trigger: Trigger) => void;
  /** Called when a list was confirmed. */
  readonly onConfirmed: () => void;
}

/** What a change is rolled back to. */
interface Base {
  readonly list: RouteList;
  readonly text: string;
  readonly isFound: boolean;
  readonly companions: readonly Prefix[];
}

/** A list with its text, and the text's hash. */
interface Candidate {
  readonly list: RouteList;
  readonly text: string;
  readonly hash: string;
}

/**
 * Decides which list is in force: tries a changed one, and goes back to the one before when the node loses what it could
 * reach. The journal tells an agent that was killed meanwhile.
 */
export class Rollout {
  /** What passes bring the kernel to. */
  inForce: RouteList | undefined;
  state: RolloutState = { state: 'settled' };
  rollbacks = 0;

  private candidate: Candidate | undefined;
  /** What was in force when all was well last. */
  private confirmed: RouteList | undefined;
  /** What to go back to after a change; undefined until there is one to be made: then the routes that are there. */
  private base: Base | undefined;
  /** The list that is not to be tried any more. */
  private condemned: { readonly hash: string; readonly reason: string } | undefined;
  /** The kernel was changed, and nothing has shown yet that it may stay so. */
  private isUnconfirmed = false;
  /** Agents that ended while they tried a list, up to this one. */
  private ended: { readonly hash: string; readonly times: number } | undefined;
  /** Hash of the list that the journal names. */
  private noted: string | undefined;
  /** What was reachable before the first change that is unconfirmed. */
  private owed: readonly Target[] = [];
  private current = new AbortController();
  private resumed: Promise<unknown> = Promise.resolve();
  private onPass: (outcome: Outcome) => void = () => undefined;

  constructor(private readonly parts: RolloutParts) {}

  /** Goes on where an agent that was killed stopped: what it had not confirmed is taken back first. */
  resume(): void {
    const entry = this.parts.journal.read();
    const base = entry && this.readBase(entry);
    if (entry === undefined || base === undefined) return;
    this.base = base;
    this.inForce = base.list;
    this.confirmed = this.inForce;
    const { state, list: hash } = entry;
    const times = entry.ended + (state === 'trial' ? 1 : 0);
    this.ended = { hash, times };
    if (state === 'condemned') this.condemned = { hash, reason: 'it was taken back by an earlier run of this agent' };
    else if (times >= MOST_TRIALS)
      this.condemned = { hash, reason: `the agent ended ${times} times before it was confirmed` };
    if (state !== 'trial') return;
    this.rollbacks++;
    this.parts.log('warn', 'list.resumed', 'the last change was not confirmed before the agent ended; taking it back');
    this.isUnconfirmed = true;
    this.resumed = this.passed('rollback', new AbortController().signal).then(() => {
      this.isUnconfirmed = false;
    });
  }

  /** Takes a list that was understood; it replaces one that is not confirmed yet. */
  accept(list: RouteList, text: string): void {
    const hash = crypto.hash('sha256', text);
    if (hash === this.candidate?.hash) return;
    this.candidate = { list, text, hash };
    this.stop();
    this.current = new AbortController();
    const { signal } = this.current;
    this.roll(this.candidate, signal).catch((error: Error) => {
      if (!signal.aborted) throw error;
    });
  }

  /** The API server shows no list any more: one that was taken back is not tried again. */
  withdraw(): void {
    if (this.state.state !== 'suspended') return;
    this.stop();
    this.candidate = undefined;
    this.state = { state: 'settled' };
  }

  /** Leaves everything as it is now. */
  stop(): void {
    this.current.abort();
  }

  /** The list to go back to while what was changed is not confirmed. */
  get unconfirmedBase(): RouteList | undefined {
    return this.isUnconfirmed ? this.base?.list : undefined;
  }

  /** Prefixes that get their companions back with a list: those from before the change that it is to undo. */
  restoredWith(list: RouteList): readonly Prefix[] {
    return list === this.base?.list ? this.base.companions : NO_PREFIXES;
  }

  /** Whether what is in force was confirmed once, now or before it was returned to. */
  get isConfirmed(): boolean {
    return this.inForce === this.confirmed || this.inForce === this.base?.list;
  }

  beforeChanges(snapshot: Snapshot): void {
    if (this.state.state !== 'trial' || this.candidate === undefined) return;
    if (this.isUnconfirmed && this.noted === this.candidate.hash) return;
    const companions = companionsIn(snapshot, this.parts.ownership());
    if (this.base === undefined) {
      const list = presentList(snapshot, this.parts.ownership());
      this.base = { list, text: presentText(list), isFound: true, companions };
    } else if (!this.isUnconfirmed) this.base = { ...this.base, companions };
    this.isUnconfirmed = true;
    this.note('trial', this.candidate.hash);
  }

  afterPass(outcome: Outcome): void {
    const { onPass } = this;
    this.onPass = () => undefined;
    onPass(outcome);
  }

  private async roll(candidate: Candidate, signal: AbortSignal): Promise<void> {
    await this.resumed;
    signal.throwIfAborted();
    const { condemned } = this;
    if (candidate.hash !== condemned?.hash) return this.prove(candidate, signal);
    // Nobody would watch over a list that is on trial now.
    if (this.inForce !== this.confirmed) await this.goBack(signal);
    this.condemn(candidate, condemned.reason);
  }

  /** Applies a list until it is confirmed or condemned. */
  private async prove(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const { log } = this.parts;
    for (let trial = 1; ; trial++) {
      await this.lookAround(signal);
      if (this.parts.isRolling) await this.untilAnybodyAnswers(signal);
      this.inForce = candidate.list;
      this.state = { state: 'trial' };
      await this.untilSomethingHappened(signal);
      if (this.isUnconfirmed && this.owed.length === 0)
        log(
          'warn',
          'list.unconfirmed',
          'nothing could be reached before the list was applied, so nothing can confirm it',
        );
      const lost = this.isUnconfirmed ? await this.unreached(this.owed, CONFIRM_MS, signal) : [];
      if (lost.length === 0) return this.confirm(candidate);
      await this.takeBack(lost, signal);
      if (await this.isToBlame(lost, trial, signal))
        return this.condemn(candidate, `${namesOf(lost)} could not be reached with it, and could be without it`);
    }
  }

  /** A list whose routes all have to wait has shown nothing yet. */
  private async untilSomethingHappened(signal: AbortSignal): Promise<void> {
    let found = await this.passed('list', signal);
    while (!this.isUnconfirmed && allWait(found)) {
      found = await this.nextPass(signal);
      if (!this.isUnconfirmed) await this.lookAround(signal);
    }
  }

  /** Finds out what can be reached, as long as nothing was changed: what cannot is not owed. */
  private async lookAround(signal: AbortSignal): Promise<void> {
    const lost = new Set((await this.unreached(this.parts.targets, 0, signal)).map(({ target }) => target));
    if (!this.isUnconfirmed) this.owed = this.parts.targets.filter((target) => !lost.has(target));
  }

  private async untilAnybodyAnswers(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (this.owed.length === 0) {
      await pause(backoff.next(), signal);
      await this.lookAround(signal);
    }
  }

  private confirm(candidate: Candidate): void {
    this.base = { ...candidate, isFound: false, companions: NO_PREFIXES };
    this.confirmed = this.inForce;
    this.condemned = undefined;
    this.ended = undefined;
    this.isUnconfirmed = false;
    this.owed = [];
    this.state = { state: 'settled' };
    this.clearJournal();
    this.parts.onConfirmed();
  }

  private async takeBack(lost: readonly Lost[], signal: AbortSignal): Promise<void> {
    const { log } = this.parts;
    const names = namesOf(lost);
    const reason = `${names} could not be reached for ${CONFIRM_MS / 1000} s after it was applied`;
    this.rollbacks++;
    this.state = { state: 'suspended', reason };
    log('error', 'list.rolled-back', `the list is taken back: ${reason}`, { lost: names });
    await this.goBack(signal);
  }

  private async goBack(signal: AbortSignal): Promise<void> {
    const base = this.unconfirmedBase;
    this.inForce = base ?? this.confirmed;
    const found = this.inForce && (await this.passed('rollback', signal));
    this.confirmed = this.inForce;
    // What the kernel refused to undo is undone by later passes, or when the agent ends.
    this.isUnconfirmed = found !== undefined && found.failed.length > 0 && base !== undefined;
    if (base !== undefined && !this.isUnconfirmed && this.noted !== undefined) this.note('suspended', this.noted);
    this.owed = [];
  }

  /**
   * Whether the list was the cause of a loss: if so all is back at once. A server that restarts comes back whenever it
   * likes; it has to be lost several times.
   */
  private async isToBlame(lost: readonly Lost[], trial: number, signal: AbortSignal): Promise<boolean> {
    const targets = lost.map(({ target }) => target);
    const isBackAtOnce = (await this.unreached(targets, RETURN_MS, signal)).length === 0;
    if (isBackAtOnce && lost.some(({ answer }) => answer === 'none')) return true;
    const backoff = new Backoff();
    while ((await this.unreached(targets, 0, signal)).length > 0) await pause(backoff.next(), signal);
    if (trial < MOST_TRIALS) this.parts.log('info', 'list.retried', 'what was lost is back; the list is tried again');
    return trial >= MOST_TRIALS;
  }

  private condemn({ hash }: Candidate, reason: string): void {
    this.condemned = { hash, reason };
    this.state = { state: 'condemned', reason };
    this.parts.log(
      'error',
      'list.condemned',
      `the list is not applied any more: ${reason}; the one before stays in force`,
    );
    this.note('condemned', hash);
  }

  /** Resolves when a pass was made with what is in force now. */
  private passed(trigger: Trigger, signal: AbortSignal): Promise<Outcome> {
    const made = this.nextPass(signal);
    this.parts.request(trigger);
    return made;
  }

  private nextPass(signal: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.onPass = (outcome) => {
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
    });
  }

  private unreached(targets: readonly Target[], milliseconds: number, signal: AbortSignal): Promise<Lost[]> {
    return unreached(targets, milliseconds, signal, this.parts.attempt);
  }

  private readBase({ base: text, isFound, companions }: JournalEntry): Base | undefined {
    try {
      const list = isFound ? readPresentText(text) : parseRouteList(text, this.parts.rules);
      return { list, text, isFound, companions: companions.map(readPrefix) };
    } catch (error) {
      this.parts.log('warn', 'journal.failed', `the journal cannot be used: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Without the journal everything goes on, but for an agent that is killed in the middle of a trial. */
  private note(state: JournalEntry['state'], list: string): void {
    if (this.base === undefined) return;
    const { text, isFound, companions } = this.base;
    const ended = this.ended?.hash === list ? this.ended.times : 0;
    this.noted = list;
    this.tryJournal(() =>
      this.parts.journal.write({ state, list, base: text, isFound, companions: companions.map(prefixKey), ended }),
    );
  }

  private clearJournal(): void {
    this.tryJournal(() => this.parts.journal.clear());
  }

  private tryJournal(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.parts.log('warn', 'journal.failed', `the journal cannot be written: ${(error as Error).message}`);
    }
  }
}

function allWait({ verdicts }: Outcome): boolean {
  const isWaiting = ({ state }: Verdict) => state === 'waiting';
  return (
    verdicts.some(isWaiting) && verdicts.every((verdict) => isWaiting(verdict) || verdict.state === 'not-applicable')
  );
}

function namesOf(lost: readonly Lost[]): string {
  return lost.map(({ target }) => targetText(target)).join(' and ');
}
