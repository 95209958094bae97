import { spawnSync } from 'node:child_process';
import { DEFAULT_DIST, outputFolders } from './output';
import { callOf } from './words';

/** Git cannot answer a question about the repository; the message gives the remedy. */
export class GitError extends Error {}

/** The revision that the working tree is compared with. */
export interface Base {
  readonly commit: string;
  /** For messages: `4f2a1c9 (merge base with origin/main)`. */
  readonly text: string;
}

/** Candidates for the main branch; the first that exists is used. The workflow of a pull request names its own. */
function mainBranches(): string[] {
  const { GITHUB_BASE_REF: base = '' } = process.env;
  return [...(base === '' ? [] : [`origin/${base}`]), 'origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'];
}

/**
 * Resolves the given revision, or the merge base with the main branch.
 * @throws GitError if the revision does not exist, or the history is too shallow for the merge base
 */
export function baseRevision(repository: string, revision?: string): Base {
  const git = (...args: string[]) => gitText(repository, args);
  if (revision !== undefined) {
    const commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
    if (commit !== undefined) return { commit, text: `${commit.slice(0, 7)} (${revision})` };
    throw new GitError(`${JSON.stringify(revision)} is not a revision of this repository${shallowHint(git)}`);
  }
  const branch = mainBranches().find(
    (name) => git('rev-parse', '--verify', '--quiet', `${name}^{commit}`) !== undefined,
  );
  if (branch === undefined)
    throw new GitError(
      `there is no main branch to compare with; name a revision: ${callOf('plan')} HEAD~1${shallowHint(git)}`,
    );
  const commit = git('merge-base', branch, 'HEAD');
  if (commit !== undefined) return { commit, text: `${commit.slice(0, 7)} (merge base with ${branch})` };
  throw new GitError(
    `HEAD and ${branch} have no common commit${shallowHint(git) || `; name a revision: ${callOf('plan')} HEAD~1`}`,
  );
}

/** The output in a commit, texts by path. Two calls of Git read any number of files. */
export function readRevision(repository: string, commit: string, dist = DEFAULT_DIST): Map<string, string> {
  const folders = Object.entries(outputFolders(dist));
  const listed = run(repository, ['ls-tree', '-r', '-z', commit, '--', ...folders.map(([, folder]) => folder)]);
  const entries = `${listed}`.split('\0').flatMap((line) => {
    const [, type, id, path] = /^\d+ (\w+) (\w+)\t(.*)$/s.exec(line) ?? [];
    const [root, folder] = folders.find(([, place]) => path?.startsWith(`${place}/`)) ?? [];
    if (type !== 'blob' || root === undefined) return [];
    return [{ id: id as string, path: `${root}${(path as string).slice(folder?.length)}` }];
  });
  if (entries.length === 0) return new Map();
  const answers = run(repository, ['cat-file', '--batch'], entries.map(({ id }) => `${id}\n`).join(''));
  const texts = new Map<string, string>();
  let position = 0;
  for (const { path } of entries) {
    const end = answers.indexOf('\n', position);
    const head = answers.toString('utf8', position, end);
    const size = Number(head.split(' ')[2]);
    if (Number.isNaN(size)) throw new GitError(`${path} of ${commit.slice(0, 7)} is not in this clone: ${head}`);
    texts.set(path, answers.toString('utf8', end + 1, end + 1 + size));
    position = end + 1 + size + 1;
  }
  return texts;
}

function shallowHint(git: (...args: string[]) => string | undefined): string {
  if (git('rev-parse', '--is-shallow-repository') !== 'true') return '';
  return '; this clone is shallow: git fetch --unshallow, or fetch-depth: 0 in actions/checkout';
}

function gitText(repository: string, args: readonly string[]): string | undefined {
  const { status, stdout, error } = spawnSync('git', args, { cwd: repository, encoding: 'utf8' });
  if (error !== undefined) throw new GitError(`git cannot be run: ${error.message}`);
  return status === 0 ? stdout.trim() : undefined;
}

function run(repository: string, args: readonly string[], input = ''): Buffer {
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd: repository, input, maxBuffer: 2 ** 30 });
  if (error !== undefined) throw new GitError(`git cannot be run: ${error.message}`);
  if (status !== 0) throw new GitError(`git ${args[0]}: ${`${stderr}`.trim()}`);
  return stdout;
}
