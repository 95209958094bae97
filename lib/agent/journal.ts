import fs = require('node:fs');
import zlib = require('node:zlib');

/** What a killed agent leaves to the next one in its pod about an unconfirmed list. */
export interface JournalEntry {
  /**
   * `trial`: the list was applied but not yet confirmed. `suspended`: it was rolled back and will be retried.
   * `condemned`: it was rolled back too often.
   */
  readonly state: 'trial' | 'suspended' | 'condemned';
  /** The hash of the list. */
  readonly list: string;
  /** The routes to restore, as the agent found them (decide/present-list.ts), if no list was confirmed before. */
  readonly found?: string;
  /** Prefixes that had a companion before the change (decide/prefix.ts). */
  readonly companions: readonly string[];
  /** How many previous agents in a row exited with that list on trial, before the one that wrote this. */
  readonly ended: number;
}

/** The last confirmed list, as text, and the hashes of earlier ones. */
export interface Kept {
  readonly text: string;
  readonly known: readonly string[];
}

const STATES: ReadonlySet<unknown> = new Set<JournalEntry['state']>(['trial', 'suspended', 'condemned']);
const FASTEST = { level: 1 };

/**
 * The only files that the agent writes, in a memory emptyDir of its pod: they survive a restart of the container, but
 * not of the node. Compressed, because routes in the kernel's form are long and similar.
 */
export class Journal {
  constructor(private readonly folder: string) {}

  /** @returns undefined if there is none, or none that can be read. */
  read(): JournalEntry | undefined {
    const { state, list, found, companions, ended } = this.parse<JournalEntry>('trial');
    const isKnown = STATES.has(state) && typeof list === 'string' && typeof ended === 'number';
    const isWhole = (found === undefined || typeof found === 'string') && Array.isArray(companions);
    return isKnown && isWhole
      ? { state: state as JournalEntry['state'], list, companions, ended, ...(found !== undefined && { found }) }
      : undefined;
  }

  /** @throws if it cannot be written. */
  write(entry: JournalEntry): void {
    this.replace('trial', entry);
  }

  /** @throws if it exists and cannot be removed. */
  clear(): void {
    fs.rmSync(this.path('trial'), { force: true });
  }

  /** The last confirmed list; undefined if there is none, or none that can be read. */
  kept(): Kept | undefined {
    const { text, known } = this.parse<Kept>('confirmed');
    return typeof text === 'string' && Array.isArray(known) ? { text, known } : undefined;
  }

  /** @throws if it cannot be written. */
  keep(kept: Kept): void {
    this.replace('confirmed', kept);
  }

  private path(name: string): string {
    return `${this.folder}/${name}.json.gz`;
  }

  private parse<T>(name: string): Partial<T> {
    try {
      const value: unknown = JSON.parse(`${zlib.gunzipSync(fs.readFileSync(this.path(name)))}`);
      return typeof value === 'object' && value !== null ? value : {};
    } catch {
      return {};
    }
  }

  /** Atomic: an agent that is killed while it writes leaves the previous file. */
  private replace(name: string, value: object): void {
    const path = this.path(name);
    fs.writeFileSync(`${path}.new`, zlib.gzipSync(JSON.stringify(value), FASTEST));
    fs.renameSync(`${path}.new`, path);
  }
}
