import { appendFileSync } from 'node:fs';
import { writtenSites } from './charts/site/site';
import { pictureOf } from './picture';

/** Names the file into which a project's program writes its sites, one a line, for those who run it. */
export const PICTURES_FILE = 'ONPREM_LINK_PICTURES';

const file = process.env[PICTURES_FILE];
if (file !== undefined) {
  process.once('exit', (code) => {
    if (code === 0) for (const site of writtenSites()) appendFileSync(file, `${JSON.stringify(pictureOf(site))}\n`);
  });
}
