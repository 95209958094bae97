/** Quotes any text as one word for a shell. */
export const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
