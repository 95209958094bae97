/** Changes come in bunches. */
const CALM_MS = 5_000;

/** `--expose-gc` brings it. */
type CollectGarbage = (how: { readonly flavor: 'last-resort' }) => void;

/**
 * Gives back the memory of what a changed list or table left behind, once it is calm: V8 itself keeps it for the next
 * change, which on most nodes comes next week.
 * @returns to be called after each change.
 */
export function reclaimer(gc = (globalThis as { gc?: CollectGarbage }).gc): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => gc?.({ flavor: 'last-resort' }), CALM_MS);
  };
}
