/** The repository as tests see it, and copies of it in other places. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export const REPOSITORY = join(__dirname, '..');
export const NODE_MODULES = join(REPOSITORY, 'node_modules');
/** How `npm run synth` starts Node, in a folder that has scripts/. */
export const TYPESCRIPT = ['--require', './scripts/typescript.js'];

const PROGRAM = ['lib', 'imports', 'scripts', 'test'];
const SETTINGS = ['package.json', 'tsconfig.json', 'cdk8s.yaml'];
/** Equal to main.ts as long as nobody has edited that. */
export const EXAMPLE_MAIN = join(REPOSITORY, 'test', 'fixtures', 'example-main.ts');

/** What synthesis needs, without its packages. */
export function copySources(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const source of PROGRAM) cpSync(join(REPOSITORY, source), join(folder, source), { recursive: true });
  copyUsersFiles(folder);
  return folder;
}

/** The same with the packages of this repository linked. */
export function copyRepository(folder: string): string {
  copySources(folder);
  symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
  return folder;
}

/** A folder to synthesise in: main.ts and what else a user edits are its own, the rest is this repository's. */
export function linkedProject(folder: string): string {
  mkdirSync(folder, { recursive: true });
  copyUsersFiles(folder);
  for (const ours of [...PROGRAM, 'node_modules']) symlinkSync(join(REPOSITORY, ours), join(folder, ours));
  return folder;
}

/** With the main.ts of the fixture site: that of this repository is the user's. */
function copyUsersFiles(folder: string): void {
  for (const own of SETTINGS) cpSync(join(REPOSITORY, own), join(folder, own));
  cpSync(EXAMPLE_MAIN, join(folder, 'main.ts'));
}
