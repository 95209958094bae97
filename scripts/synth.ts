/** `npm run synth`: runs main.ts in this folder and replaces its output as a whole, or leaves it unchanged. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { throwIfIncomplete } from '../lib/charts/site/site';
import { userFrames } from '../lib/charts/site/user-errors';
import { InputError, refuse } from '../lib/network';
import { OUTPUT_ROOTS, readOutput, recoverOutput, replaceOutput, stageNumbers, stagingFolder } from './output';
import { summary } from './summary';
import { offerHelp } from './terminal';

offerHelp(`npm run synth: runs main.ts of this folder and replaces dist/ and routers/ as a whole, or leaves them as they were

It takes no options. Exit code 1: something is rejected, and nothing was written.
`);

const PROJECT = process.cwd();
const STAGING = stagingFolder(PROJECT);
let isFinished = false;

process.on('exit', (code) => {
  rmSync(STAGING, { recursive: true, force: true });
  if (code === 0 && !isFinished) {
    console.error('"main.ts" ended the program itself, so nothing was written; remove its process.exit()');
    process.exitCode = 1;
  }
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
process.on('uncaughtException', (error) => {
  console.error(messageOf(error));
  process.exit(1);
});
// beforeExit fires when no work is pending, so a main.ts that waits for a promise or timer has finished.
process.once('beforeExit', (code) => {
  if (code === 0) finish();
});
if (!existsSync(join(PROJECT, 'main.ts'))) throw refuse(PROJECT, 'holds no main.ts', 'run it in the folder that does');
recoverOutput(PROJECT);
setImmediate(() => {}); // one turn of the event loop, so that a pending signal is handled before main.ts runs

process.env.CDK8S_OUTDIR = join(STAGING, OUTPUT_ROOTS[0]);
stageNumbers(PROJECT, STAGING);
require(join(PROJECT, 'main'));

function finish(): void {
  isFinished = true;
  throwIfIncomplete();
  const made = readOutput(STAGING);
  if (made.size === 0) throw refuse('main.ts', 'synthesised nothing', 'call site.synth() at its end');
  const { lines, isChanged } = summary(readOutput(PROJECT), made);
  if (isChanged) replaceOutput(PROJECT, STAGING);
  console.log(lines.join('\n'));
}

/** A rejected site, or source that tsx, esbuild or cdk8s rejects, is not a bug of this package: no stack trace. */
function messageOf(error: Error): string {
  const isTold = error instanceof InputError || /^(?:Validation|Transform|Build) failed/.test(error.message);
  return isTold ? error.message : userFrames(error.stack ?? error.message);
}
