import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type NumberBook, readNumberBook, routerFiles, writeNumberBook } from '../../routers';
import type { SiteVpns } from './tunnels';

/** The configuration of the routers of a site's VPNs: file contents by path below routers/<site>/. */
export function routerFilesOf({ tunnels }: SiteVpns): Map<string, string> {
  return new Map(
    tunnels.flatMap(({ ends }) =>
      ends.flatMap(({ folder, tunnel }) =>
        [...routerFiles(tunnel)].map(([name, text]): [string, string] => [join(folder, name), text]),
      ),
    ),
  );
}

/**
 * Writes the files and the file of numbers. Files that an earlier synthesis wrote for this site are removed.
 * @param outdir the site's output folder
 */
export function writeRouterFiles(name: string, outdir: string, vpns: SiteVpns): void {
  const folder = siteRoutersFolder(outdir, name);
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of routerFilesOf(vpns)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  writeBook(outdir, vpns.book);
}

/** The folder of one site's router files. */
export const siteRoutersFolder = (outdir: string, name: string) => join(routersFolder(outdir), name);

/** routers/, beside the output folder of the manifests, because everything in dist/ goes to a cluster. */
function routersFolder(outdir: string): string {
  return join(dirname(dirname(outdir)), 'routers');
}

const fileOf = (outdir: string) => join(routersFolder(outdir), 'numbers.json');

/** The numbers assigned so far, of all sites. @throws InputError if the file is damaged. */
export function readBook(outdir: string): NumberBook {
  const file = fileOf(outdir);
  return existsSync(file) ? readNumberBook(readFileSync(file, 'utf8')) : {};
}

/** A file without content is not written. */
function writeBook(outdir: string, book: NumberBook): void {
  if (Object.keys(book).length === 0) return;
  mkdirSync(routersFolder(outdir), { recursive: true });
  writeFileSync(fileOf(outdir), writeNumberBook(book));
}
