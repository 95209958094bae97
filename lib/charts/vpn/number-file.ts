import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from '../../network';
import { type NumberBook, readNumberBook, writeNumberBook } from '../../routers';

/** routers/, beside the output folder of the manifests, because all that lies in dist/ goes to a cluster. */
export function routersFolder(outdir: string): string {
  return join(dirname(dirname(outdir)), 'routers');
}

const fileOf = (outdir: string) => join(routersFolder(outdir), 'numbers.json');

/** The numbers that were given so far, of all sites. @throws InputError when the file is damaged. */
export function readBook(outdir: string): NumberBook {
  const file = fileOf(outdir);
  if (!existsSync(file)) return {};
  try {
    return readNumberBook(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = `is not a book of numbers (${(error as Error).message})`;
    throw refuse(
      'routers/numbers.json',
      reason,
      'restore the file from Git; without it rules on the routers would move',
    );
  }
}

/** A file that says nothing is not written. */
export function writeBook(outdir: string, book: NumberBook): void {
  if (Object.keys(book).length === 0) return;
  mkdirSync(routersFolder(outdir), { recursive: true });
  writeFileSync(fileOf(outdir), writeNumberBook(book));
}
