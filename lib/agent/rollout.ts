import crypto = require('node:crypto');

import { parseRouteList, type RouteList, type RouteRules, type Target } from '../network';
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
import { namesOf } from './reachability';
import type { Outcome } from './reconciler';
import { CONFIRM_MS, Trial, type TrialParts } from './trial';

/** A list is condemned when it was proven guilty so often: once may be chance. */
const MOST_PROOFS = 2;
/** A list that was taken back so often, or with which so many agents ended, is condemned whatever else was the cause. */
const MOST_TRIALS = 3;
/** A condemned list is tried again after this time, which doubles each time it is condemned again. */
const RETRIAL_MS = 15 * 60_000;
const LONGEST_RETRIAL_MS = 4 * 3600_000;
/** A text that was confirmed here before needs no look before it is applied again, live. So many are remembered. */
const MOST_KNOWN = 16;
const NO_PREFIXES: readonly Prefix[] = [];

/** How the last understood list stands. */
export type RolloutState =
  /** It is in force, or there is none yet. */
  | { readonly state: 'settled' }
  /**
   * It is about to be applied: at a certain time, in milliseconds of the steady clock, or when something answers that could
   * confirm it.
   */
  | { readonly state: 'pending'; readonly due?: number; readonly reason?: string }
  /** It was applied, and what was reachable before has to show that it still is. */
  | { readonly state: 'trial' }
  /** It was taken back, and is tried again when what was lost is back. */
  | { readonly state: 'suspended'; readonly reason: string }
  /** It was taken back too often, and is tried again much later. */
  | { readonly state: 'condemned'; readonly reason: string; readonly due: number };

export interface RolloutParts extends TrialParts {
  /** What is ours now. */
  readonly ownership: () => Ownership;
  readonly rules: RouteRules;
  /** A changed list is tried after a random time up to this one, in milliseconds. */
  readonly spreadMs: number;
  /** Whether a pass with this list would change anything. */
  readonly wouldChange: (list: RouteList) => boolean;
  readonly journal: Journal;
  readonly log: Log;
  /** Asks for a pass with what is in force; `afterPass` follows. */
  readonly request: (trigger: Trigger) => void;
  /** Called when a list was confirmed. */
  readonly onConfirmed: () => void;
}

/** What a change is rolled back to: the list that was confirmed last, or routes as they were found, with their text. */
interface Base {
  readonly list: RouteList;
  readonly found?: string;
  readonly companions: readonly Prefix[];
}

/** A list with its text, and the text's hash. */
interface Candidate {
  readonly list: RouteList;
  readonly text: string;
  readonly hash: string;
}

/** What speaks against a list. */
interface Suspect {
  readonly hash: string;
  /** Agents that ended while they tried it, before this one. */
  readonly ended: number;
  readonly takenBack: number;
  readonly proofs: number;
  /** Until when it is not tried, and why; the time doubles each time. */
  readonly condemned?: { readonly reason: string; readonly due: number; readonly pauseMs: number };
}

/**
 * Decides which list is in force: tries a changed one, and goes back to the one before when the node loses what it could
 * reach. The journal tells an agent that comes after this one in the same pod.
 */
export class Rollout {
  /** What passes bring the kernel to. */
  inForce: RouteList | undefined;
  state: RolloutState = { state: 'settled' };
  rollbacks = 0;

  private readonly trial: Trial;
  private candidate: Candidate | undefined;
  /** What was in force when all was well last. */
  private confirmed: RouteList | undefined;
  /** What to go back to after a change; undefined until there is one to be made: then the routes that are there. */
  private base: Base | undefined;
  /** The kernel was changed, and nothing has shown yet that it may stay so. */
  private isUnconfirmed = false;
  private suspect: Suspect | undefined;
  /** Hashes of texts that were confirmed, the last one at the end. */
  private known: readonly string[] = [];
  /** Hash of the list that the journal names. */
  private noted: string | undefined;
  private current = new AbortController();
  private resumed: Promise<unknown> = Promise.resolve();
  private onPass: (outcome: Outcome) => void = () => undefined;

  constructor(private readonly parts: RolloutParts) {
    this.trial = new Trial(parts);
  }

