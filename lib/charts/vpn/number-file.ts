import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from '../../network';
import { type NumberBook, readNumberBook, writeNumberBook } from '../../routers';
import type { Site } from '../site/site';

/** routers/, beside the output folder of the manifests, because all that lies in dist/ goes to a cluster. */
export function routersFolder({ outdir }: Pick<Site, 'outdir'>): string {
  return join(dirname(dirname(outdir)), 'routers');
}

const fileOf = (site: Site) => join(routersFolder(site), 'numbers.json');

/** The numbers that were given so far, of all sites. @throws InputError when the file is damaged. */
export function readBookOf(site: Site): NumberBook {
  const file = fileOf(site);
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
export function writeBookOf(site: Site, book: NumberBook): void {
  if (Object.keys(book).length === 0) return;
  mkdirSync(routersFolder(site), { recursive: true });
  writeFileSync(fileOf(site), writeNumberBook(book));
}
