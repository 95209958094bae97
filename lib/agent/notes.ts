import { parseRouteList, type RouteList, type RouteRules } from '../network';
import type { Log } from '../program/log';
import { type Prefix, prefixKey, readPrefix } from './decide/prefix';
import { readPresentText } from './decide/present-list';
import type { Journal, JournalEntry } from './journal';

/**
 * With live changes, a list that was confirmed here before needs no check before it is applied again. This many are
 * remembered.
 */
const MOST_KNOWN = 16;

/** The state that a rollback restores: the last confirmed list, or the routes as they were found, with their text. */
export interface Base {
  readonly list: RouteList;
  readonly found?: string;
  readonly companions: readonly Prefix[];
}

/** What the agent knows about earlier lists, and leaves to the next agent in its pod. */
export class Notes {
  /** Hash of the list that the journal names. */
  noted: string | undefined;
  /** Hashes of texts that were confirmed, the last one at the end. */
  private known: readonly string[] = [];

  constructor(
    private readonly journal: Journal,
    private readonly rules: RouteRules,
    private readonly log: Log,
  ) {}

  /** What the previous agent left: the list to restore, and the entry about an unconfirmed list, if any. */
  read(): { readonly base: Base; readonly entry: JournalEntry | undefined } | undefined {
    const entry = this.journal.read();
    try {
      const base = this.readBase(entry);
      return base && { base, entry };
    } catch (error) {
      this.log('warn', 'journal.failed', `the journal cannot be used: ${(error as Error).message}`);
      return undefined;
    }
  }

  isKnown(hash: string): boolean {
    return this.known.includes(hash);
  }

  /** Whether it was confirmed last. */
  isLast(hash: string): boolean {
    return this.known.at(-1) === hash;
  }

  /** A list on trial, or one that was rolled back, and what to restore. */
  note(state: JournalEntry['state'], list: string, ended: number, { found, companions }: Base): void {
    const base = { companions: companions.map(prefixKey), ...(found !== undefined && { found }) };
    this.noted = list;
    this.attempt(() => this.journal.write({ state, list, ended, ...base }));
  }

  confirmed(text: string, hash: string): void {
    if (this.known.at(-1) !== hash) {
      this.known = [...this.known.filter((other) => other !== hash), hash].slice(-MOST_KNOWN);
      this.attempt(() => this.journal.keep({ text, known: this.known }));
    }
    this.attempt(() => this.journal.clear());
  }

  private readBase(entry: JournalEntry | undefined): Base | undefined {
    const { found, companions = [] } = entry ?? {};
    const kept = this.journal.kept();
    this.known = kept?.known ?? [];
    const text = found ?? kept?.text;
    if (text === undefined) return undefined;
    const list = found === undefined ? parseRouteList(text, this.rules) : readPresentText(text);
    return { list, companions: companions.map(readPrefix), ...(found !== undefined && { found }) };
  }

  /** Without the journal, everything works except recovery after an agent is killed during a trial. */
  private attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.log('warn', 'journal.failed', `the journal cannot be written: ${(error as Error).message}`);
    }
  }
}
