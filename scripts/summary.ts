/** Summary of a synthesis: the files by their paths in the project. */
export type Output = ReadonlyMap<string, Buffer>;

type Change = 'new' | 'changed' | 'removed' | '';

/** One line per file with its size and its change, grouped by site. `isChanged`: whether any file changed. */
export function summary(before: Output, after: Output): { lines: string[]; isChanged: boolean } {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes = paths.map((path) => ({ path, change: changeOf(before.get(path), after.get(path)) }));
  const width = Math.max(...paths.map((path) => path.length));
  const lines = changes.map(({ path, change }) =>
    `${path.padEnd(width)} ${size(after.get(path)).padStart(10)}  ${change}`.trimEnd(),
  );
  const isChanged = changes.some(({ change }) => change !== '');
  return { lines: [...lines, isChanged ? 'Changed: review it with git diff.' : 'Unchanged.'], isChanged };
}

function changeOf(before: Buffer | undefined, after: Buffer | undefined): Change {
  if (before === undefined) return 'new';
  if (after === undefined) return 'removed';
  return before.equals(after) ? '' : 'changed';
}

function size(content: Buffer | undefined): string {
  if (content === undefined) return '-';
  return content.length < 1024 ? `${content.length} B` : `${(content.length / 1024).toFixed(1)} KiB`;
}
