/** `npm run bundle`: bundles the agent into two files, for the Dockerfile. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT, bundleOf, fileNamesOf } from '../lib/charts/program/bundle';
import { offerHelp } from './terminal';

offerHelp(`npm run bundle: writes the agent to build/agent.cjs and build/routing.cjs, for the Dockerfile

It takes no options.
`);

const folder = join(process.cwd(), 'build');
mkdirSync(folder, { recursive: true });
for (const file of fileNamesOf(AGENT)) {
  const text = bundleOf(AGENT, file);
  writeFileSync(join(folder, file), text);
  console.log(`build/${file}: ${(Buffer.byteLength(text) / 1024).toFixed(1)} KiB`);
}
