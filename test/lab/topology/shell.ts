/** A word as a shell takes it, whatever is in it. */
export const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
