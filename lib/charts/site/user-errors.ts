import { join, sep } from 'node:path';
import { type InputError, refuse } from '../../network';

const OURS = ['lib', 'scripts'].map((folder) => join(__dirname, '..', '..', '..', folder, sep));

/**
 * Keeps only the stack frames in the user's own files, without those of the TypeScript loader, Node and this library.
 */
export function userFrames(stack: string): string {
  const isInternal = (line: string) =>
    /^ {4}at /.test(line) &&
    (/[\\/]node_modules[\\/]|\bnode:/.test(line) || OURS.some((folder) => line.includes(folder)));
  return stack
    .split('\n')
    .filter((line) => !isInternal(line))
    .join('\n');
}

/** Node prints the stack and all properties of an uncaught error, but the message alone is enough. */
export function forUsers(error: InputError): InputError {
  Object.defineProperty(error, 'findings', { enumerable: false });
  error.stack = userFrames(error.stack ?? error.message);
  return error;
}

/**
 * The check that TypeScript makes, for users of JavaScript: without a Site, there is nowhere to collect findings.
 * @throws InputError for another scope
 */
export function requireSite(scope: unknown, construct: string): void {
  // Not with instanceof, which fails between two copies of this package.
  if (typeof scope === 'object' && scope !== null && 'claim' in scope && 'findings' in scope) return;
  const given = typeof scope === 'object' ? (scope?.constructor.name ?? null) : scope;
  const remedy = `write new ${construct}(site, …), where site is new Site('example', { cluster: … })`;
  throw forUsers(refuse(given, 'is not a Site', remedy));
}
