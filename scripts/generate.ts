/** `npm run generate`: writes every generated file that needs neither root nor the network. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { offerHelp } from './terminal';

/** Scripts with their arguments. All run, even if one fails; the exit code is that of the first failure. */
const SCRIPTS: readonly (readonly [script: string, ...args: readonly string[]])[] = [
  ['synth'],
  ['reference'],
  ['errors'],
  ['diagram', 'docs/review.md'],
];

offerHelp(`npm run generate: writes dist/, routers/, docs/reference.md, docs/errors.md and the diagram of docs/review.md

Run it after a change to main.ts or lib, and commit what it writes.
`);

process.exitCode = SCRIPTS.map(([script, ...args]) => {
  const command = ['--require', 'tsx/cjs', join(__dirname, `${script}.ts`), ...args];
  return spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
}).find((status) => status !== 0);
