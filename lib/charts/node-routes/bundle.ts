import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '..', '..', '..');
/** In the published package the program lies ready; in the repository it is built from its source. */
const READY_MADE = join(PACKAGE, 'lib', 'agent', 'agent.cjs');
const SOURCE = join('lib', 'agent', 'main.ts');

/** What only another bundler would read. */
const FOR_BUNDLERS = '/* @__PURE__ */ ';
/** esbuild leaves out all comments but those inside of classes. */
const DOC_COMMENTS = /^ *\/\*\*[\s\S]*?\*\/\n/gm;

let bundle: string | undefined;

/** The agent as one readable CommonJS file for Node 26. */
export function agentBundle(): string {
  bundle ??= existsSync(READY_MADE) ? readFileSync(READY_MADE, 'utf8') : buildAgent();
  return bundle;
}

function buildAgent(): string {
  // Here, because who uses the package needs no bundler.
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  const { outputFiles } = buildSync({
    absWorkingDir: PACKAGE,
    entryPoints: [SOURCE],
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    charset: 'ascii', // V8 keeps a text with one other letter at two bytes each
    legalComments: 'inline',
    logLevel: 'silent',
    write: false,
    // A field is written where it gets its value: shorter than to declare it as well.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const { text } = outputFiles[0] as { text: string };
  // One blank a level instead of two: 8 KiB less. Comments are in the source: 12 KiB less.
  return text
    .replaceAll(FOR_BUNDLERS, '')
    .replaceAll(DOC_COMMENTS, '')
    .replaceAll(/^ +/gm, (blanks) => blanks.slice(blanks.length / 2));
}
