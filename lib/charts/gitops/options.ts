import { refuse } from '../../network';

/** What happens to the objects in the cluster when their Application or Kustomization is deleted. */
export type OnDelete = 'keep' | 'remove';

/** A folder below the root of a repository, without leading or trailing slashes, which the tools treat differently. */
export function readFolder(value: unknown): string {
  const steps = typeof value === 'string' ? value.split('/') : [];
  if (steps.length > 0 && steps.every((step) => /^[-\w.]*\w[-\w.]*$/.test(step))) return value as string;
  throw refuse(value, 'is not a folder in a repository', 'write its path from the root, e.g. "dist/example"');
}

/** A reader for URLs with one of these schemes. It rejects credentials, which must not be in Git. */
export function addressOf(example: string, ...schemes: readonly string[]): (value: unknown) => string {
  const known = new RegExp(`^(?:${schemes.join('|')})://[^\\s/]+/?\\S*$`);
  return (value) => {
    const isAddress = typeof value === 'string' && (known.test(value) || isScpLike(value, schemes));
    if (!isAddress) throw refuse(value, 'is not the address of a repository', `write e.g. "${example}"`);
    if (/^https?:\/\/[^/]*@/.test(value) || /^ssh:\/\/[^/@]*:[^/@]*@/.test(value))
      throw refuse('…', 'contains credentials', 'put them into a Secret in the cluster');
    return value;
  };
}

/** `git@host:path`, which Argo CD accepts and Flux does not. */
function isScpLike(value: string, schemes: readonly string[]): boolean {
  return schemes.includes('scp') && /^[-\w.]+@[-\w.]+:[^\s:]+$/.test(value);
}

/** A branch, a tag or a commit. */
export function readRevision(value: unknown): string {
  if (typeof value === 'string' && /^[\w.][-\w./+]*$/.test(value)) return value;
  throw refuse(value, 'is not a branch, tag or commit', 'write e.g. "main"');
}
