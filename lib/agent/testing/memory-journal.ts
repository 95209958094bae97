import type { Journal, JournalEntry } from '../journal';

/** A journal that is forgotten with the test. */
export function memoryJournal(entry?: JournalEntry): Journal & { readonly entries: (JournalEntry | undefined)[] } {
  const entries = entry === undefined ? [] : [entry as JournalEntry | undefined];
  return {
    entries,
    read: () => entries.at(-1),
    write: (next: JournalEntry) => void entries.push(next),
    clear: () => void entries.push(undefined),
  } as unknown as Journal & { readonly entries: (JournalEntry | undefined)[] };
}
