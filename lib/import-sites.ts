import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { forUsers } from './charts/site/user-errors';
import { refuse } from './network';

/**
 * Runs the files of a folder and of its subfolders, in the order of their paths. With one site per file, a new cluster
 * is a new file. Files without a site, such as shared defaults, may be beside them.
 *
 * @param folder an absolute path, in main.ts `${__dirname}/sites`
 */
export function importSites(folder: string): void {
  const files = filesIn(folder);
  const skipped = files.find((name) => /(?<!\.d|\.test)\.(?:[cm][jt]s|[jt]sx)$/.test(name));
  if (skipped !== undefined)
    throw rejected(skipped, 'is not run, so its site would be missing', 'give it a name that ends in .ts or .js');
  const names = files.filter((name) => /(?<!\.d|\.test)\.[jt]s$/.test(name));
  if (names.length === 0) throw rejected(folder, 'contains no site', 'write one, e.g. sites/north.ts');
  // Without the extension, so that a file that was compiled beside its source runs once.
  for (const name of names) require(join(folder, name.slice(0, -3)));
}

const rejected = (...what: Parameters<typeof refuse>) => forUsers(refuse(...what));

function filesIn(folder: string): string[] {
  try {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return paths.filter((path) => !path.split(sep).includes('node_modules')).sort();
  } catch (cause) {
    throw rejected(folder, `cannot be read: ${(cause as Error).message}`, 'create the folder and put a site into it');
  }
}
