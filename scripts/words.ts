import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In the repository, the scripts are TypeScript; in the package, they are compiled. */
const isPackage = __filename.endsWith('.js');

/** The command that a user runs for a script, for messages: npm in the template, the bin in a project with the package. */
export function callOf(script: 'plan' | 'status' | 'diagram' | 'check' | 'prove' | 'numbers'): string {
  return isPackage ? `npx onprem-link ${script}` : `npm run ${script} --`;
}

/** The command that writes the output of a project. */
export function synthCommand(project: string): string {
  const manifest = join(project, 'package.json');
  const { scripts = {} } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  return scripts.synth === undefined ? 'npx cdk8s synth' : 'npm run synth';
}
