import { appendFileSync } from 'node:fs';
import { writtenSites } from './charts/site/site';
import { topologyOf } from './topology';

/** The environment variable with the file to which a project's program appends its sites, one per line, for its caller. */
export const TOPOLOGIES_FILE = 'ONPREM_LINK_PICTURES';

const file = process.env[TOPOLOGIES_FILE];
if (file !== undefined) {
  process.once('exit', (code) => {
    if (code === 0) for (const site of writtenSites()) appendFileSync(file, `${JSON.stringify(topologyOf(site))}\n`);
  });
}
