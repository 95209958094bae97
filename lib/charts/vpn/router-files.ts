import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { routerFiles } from '../../routers';
import { routersFolder, writeBook } from './number-file';
import type { SiteVpns } from './tunnels';

/** What the routers of a site's VPNs load: texts by path below routers/<site>/. */
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
 * Writes them and the book of numbers. What an earlier synthesis wrote for this site is removed.
 * @param outdir the site's output folder
 */
export function writeRouterFiles(name: string, outdir: string, vpns: SiteVpns): void {
  const folder = join(routersFolder(outdir), name);
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of routerFilesOf(vpns)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  writeBook(outdir, vpns.book);
}
