/** `npm pack` runs this first: what a cdk8s project imports, as JavaScript with types and with the agent ready-made. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentBundle } from '../lib/charts/agent-bundle';

const REPOSITORY = join(__dirname, '..');
const PACKAGE = join(REPOSITORY, 'build', 'package');

rmSync(PACKAGE, { recursive: true, force: true });
const tsc = join(REPOSITORY, 'node_modules', '.bin', 'tsc');
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: REPOSITORY, stdio: 'inherit' });
if (status !== 0) process.exit(1);
mkdirSync(join(PACKAGE, 'lib', 'agent'), { recursive: true });
writeFileSync(join(PACKAGE, 'lib', 'agent', 'agent.cjs'), agentBundle());
