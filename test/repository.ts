/** Paths of the repository for tests, and copies of it. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export const REPOSITORY = join(__dirname, '..');
export const NODE_MODULES = join(REPOSITORY, 'node_modules');
/** The Node arguments of `npm run synth`, for a folder that has scripts/. */
export const TYPESCRIPT = ['--require', './scripts/typescript.js'];

const PROGRAM = ['lib', 'imports', 'scripts', 'test'];
const SETTINGS = ['package.json', 'tsconfig.json', 'cdk8s.yaml'];
/** Equal to main.ts until a user edits main.ts. */
export const EXAMPLE_MAIN = join(REPOSITORY, 'test', 'fixtures', 'example-main.ts');

/** Paths in the repository, e.g. `lib/agent/main.ts`, of everything below these folders, without installed packages. */
export function pathsBelow(...folders: readonly string[]): string[] {
  const all = folders.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  );
  return all.filter((path) => !path.includes('node_modules'));
}

/** Copies the files that synthesis needs, without packages. */
export function copySources(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const source of PROGRAM) cpSync(join(REPOSITORY, source), join(folder, source), { recursive: true });
  copyUsersFiles(folder);
  return folder;
}

/** The same, with links to the packages of this repository. */
export function copyRepository(folder: string): string {
  copySources(folder);
  symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
  return folder;
}

/** A project to synthesise in: main.ts and other files that users edit are copies, everything else is linked. */
export function linkedProject(folder: string): string {
  mkdirSync(folder, { recursive: true });
  copyUsersFiles(folder);
  for (const ours of [...PROGRAM, 'node_modules']) symlinkSync(join(REPOSITORY, ours), join(folder, ours));
  return folder;
}

/** The same, with the main.ts of the fixture site, because the repository's own main.ts belongs to the user. */
function copyUsersFiles(folder: string): void {
  for (const own of SETTINGS) cpSync(join(REPOSITORY, own), join(folder, own));
  cpSync(EXAMPLE_MAIN, join(folder, 'main.ts'));
}
