import crypto = require('node:crypto');

import type { Journal, JournalEntry } from '../../lib/agent/journal';

type MemoryJournal = Journal & { readonly entries: (JournalEntry | undefined)[]; readonly texts: string[] };

/** A journal in memory. */
export function memoryJournal(entry?: JournalEntry, kept?: string): MemoryJournal {
  const entries = entry === undefined ? [] : [entry as JournalEntry | undefined];
  const lists = kept === undefined ? [] : [{ text: kept, known: [crypto.hash('sha256', kept)] }];
  return {
    entries,
    get texts() {
      return lists.map(({ text }) => text);
    },
    read: () => entries.at(-1),
    write: (next: JournalEntry) => void entries.push(next),
    clear: () => void (entries.at(-1) !== undefined && entries.push(undefined)),
    kept: () => lists.at(-1),
    keep: (next: (typeof lists)[number]) => void lists.push(next),
  } as unknown as MemoryJournal;
}
