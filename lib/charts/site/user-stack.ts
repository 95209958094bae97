import { join, sep } from 'node:path';
import type { InputError } from '../../network';

const OURS = ['lib', 'scripts'].map((folder) => join(__dirname, '..', '..', '..', folder, sep));

/** Leaves of a stack the places in the user's own files; what runs TypeScript, Node and this library are not among them. */
export function userFrames(stack: string): string {
  const isInternal = (line: string) =>
    /^ {4}at /.test(line) &&
    (/[\\/]node_modules[\\/]|\bnode:/.test(line) || OURS.some((folder) => line.includes(folder)));
  return stack
    .split('\n')
    .filter((line) => !isInternal(line))
    .join('\n');
}

/** Node prints the stack and all properties of an error that nobody catches: the message says it all. */
export function forUsers(error: InputError): InputError {
  Object.defineProperty(error, 'findings', { enumerable: false });
  error.stack = userFrames(error.stack ?? error.message);
  return error;
}
