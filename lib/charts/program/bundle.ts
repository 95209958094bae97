import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '..', '..', '..');

/** A program: the folder of its source under lib/, and the name of its file. */
interface Program {
  readonly folder: string;
  readonly file: string;
}

export const AGENT: Program = { folder: 'agent', file: 'agent.cjs' };
export const SERVER_HEALTH: Program = { folder: 'servers', file: 'server-health.cjs' };
export const PROGRAMS: readonly Program[] = [AGENT, SERVER_HEALTH];

/** What only another bundler would read. */
const FOR_BUNDLERS = '/* @__PURE__ */ ';
/** esbuild leaves out all comments but those inside of classes. */
const DOC_COMMENTS = /^ *\/\*\*[\s\S]*?\*\/\n/gm;

const bundles = new Map<Program, string>();

/**
 * A program as one readable CommonJS file for Node 26. In the published package it lies ready; in the repository it is built
 * from its source.
 */
export function bundleOf(program: Program): string {
  const known = bundles.get(program);
  if (known !== undefined) return known;
  const readyMade = join(PACKAGE, 'lib', program.folder, program.file);
  const bundle = existsSync(readyMade) ? readFileSync(readyMade, 'utf8') : build(program);
  bundles.set(program, bundle);
  return bundle;
}

export const agentBundle = (): string => bundleOf(AGENT);

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }).version;
}

function build({ folder }: Program): string {
  // Here, because who uses the package needs no bundler.
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  const { outputFiles } = buildSync({
    absWorkingDir: PACKAGE,
    entryPoints: [join('lib', folder, 'main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    charset: 'ascii', // V8 keeps a text with one other letter at two bytes each
    define: { PACKAGE_VERSION: JSON.stringify(packageVersion()) },
    legalComments: 'inline',
    // Shorter statements under their own names and on lines of their own: 17 KiB less of the agent.
    minifySyntax: true,
    lineLimit: 160,
    logLevel: 'silent',
    write: false,
    // A field is written where it gets its value: shorter than to declare it as well.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const { text } = outputFiles[0] as { text: string };
  return compact(text);
}

/** Behind a backslash at the end of a line, which `lineLimit` leaves there, a text goes on: its blanks count. */
const INDENTATION = /(?<!\\\n)^ +/gm;

/** No indentation: 16 KiB less of the agent. Comments are in the source: 12 KiB less. */
export function compact(text: string): string {
  return text.replaceAll(FOR_BUNDLERS, '').replaceAll(DOC_COMMENTS, '').replaceAll(INDENTATION, '');
}
