import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../repository';

interface Command {
  readonly page: string;
  readonly command: string;
}

/** Every command that the docs mark as needing a cluster. */
export function commandsOfDocs(): Command[] {
  const pages = readdirSync(join(REPOSITORY, 'docs')).filter((name) => name.endsWith('.md'));
  return pages.flatMap((page) => {
    const blocks = readFileSync(join(REPOSITORY, 'docs', page), 'utf8').matchAll(
      /^ *```sh not run: needs a cluster\n([\s\S]*?)^ *```$/gm,
    );
    const lines = [...blocks].flatMap(([, text]) => (text as string).split('\n'));
    return lines
      .map((line) => line.replace(/ +#.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((command) => ({ page, command }));
  });
}
