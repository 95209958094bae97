/** `npm run numbers`: lists the numbers that routers/numbers.json reserves, and releases them once the routers are clean. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../lib/network';
import { NUMBERED_LISTS, type NumberBook, readNumberBook, release, retire, writeNumberBook } from '../lib/routers';
import { outputFolders } from './output';
import { distOf } from './project';
import { endWithReader } from './terminal';
import { callOf } from './words';

const USAGE = `${callOf('numbers')} [--release END]

Lists the numbers of rules, policies and routes that are no longer used but still reserved, by the end of the tunnel
they belonged to. A reserved number is never used for anything else, because the router may still hold the old rule.

  --release END   releases them, e.g. --release example/cluster-to-datacentre. Do it once the router has loaded the
                  change that removes the old rules (${callOf('plan')} REV --routers DIR).
`;

const ROUTERS = join(process.cwd(), outputFolders(distOf(process.cwd())).routers);
const FILE = join(ROUTERS, 'numbers.json');

endWithReader();

function main(args: readonly string[]): void {
  const [command, end, ...more] = args;
  if (command === '--help' || command === '-h') return void process.stdout.write(USAGE);
  if (more.length > 0 || (command !== undefined && (command !== '--release' || end === undefined)))
    throw refuse(args.join(' '), 'is not a valid command', `see ${callOf('numbers')} --help`);
  const book = current(existsSync(FILE) ? readNumberBook(readFileSync(FILE, 'utf8')) : {});
  if (command === undefined) return void process.stdout.write(reservedText(book));
  if (book[end as string] === undefined)
    throw refuse(end, 'is not an end in routers/numbers.json', `write one of ${Object.keys(book).join(', ')}`);
  writeFileSync(FILE, writeNumberBook(release(book, end as string)));
  process.stdout.write(`Released the reserved numbers of ${end}. Commit routers/numbers.json.\n`);
}

/** An end without a folder belongs to a site that is no longer in main.ts: all its numbers are reserved. */
function current(book: NumberBook): NumberBook {
  const gone = Object.keys(book).filter((end) => !existsSync(join(ROUTERS, end)));
  return gone.reduce(retire, book);
}

function reservedText(book: NumberBook): string {
  const lines = Object.entries(book).flatMap(([end, { router, retired }]) =>
    NUMBERED_LISTS.flatMap((list) =>
      Object.entries(retired[list]).map(([key, number]) => `${end}  router ${router}  ${list} ${number}  ${key}`),
    ),
  );
  return lines.length === 0 ? 'No number is reserved.\n' : `${lines.join('\n')}\n`;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
