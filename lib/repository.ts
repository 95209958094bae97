/** The repository as tests see it, and copies of it in other places. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export const REPOSITORY = join(__dirname, '..');
export const NODE_MODULES = join(REPOSITORY, 'node_modules');
/** How `npm run synth` starts Node, in a folder that has scripts/. */
export const TYPESCRIPT = ['--require', './scripts/typescript.js'];

const PROGRAM = ['lib', 'imports', 'scripts'];
const USERS_FILES = ['main.ts', 'package.json', 'tsconfig.json', 'cdk8s.yaml'];

/** What synthesis needs, without its packages. */
export function copySources(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const source of [...PROGRAM, ...USERS_FILES])
    cpSync(join(REPOSITORY, source), join(folder, source), { recursive: true });
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
  for (const own of USERS_FILES) cpSync(join(REPOSITORY, own), join(folder, own));
  for (const ours of [...PROGRAM, 'node_modules']) symlinkSync(join(REPOSITORY, ours), join(folder, ours));
  return folder;
}
