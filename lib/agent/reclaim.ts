/** Changes come in bunches. */
const CALM_MS = 5_000;

/** `--expose-gc` brings it. */
type CollectGarbage = (how: { readonly flavor: 'last-resort' }) => void;

/**
 * Gives back the memory of what a changed list or table left behind, once it is calm: V8 and malloc themselves keep it
 * for the next change, which on most nodes comes next week.
 * @param trim gives back what malloc keeps.
 * @param gc V8's collection; undefined where it cannot be asked for.
 * @returns to be called after each change.
 */
export function reclaimer(trim: () => void, gc = (globalThis as { gc?: CollectGarbage }).gc): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      gc?.({ flavor: 'last-resort' });
      trim(); // what was collected may have been the last to hold some of malloc's
    }, CALM_MS);
  };
}
