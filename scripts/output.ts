import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from '../lib/network';

/** The folders that synthesis writes, side by side: the first is CDK8S_OUTDIR. They are replaced together. */
export const OUTPUT_ROOTS = ['dist', 'routers', 'bootstrap'] as const;

export type OutputRoot = (typeof OUTPUT_ROOTS)[number];

/** File contents by path, e.g. `dist/example/node-routes.k8s.yaml`. */
export type OutputFiles = ReadonlyMap<string, Buffer>;

/** The first root of a project whose cdk8s.yaml names no `output`. */
export const DEFAULT_DIST = 'dist';

/** The folder of each root: the others lie beside the one that cdk8s writes. */
export function outputFolders(dist: string): Record<OutputRoot, string> {
  const beside = (root: string) => join(dirname(dist), root);
  return { dist, routers: beside('routers'), bootstrap: beside('bootstrap') };
}

const STAGING = /^\.synth-(\d+)$/;
/** In the staging folder: the old output, until all of the new output is in place. */
const REPLACED = 'replaced';
const DISCARDED = 'discarded';

/** The staging folder of this process. It lies on the same file system as the output, so a rename moves its content. */
export function stagingFolder(repository: string): string {
  return join(repository, `.synth-${process.pid}`);
}

/** Copies the number book, so that synthesis keeps the numbers that the routers already use. */
export function stageNumbers(repository: string, staging: string, dist = DEFAULT_DIST): void {
  const numbers = join(repository, outputFolders(dist).routers, 'numbers.json');
  if (!existsSync(numbers)) return;
  mkdirSync(join(staging, 'routers'), { recursive: true });
  copyFileSync(numbers, join(staging, 'routers', 'numbers.json'));
}

/** Replaces the old output with the new one, completely or not at all. */
export function replaceOutput(repository: string, staging: string): void {
  mkdirSync(join(staging, REPLACED));
  try {
    for (const root of OUTPUT_ROOTS) {
      move(join(repository, root), join(staging, REPLACED, root));
      move(join(staging, root), join(repository, root));
    }
  } catch (cause) {
    restore(repository, staging);
    throw new Error(`the output could not be replaced and is unchanged: ${(cause as Error).message}`, { cause });
  }
  renameSync(join(staging, REPLACED), join(staging, DISCARDED)); // after this rename, the next run restores nothing
}

/** Restores what a killed run had moved aside, and removes the staging folders of dead runs. */
export function recoverOutput(repository: string): void {
  for (const name of readdirSync(repository)) {
    const pid = STAGING.exec(name)?.[1];
    if (pid === undefined || isAnotherRun(Number(pid))) continue;
    restore(repository, join(repository, name));
    rmSync(join(repository, name), { recursive: true, force: true });
  }
}

/** The files of all roots, in order. @throws InputError if one of the roots is something other than a folder. */
export function readOutput(repository: string, dist = DEFAULT_DIST): Map<string, Buffer> {
  const files = Object.entries(outputFolders(dist)).flatMap(([root, place]) => {
    const folder = join(repository, place);
    const isThere = lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
    if (isThere && statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw refuse(place, 'is not a folder', 'remove it, and run npm run synth');
    const paths = isThere ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    return paths.map((path) => ({ path: join(root, path), file: join(folder, path) }));
  });
  const sorted = files
    .filter(({ file }) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return new Map(sorted.map(({ path, file }) => [path, readFileSync(file)]));
}

/** File contents as text, by path. */
export function textsOf(files: OutputFiles): Map<string, string> {
  return new Map([...files].map(([path, content]) => [path, `${content}`]));
}

function restore(repository: string, staging: string): void {
  const replaced = join(staging, REPLACED);
  if (!existsSync(replaced)) return;
  for (const root of readdirSync(replaced)) {
    rmSync(join(repository, root), { recursive: true, force: true });
    renameSync(join(replaced, root), join(repository, root));
  }
}

function move(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

function isAnotherRun(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
