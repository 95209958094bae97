import { InputError } from '../lib/network';
import { ProjectError } from './project';
import { GitError } from './revision';
import { endWithReader } from './terminal';

/** The exit code of an error, for all scripts. */
export const ERROR = 2;

/**
 * Runs a script in the current folder. Its result is the exit code; errors that users can fix are reported without a
 * stack trace.
 */
export function run(main: (project: string) => number): void {
  endWithReader();
  try {
    process.exitCode = main(process.cwd());
  } catch (error) {
    console.error(isForUsers(error as NodeJS.ErrnoException) ? (error as Error).message : error);
    process.exitCode = ERROR;
  }
}

function isForUsers(error: NodeJS.ErrnoException): boolean {
  const isKnown = error instanceof GitError || error instanceof ProjectError || error instanceof InputError;
  return isKnown || error.code?.startsWith('ERR_PARSE_ARGS') === true;
}
