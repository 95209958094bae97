/** Compares the output of main.ts with a revision and with the files in the working tree. */
import { overlapsAcross, type Plan, planOf, type SiteTopology, type Tree } from '../lib/review';
import { readOutput, textsOf } from './output';
import { distOf, synthesise } from './project';
import { type Base, baseRevision, readRevision } from './revision';

export interface Comparison {
  readonly base: Base;
  readonly before: Tree;
  readonly after: Tree;
  /** The sites of main.ts; empty if main.ts was not run. */
  readonly pictures: readonly SiteTopology[];
  /** Files that differ from the output of main.ts. */
  readonly stale: readonly StaleFile[];
}

export interface StaleFile {
  readonly path: string;
  readonly kind: 'changed' | 'missing' | 'left over';
}

/** The label that every generated object carries. Other objects in the same folder belong to the site too. */
const OURS = /^ {4}app\.kubernetes\.io\/part-of: onprem-link$/m;

/**
 * @param revision to compare with. @default the merge base with the main branch
 * @param synth true: run main.ts; false: take dist/ as it is
 */
export function compare(project: string, revision: string | undefined, synth: boolean): Comparison {
  const dist = distOf(project);
  const base = baseRevision(project, revision);
  const working = textsOf(readOutput(project, dist));
  const { files, pictures } = synth ? synthesise(project) : { files: undefined, pictures: [] };
  const made = files === undefined ? working : textsOf(files);
  const trees = [readRevision(project, base.commit, dist), working, made] as const;
  const sites = new Set([...pictures.map(({ site }) => site), ...trees.flatMap(sitesIn)]);
  const [before, now, after] = trees.map((tree) => only(sites, tree)) as [Tree, Tree, Tree];
  return { base, before, after, pictures, stale: staleFiles(now, after) };
}

/** Folders in dist/ that hold a generated object: other Apps of the project may write folders beside them. */
function sitesIn(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    const site = siteOf(path);
    return site !== undefined && OURS.test(text) ? [site] : [];
  });
}

function siteOf(path: string): string | undefined {
  return /^dist\/([^/]+)\//.exec(path)?.[1];
}

function only(sites: ReadonlySet<string>, tree: Tree): Tree {
  const isWanted = (path: string) => !path.startsWith('dist/') || sites.has(siteOf(path) ?? '');
  return new Map([...tree].filter(([path]) => isWanted(path)));
}

export function staleFiles(working: Tree, made: Tree): StaleFile[] {
  const paths = [...new Set([...working.keys(), ...made.keys()])].sort();
  return paths.flatMap((path): StaleFile[] => {
    if (working.get(path) === made.get(path)) return [];
    if (!working.has(path)) return [{ path, kind: 'missing' }];
    return [{ path, kind: made.has(path) ? 'changed' : 'left over' }];
  });
}

/** The plan of a comparison, without the list of stale files. */
export function planOfComparison({ before, after, base, pictures }: Comparison): Plan {
  const overlaps = overlapsAcross(pictures);
  return { ...planOf(before, after, base.text), ...(overlaps.length > 0 && { overlaps }) };
}
