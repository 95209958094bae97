import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from './network';

/**
 * Runs the files of a folder, by their names in order: with a site in each, adding a cluster is adding a file. Files that
 * make no site, such as shared defaults, may lie beside them.
 *
 * @param folder an absolute path, in main.ts `${__dirname}/sites`
 */
export function importSites(folder: string): void {
  const names = filesIn(folder).filter((name) => /(?<!\.d|\.test)\.[jt]s$/.test(name));
  if (names.length === 0) throw refuse(folder, 'holds no site', 'write one, e.g. sites/north.ts');
  // Without the ending, so that one that was compiled beside its source runs once.
  for (const name of names) require(join(folder, name.slice(0, -3)));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw refuse(folder, `cannot be read: ${(cause as Error).message}`, 'make the folder, with a site in it');
  }
}
