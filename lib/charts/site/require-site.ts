import { refuse } from '../../network';
import { forUsers } from './user-stack';

/**
 * What TypeScript checks, for users of JavaScript: without a Site there is nowhere to gather findings.
 * @throws InputError for another scope
 */
export function requireSite(scope: unknown, construct: string): void {
  // Not by instanceof, which fails between two copies of this package.
  if (typeof scope === 'object' && scope !== null && 'claim' in scope && 'findings' in scope) return;
  const given = typeof scope === 'object' ? (scope?.constructor.name ?? null) : scope;
  const remedy = `write new ${construct}(site, …), where site is new Site('example', { cluster: … })`;
  throw forUsers(refuse(given, 'is not a Site', remedy));
}
