import { InputError } from '../lib/network';
import { ProjectError } from './project';
import { GitError } from './revision';
import { endWithReader } from './terminal';

/** The exit code of an error, for all scripts. */
export const ERROR = 2;

/** Runs a script in the current folder: its result is the exit code, and what users can mend is told without a stack. */
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
