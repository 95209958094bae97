/** `npm run bundle`: bundles the agent into one file, for the Dockerfile. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentBundle } from '../lib/charts/program/bundle';
import { offerHelp } from './terminal';

offerHelp(`npm run bundle: writes the agent to build/agent.cjs, for the Dockerfile

It takes no options.
`);

const folder = join(process.cwd(), 'build');
const program = agentBundle();
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'agent.cjs'), program);
console.log(`build/agent.cjs: ${(Buffer.byteLength(program) / 1024).toFixed(1)} KiB`);
