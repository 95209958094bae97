import { appendFileSync } from 'node:fs';
import { writtenSites } from './charts/site/site';
import { topologyOf } from './topology';

/** Names the file into which a project's program writes its sites, one a line, for those who run it. */
export const TOPOLOGIES_FILE = 'ONPREM_LINK_PICTURES';

const file = process.env[TOPOLOGIES_FILE];
if (file !== undefined) {
  process.once('exit', (code) => {
    if (code === 0) for (const site of writtenSites()) appendFileSync(file, `${JSON.stringify(topologyOf(site))}\n`);
  });
}
