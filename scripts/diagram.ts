/** `npm run diagram`: the sites of main.ts as Mermaid, embedded wherever a file of Markdown asks for them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writtenSites } from '../lib/charts/site';
import { InputError } from '../lib/network';
import { type Diagrams, diagramOf, embed } from '../lib/review';
import { pictureOf } from './picture';

const HELP = `npm run diagram -- [options]: the sites of main.ts as Mermaid

  Between <!-- diagram --> (all sites) or <!-- diagram: NAME --> and <!-- /diagram -->, each on a line of its own,
  in README.md and docs/, the diagrams of today are written.

  --check   write nothing, exit with 1 when a file is out of date
  --print   to the terminal
`;

const OPTIONS = {
  check: { type: 'boolean', default: false },
  print: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const PROJECT = process.cwd();
const { values } = parseArgs({ options: OPTIONS });
const staging = mkdtempSync(join(tmpdir(), 'diagram-'));

process.on('exit', () => rmSync(staging, { recursive: true, force: true }));
process.on('uncaughtException', (error) => {
  console.error(error instanceof InputError ? error.message : error);
  process.exit(1);
});
if (values.help) console.log(HELP);
else {
  // When there is nothing left to do: a main.ts that waits for something has come to its end by then.
  process.once('beforeExit', (code) => {
    if (code === 0) finish();
  });
  process.env.CDK8S_OUTDIR = join(staging, 'dist');
  require(join(PROJECT, 'main'));
}

function finish(): void {
  const diagrams = new Map(writtenSites().map((site) => [site.name, diagramOf(pictureOf(site))]));
  if (values.print) console.log([...diagrams.values()].join('\n'));
  else for (const path of markdownFiles()) refresh(path, diagrams);
}

function refresh(path: string, diagrams: Diagrams): void {
  const before = readFileSync(join(PROJECT, path), 'utf8');
  const after = embedIn(path, before, diagrams);
  if (before === after) return;
  console.log(values.check ? `${path} is out of date; npm run diagram` : `${path} updated`);
  if (values.check) process.exitCode = 1;
  else writeFileSync(join(PROJECT, path), after);
}

function embedIn(path: string, text: string, diagrams: Diagrams): string {
  try {
    return embed(text, diagrams);
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

function markdownFiles(): string[] {
  const docs = existsSync(join(PROJECT, 'docs')) ? readdirSync(join(PROJECT, 'docs'), { recursive: true }) : [];
  const paths = [...readdirSync(PROJECT), ...docs.map((path) => join('docs', `${path}`))];
  return paths.filter((path) => path.endsWith('.md')).sort();
}
