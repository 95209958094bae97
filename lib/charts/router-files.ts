import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { routerFiles } from '../routers';
import type { Site } from './site';
import { tunnelsOf } from './vpn';

/** What the routers of a site's VPNs load: texts by path below routers/<site>/. */
export function routerFilesOf(site: Site): Map<string, string> {
  return new Map(
    tunnelsOf(site).flatMap(({ ends }) =>
      ends.flatMap(({ folder, tunnel }) =>
        [...routerFiles(tunnel)].map(([name, text]): [string, string] => [join(folder, name), text]),
      ),
    ),
  );
}

/**
 * Writes them beside the output folder of the manifests, outside of it because all that lies in dist/ goes to a cluster.
 * What an earlier synthesis wrote for this site is removed.
 */
export function writeRouterFiles(site: Site): void {
  const folder = join(dirname(dirname(site.outdir)), 'routers', site.name);
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of routerFilesOf(site)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
