import { overlapOf, pairUp } from './pairs';
import type { FileChange, Kind } from './types';

/** The number of lines added and removed, wherever they are in the text. */
export function countLines(before: string, after: string): { linesAdded: number; linesRemoved: number } {
  const counts = new Map<string, number>();
  for (const line of linesOf(before)) counts.set(line, (counts.get(line) ?? 0) - 1);
  for (const line of linesOf(after)) counts.set(line, (counts.get(line) ?? 0) + 1);
  let [linesAdded, linesRemoved] = [0, 0];
  for (const count of counts.values()) {
    if (count > 0) linesAdded += count;
    else linesRemoved -= count;
  }
  return { linesAdded, linesRemoved };
}

/** The changes between the files of two trees. A file with a new name and similar lines counts as renamed. */
export function changedFiles(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FileChange[] {
  const placed = (tree: ReadonlyMap<string, string>) =>
    new Map([...tree].map(([path, text]) => [path, { path, text }]));
  const pairs = pairUp(placed(before), placed(after), likeness);
  return pairs.flatMap(({ before: old, after: now }) => {
    const isRenamed = old !== undefined && now !== undefined && old.path !== now.path;
    if (old?.text === now?.text) return [];
    const path = (now ?? old)?.path as string;
    const counts = countLines(old?.text ?? '', now?.text ?? '');
    return [{ path, ...(isRenamed && { formerPath: old.path }), kind: kindOf(old, now), ...counts }];
  });
}

interface File {
  readonly path: string;
  readonly text: string;
}

/** The same router's file in another site's folder is the same file, however short it is. */
function likeness(old: File, now: File): number {
  const [file, folder] = old.path.split('/').reverse();
  const [fileNow, folderNow] = now.path.split('/').reverse();
  if (file !== fileNow) return 0;
  const share = overlapOf(linesOf(old.text), linesOf(now.text));
  return folder === folderNow ? 0.5 + share / 2 : share;
}

export function kindOf(before: unknown, after: unknown): Exclude<Kind, 'unchanged'> {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
