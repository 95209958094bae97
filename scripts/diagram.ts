/** `npm run diagram`: prints the sites of main.ts as Mermaid, or embeds the diagrams into Markdown files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Diagrams, diagramOf, embed } from '../lib/review';
import { ProjectError, synthesise } from './project';
import { run } from './run';
import { callOf } from './words';

const HELP = `${callOf('diagram')} [FILE...] [options]: the sites of main.ts as Mermaid

Without a file, the command prints the diagrams. In each Markdown file, it writes them between
<!-- diagram --> (all sites) or <!-- diagram: NAME --> and <!-- /diagram -->, each on a line of its own.

  --check   write nothing; exit with 1 if a file is out of date
`;

const OPTIONS = {
  check: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

run((project) => {
  const { values, positionals: paths } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.check && paths.length === 0) throw new ProjectError('--check needs the files to check, e.g. README.md');
  const texts = new Map(paths.map((path) => [path, textOf(project, path)]));
  const diagrams = new Map(synthesise(project).pictures.map((picture) => [picture.site, diagramOf(picture)]));
  if (diagrams.size === 0) throw new ProjectError('main.ts synthesised no site; call site.synth() at its end');
  if (paths.length === 0) console.log([...diagrams.values()].join('\n'));
  const old = [...texts].filter(([path, text]) => refresh(join(project, path), path, text, diagrams, values.check));
  for (const [path] of old)
    console.log(values.check ? `${path} is out of date; ${callOf('diagram')} ${path}` : `${path} updated`);
  return values.check && old.length > 0 ? 1 : 0;
});

function textOf(project: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(join(project, path), 'utf8');
  } catch (cause) {
    throw new ProjectError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (!/^<!-- diagram(?:: [\w-]+)? -->$/m.test(text))
    throw new ProjectError(
      `${path} has no line <!-- diagram -->; add one where the diagram belongs, and <!-- /diagram --> below it`,
    );
  return text;
}

/** @returns whether the file was out of date */
function refresh(file: string, path: string, before: string, diagrams: Diagrams, isCheck: boolean): boolean {
  const after = embedIn(path, before, diagrams);
  if (before !== after && !isCheck) writeFileSync(file, after);
  return before !== after;
}

function embedIn(path: string, text: string, diagrams: Diagrams): string {
  try {
    return embed(text, diagrams);
  } catch (cause) {
    throw new ProjectError(`${path}: ${(cause as Error).message}`, { cause });
  }
}
