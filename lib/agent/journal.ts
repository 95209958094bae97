import fs = require('node:fs');

/** What an agent that is killed leaves to the next one in its pod. */
export interface JournalEntry {
  /**
   * `trial`: the list was applied and not confirmed yet. `suspended`: it was taken back, to be tried again. `condemned`:
   * it was taken back, and is not applied again.
   */
  readonly state: 'trial' | 'suspended' | 'condemned';
  /** Which list, by its hash. */
  readonly list: string;
  /** The route list to return to, as text: a user's, or routes as an agent found them (decide/present-list.ts). */
  readonly base: string;
  readonly isFound: boolean;
  /** Prefixes that had a companion before the change (decide/prefix.ts). */
  readonly companions: readonly string[];
  /** Agents that ended one after the other with that list on trial, before the one that wrote this. */
  readonly ended: number;
}

const STATES: ReadonlySet<unknown> = new Set<JournalEntry['state']>(['trial', 'suspended', 'condemned']);

/** The one file that the agent writes, in a memory emptyDir of its pod: it outlives the container, not the node. */
export class Journal {
  constructor(private readonly path: string) {}

  /** @returns undefined where there is none, or none that can be read. */
  read(): JournalEntry | undefined {
    try {
      const entry = JSON.parse(fs.readFileSync(this.path, 'utf8')) as Partial<JournalEntry>;
      const { state, list, base, isFound, companions = [], ended = 0 } = entry;
      const isKnown = STATES.has(state) && typeof list === 'string' && typeof base === 'string';
      const isWhole = typeof isFound === 'boolean' && typeof ended === 'number';
      return isKnown && isWhole
        ? { state: state as JournalEntry['state'], list, base, isFound, companions, ended }
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** All of it or nothing: whoever is killed while writing leaves the entry before. @throws when it cannot be written. */
  write(entry: JournalEntry): void {
    fs.writeFileSync(`${this.path}.new`, JSON.stringify(entry));
    fs.renameSync(`${this.path}.new`, this.path);
  }

  /** @throws when it is there and cannot be removed. */
  clear(): void {
    fs.rmSync(this.path, { force: true });
  }
}
