import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page in docs/ that a script writes from the source. */
export interface GeneratedPage {
  readonly root: string;
  /** Its path below the root. */
  readonly path: string;
  readonly text: string;
}

/** Writes the page, or only compares it. @returns what to print, and the exit code. */
export function updatePage({ root, path, text }: GeneratedPage, isCheck: boolean): { output: string; code: number } {
  const file = join(root, path);
  const isFresh = existsSync(file) && readFileSync(file, 'utf8') === text;
  if (isCheck)
    return isFresh ? { output: '', code: 0 } : { output: `${path} is out of date; run npm run generate\n`, code: 1 };
  if (!isFresh) writeFileSync(file, text);
  return { output: `${path} ${isFresh ? 'is up to date' : 'updated'}\n`, code: 0 };
}

/** For scripts: the same according to `--check`. */
export function writePage(page: GeneratedPage): void {
  const { output, code } = updatePage(page, process.argv.includes('--check'));
  process.stdout.write(output);
  process.exitCode = code;
}
