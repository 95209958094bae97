import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folders that synthesis writes, beside one another: the first is CDK8S_OUTDIR. They are replaced together. */
export const OUTPUT_ROOTS = ['dist', 'routers', 'bootstrap'] as const;

export type OutputRoot = (typeof OUTPUT_ROOTS)[number];

/** Contents by path, e.g. `dist/example/node-routes.k8s.yaml`. */
export type OutputFiles = ReadonlyMap<string, Buffer>;

/** Where a project has these folders, unless its cdk8s.yaml names another `output`. */
export const DEFAULT_DIST = 'dist';

/** The folders by root: the others lie beside the one that cdk8s writes. */
export function outputFolders(dist: string): Record<OutputRoot, string> {
  const beside = (root: string) => join(dirname(dist), root);
  return { dist, routers: beside('routers'), bootstrap: beside('bootstrap') };
}

const STAGING = /^\.synth-(\d+)$/;
/** Inside the staging folder: what was there before, until all of the new is in its place. */
const REPLACED = 'replaced';
const DISCARDED = 'discarded';

/** The staging folder of this process, beside what it will replace, so that moving is renaming. */
export function stagingFolder(repository: string): string {
  return join(repository, `.synth-${process.pid}`);
}

/** Synthesis goes on from the numbers that the routers already have. */
export function stageNumbers(repository: string, staging: string, dist = DEFAULT_DIST): void {
  const numbers = join(repository, outputFolders(dist).routers, 'numbers.json');
  if (!existsSync(numbers)) return;
  mkdirSync(join(staging, 'routers'), { recursive: true });
  copyFileSync(numbers, join(staging, 'routers', 'numbers.json'));
}

/** Puts the new output in the place of the old one, all of it or nothing. */
export function replaceOutput(repository: string, staging: string): void {
  mkdirSync(join(staging, REPLACED));
  try {
    for (const root of OUTPUT_ROOTS) {
      move(join(repository, root), join(staging, REPLACED, root));
      move(join(staging, root), join(repository, root));
    }
  } catch (cause) {
    restore(repository, staging);
    throw new Error(`the output could not be replaced and is as it was: ${(cause as Error).message}`, { cause });
  }
  renameSync(join(staging, REPLACED), join(staging, DISCARDED)); // from here on a crash restores nothing
}

/** Brings back what a run replaced that was killed in the middle of it, and removes the folders of dead runs. */
export function recoverOutput(repository: string): void {
  for (const name of readdirSync(repository)) {
    const pid = STAGING.exec(name)?.[1];
    if (pid === undefined || isAnotherRun(Number(pid))) continue;
    restore(repository, join(repository, name));
    rmSync(join(repository, name), { recursive: true, force: true });
  }
}

/** The files of all roots, in order. */
export function readOutput(repository: string, dist = DEFAULT_DIST): Map<string, Buffer> {
  const files = Object.entries(outputFolders(dist)).flatMap(([root, place]) => {
    const folder = join(repository, place);
    const paths = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    return paths.map((path) => ({ path: join(root, path), file: join(folder, path) }));
  });
  const sorted = files.filter(({ file }) => statSync(file).isFile()).sort((a, b) => (a.path < b.path ? -1 : 1));
  return new Map(sorted.map(({ path, file }) => [path, readFileSync(file)]));
}

/** The contents as text. */
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
