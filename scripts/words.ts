import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In the repository the scripts are TypeScript; the package holds them compiled. */
const isPackage = __filename.endsWith('.js');

/** How a user calls a script, for messages: in the template by npm, from the package by its bin. */
export function callOf(script: 'plan' | 'status' | 'diagram' | 'check' | 'prove'): string {
  return isPackage ? `npx onprem-link ${script}` : `npm run ${script} --`;
}

/** How the output of a project is made. */
export function synthCommand(project: string): string {
  const manifest = join(project, 'package.json');
  const { scripts = {} } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  return scripts.synth === undefined ? 'npx cdk8s synth' : 'npm run synth';
}
