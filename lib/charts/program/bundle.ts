import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { protectComments, restoreComments } from './comments';
import { cutBundle } from './cut';

const PACKAGE = join(__dirname, '..', '..', '..');
/** Folders of lib/ that every program may import, beside its own. */
const SHARED = ['network', 'program', 'settings'];

/** A program: the folder of its source under lib/, and its files. */
interface Program {
  readonly folder: string;
  /** The file that the container starts, and the file that this one requires, if any. */
  readonly files: readonly [string, string?];
  /** Folders below its own that belong into the second file, with everything that they import. */
  readonly lower: readonly string[];
}

/** In two files, because one would be too large for client-side apply. */
export const AGENT: Program = {
  folder: 'agent',
  files: ['agent.cjs', 'routing.cjs'],
  lower: ['netlink', 'kernel', 'decide'],
};
export const SERVER_HEALTH: Program = { folder: 'servers', files: ['server-health.cjs'], lower: [] };
export const PROGRAMS: readonly Program[] = [AGENT, SERVER_HEALTH];

/** Texts by the name of their file. */
type Files = ReadonlyMap<string, string>;

const bundles = new Map<Program, Files>();

/**
 * A file of a program as readable CommonJS for Node 26. The published package contains it prebuilt; in the repository it
 * is built from source.
 */
export function bundleOf(program: Program, file: string): string {
  const bundle = bundles.get(program) ?? prebuilt(program) ?? build(program);
  bundles.set(program, bundle);
  return bundle.get(file) as string;
}

export function fileNamesOf({ files }: Program): string[] {
  return files.filter((file) => file !== undefined);
}

function prebuilt(program: Program): Files | undefined {
  const files = fileNamesOf(program).map((file) => [file, join(PACKAGE, 'lib', program.folder, file)] as const);
  if (!files.every(([, path]) => existsSync(path))) return undefined;
  return new Map(files.map(([file, path]) => [file, readFileSync(path, 'utf8')]));
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }).version;
}

/** From a copy of the source, in which the comments are marked: esbuild has no plugins in its synchronous form. */
function build(program: Program): Files {
  const copy = mkdtempSync(join(tmpdir(), 'onprem-link-'));
  try {
    for (const folder of [...SHARED, program.folder])
      copySource(join(PACKAGE, 'lib', folder), join(copy, 'lib', folder));
    return bundleFrom(copy, program);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function copySource(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const path = join(to, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, protectComments(readFileSync(join(from, name), 'utf8')));
  }
}

function bundleFrom(source: string, { folder, files, lower }: Program): Files {
  // Required here, because users of the package do not need a bundler.
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: source,
    entryPoints: [join('lib', folder, 'main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    charset: 'ascii', // one non-Latin-1 character makes V8 store the text at two bytes each
    define: { PACKAGE_VERSION: JSON.stringify(packageVersion()) },
    legalComments: 'inline',
    logLevel: 'silent',
    write: false,
    metafile: true,
    // Assign a field where it gets its value, without declaring it as well: shorter.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const text = restoreComments((outputFiles[0] as { text: string }).text);
  const [file, lowerFile] = files;
  if (lowerFile === undefined) return new Map([[file, text]]);
  const paths = withImports(
    metafile.inputs,
    lower.map((name) => `lib/${folder}/${name}/`),
  );
  const parts = cutBundle(text, paths, lowerFile);
  return new Map([
    [file, parts.upper],
    [lowerFile, parts.lower],
  ]);
}

type Inputs = Readonly<Record<string, { readonly imports: readonly { readonly path: string }[] }>>;

/** The modules in these folders, and everything that they import. */
function withImports(inputs: Inputs, folders: readonly string[]): ReadonlySet<string> {
  const found = new Set(Object.keys(inputs).filter((path) => folders.some((folder) => path.startsWith(folder))));
  // A set that grows while it is iterated over hands out what was added.
  for (const path of found) for (const { path: imported } of inputs[path]?.imports ?? []) found.add(imported);
  return found;
}