  /**
   * Goes on where the agent before stopped: what it had confirmed is in force, and what it had not is taken back first.
   */
  resume(): void {
    const { journal, log } = this.parts;
    const entry = journal.read();
    const base = this.readBase(entry);
    if (base === undefined) return;
    this.base = base;
    this.inForce = this.confirmed = base.list;
    if (entry === undefined) return;
    const { state, list: hash } = entry;
    const ended = entry.ended + (state === 'trial' ? 1 : 0);
    this.suspect = { hash, ended, takenBack: 0, proofs: 0 };
    if (state === 'condemned') this.condemn('it was taken back by an earlier run of this agent');
    else if (ended >= MOST_TRIALS) this.condemn(`the agent ended ${ended} times before it was confirmed`);
    if (state !== 'trial') return;
    this.rollbacks++;
    log('warn', 'list.resumed', 'the last change was not confirmed before the agent ended; taking it back');
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

  /** The API server shows no list any more: one that is not applied is not tried. */
  withdraw(): void {
    if (this.state.state !== 'suspended' && this.state.state !== 'pending' && this.state.state !== 'condemned') return;
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
      this.base = { list, found: presentText(list), companions };
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
    if (candidate.hash !== this.suspect?.hash) this.suspect = this.suspect?.condemned && this.suspect;
    if (this.condemnation(candidate) !== undefined) {
      // Nobody would watch over a list that is on trial now.
      if (this.inForce !== this.confirmed) await this.goBack(signal);
      this.note('condemned', candidate.hash);
      await this.untilRetrial(candidate, signal);
    }
    await this.prove(candidate, signal);
  }

  /** Applies a list until it is confirmed, which may never be. */
  private async prove(candidate: Candidate, signal: AbortSignal): Promise<void> {
    for (;;) {
      const gone = await this.tryOut(candidate, signal);
      if (gone.length === 0) break;
      await this.takeBack(gone, signal);
      const isProof = await this.trial.lookUndone(gone, signal);
      if (this.charge(candidate, gone, isProof)) await this.untilRetrial(candidate, signal);
      else {
        await this.trial.untilBack(gone, signal);
        this.parts.log('info', 'list.retried', 'what was lost is back; the list is tried again');
      }
    }
    this.confirm(candidate);
  }

  /** @returns what is gone with it; nothing when it may stay. */
  private async tryOut(candidate: Candidate, signal: AbortSignal): Promise<Target[]> {
    const { trial } = this;
    // One that replaces another on trial is held against what was reachable before the first of the two.
    if (!this.isUnconfirmed) await this.prepare(candidate, signal);
    this.inForce = candidate.list;
    this.state = { state: 'trial' };
    let found = await this.passed('list', signal);
    // A list whose routes all have to wait has shown nothing yet.
    while (!this.isUnconfirmed && allWait(found))
      [found] = await Promise.all([this.nextPass(signal), trial.lookAgain(signal)]);
    return this.isUnconfirmed ? trial.lookAfter(signal) : [];
  }

  /** Looks at what can be reached before a change, and waits where a large fleet must not look all at once. */
  private async prepare({ list, hash }: Candidate, signal: AbortSignal): Promise<void> {
    const { wouldChange, spreadMs, random, isRolling } = this.parts;
    this.trial.begin();
    const isSuspect = this.suspect?.hash === hash;
    if ((!isRolling && !isSuspect && this.known.includes(hash)) || !wouldChange(list)) return;
    const isFirst = this.inForce === undefined;
    if (!isSuspect) this.state = { state: 'pending' };
    if (spreadMs > 0 && !isFirst && !isSuspect) {
      const waitMs = random() * spreadMs;
      this.state = { state: 'pending', due: performance.now() + waitMs };
      await pause(waitMs, signal);
    }
    await this.trial.lookBefore(signal, () => this.waitForAnswers(isSuspect));
  }

  private waitForAnswers(isSuspect: boolean): void {
    const names = namesOf(this.parts.targets);
    const reason = `nothing answers that could confirm the list: ${names}`;
    if (this.state.state === 'pending' && this.state.reason !== reason) this.parts.log('warn', 'list.waiting', reason);
    if (!isSuspect) this.state = { state: 'pending', reason };
  }

  private confirm({ list, text, hash }: Candidate): void {
    this.base = { list, companions: NO_PREFIXES };
    this.confirmed = this.inForce;
    this.suspect = undefined;
    this.isUnconfirmed = false;
    this.state = { state: 'settled' };
    if (this.known.at(-1) !== hash) {
      this.known = [...this.known.filter((other) => other !== hash), hash].slice(-MOST_KNOWN);
      this.tryJournal((journal) => journal.keep({ text, known: this.known }));
    }
    this.tryJournal((journal) => journal.clear());
    this.parts.onConfirmed();
  }

  private async takeBack(gone: readonly Target[], signal: AbortSignal): Promise<void> {
    const names = namesOf(gone);
    const reason = `${names} could not be reached within ${CONFIRM_MS / 1000} s after it was applied`;
    this.rollbacks++;
    this.state = { state: 'suspended', reason };
    this.parts.log('error', 'list.rolled-back', `the list is taken back: ${reason}`, { lost: names });
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
  }

  /** Counts what speaks against a list that was taken back. @returns whether that is enough to condemn it. */
  private charge({ hash }: Candidate, gone: readonly Target[], isProof: boolean): boolean {
    const before = this.suspect?.hash === hash ? this.suspect : { hash, ended: 0, takenBack: 0, proofs: 0 };
    this.suspect = { ...before, takenBack: before.takenBack + 1, proofs: before.proofs + (isProof ? 1 : 0) };
    const { takenBack, proofs } = this.suspect;
    if (proofs < MOST_PROOFS && takenBack < MOST_TRIALS) return false;
    const without = proofs < MOST_PROOFS ? '' : ', and could be without it';
    this.condemn(`${namesOf(gone)} could not be reached with it${without}, ${takenBack} times`);
    return true;
  }

  private condemn(reason: string): void {
    if (this.suspect === undefined) return;
    const { condemned, hash } = this.suspect;
    const pauseMs = condemned === undefined ? RETRIAL_MS : Math.min(2 * condemned.pauseMs, LONGEST_RETRIAL_MS);
    this.suspect = { ...this.suspect, condemned: { reason, pauseMs, due: performance.now() + pauseMs } };
    const minutes = pauseMs / 60_000;
    this.parts.log(
      'error',
      'list.condemned',
      `${reason}; the list before stays in force, this one is tried again in ${minutes} min`,
    );
    this.note('condemned', hash);
  }

  private condemnation({ hash }: Candidate): Suspect['condemned'] {
    return this.suspect?.hash === hash ? this.suspect.condemned : undefined;
  }

  private async untilRetrial(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const condemned = this.condemnation(candidate);
    if (condemned === undefined) return;
    const { reason, due } = condemned;
    this.state = { state: 'condemned', reason, due };
    await pause(Math.max(0, due - performance.now()), signal);
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

  private readBase(entry: JournalEntry | undefined): Base | undefined {
    const { journal, rules, log } = this.parts;
    const { found, companions = [] } = entry ?? {};
    try {
      const kept = journal.kept();
      this.known = kept?.known ?? [];
      const text = found ?? kept?.text;
      if (text === undefined) return undefined;
      const list = found === undefined ? parseRouteList(text, rules) : readPresentText(text);
      return { list, companions: companions.map(readPrefix), ...(found !== undefined && { found }) };
    } catch (error) {
      log('warn', 'journal.failed', `the journal cannot be used: ${(error as Error).message}`);
      return undefined;
    }
  }

  private note(state: JournalEntry['state'], list: string): void {
    if (this.base === undefined) return;
    const { found, companions } = this.base;
    const ended = this.suspect?.hash === list ? this.suspect.ended : 0;
    const base = { companions: companions.map(prefixKey), ...(found !== undefined && { found }) };
    this.noted = list;
    this.tryJournal((journal) => journal.write({ state, list, ended, ...base }));
  }

  /** Without the journal everything goes on, but for an agent that is killed in the middle of a trial. */
  private tryJournal(act: (journal: Journal) => void): void {
    try {
      act(this.parts.journal);
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
