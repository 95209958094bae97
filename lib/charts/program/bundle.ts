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

/** Comments that only another bundler reads. */
const FOR_BUNDLERS = '/* @__PURE__ */ ';
/** esbuild removes all comments except those inside classes. */
const DOC_COMMENTS = /^ *\/\*\*[\s\S]*?\*\/\n/gm;

const bundles = new Map<Program, string>();

/**
 * A program as one readable CommonJS file for Node 26. The published package contains it prebuilt; in the repository it
 * is built from source.
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
  // Required here, because users of the package do not need a bundler.
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  const { outputFiles } = buildSync({
    absWorkingDir: PACKAGE,
    entryPoints: [join('lib', folder, 'main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    charset: 'ascii', // one non-Latin-1 character makes V8 store the text at two bytes each
    define: { PACKAGE_VERSION: JSON.stringify(packageVersion()) },
    legalComments: 'inline',
    // Simplifies syntax but keeps names and line breaks: saves 17 KiB in the agent.
    minifySyntax: true,
    lineLimit: 160,
    logLevel: 'silent',
    write: false,
    // Assign a field where it gets its value, without declaring it as well: shorter.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const { text } = outputFiles[0] as { text: string };
  return compact(text);
}

/** After a backslash at the end of a line (from `lineLimit`), a string continues, so its leading blanks must stay. */
const INDENTATION = /(?<!\\\n)^ +/gm;

/** Removes indentation (16 KiB of the agent) and comments, which are in the source (12 KiB). */
export function compact(text: string): string {
  return text.replaceAll(FOR_BUNDLERS, '').replaceAll(DOC_COMMENTS, '').replaceAll(INDENTATION, '');
}
