/** `npm run plan`: shows how merging the edited main.ts changes the network. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { refuse } from '../lib/network';
import { markdownOf, type Plan, planPage, routerChangesOf, terminalTextOf } from '../lib/review';
import { type Comparison, compare, planOfComparison } from './comparison';
import { ERROR, run } from './run';
import { callOf, synthCommand } from './words';

const HELP = `${callOf('plan')} [REVISION] [options]: what merging main.ts as it is now does to the network

  REVISION      compare with that Git revision        (default: the merge base with the main branch)
  --markdown    for a pull request or a job summary
  --json        for programs
  --routers DIR write into DIR, for each end of a VPN, the commands that change its router from the revision
                to now; DIR must be empty or not exist, and is not for Git
  --no-synth    compare dist/ and routers/ as they are, without running main.ts
  --exit-code   exit with 1 if anything changes, with 3 if dist/ or routers/ differ from the output of main.ts

Exit code 2 is an error.
`;

const OPTIONS = {
  markdown: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  routers: { type: 'string' },
  'no-synth': { type: 'boolean', default: false },
  'exit-code': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const CHANGES = 1;
const STALE = 3;

run((project) => {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help || positionals.length > 1) {
    console.log(HELP);
    return values.help ? 0 : ERROR;
  }
  const comparison = compare(project, positionals[0], !values['no-synth']);
  const plan = planFor(comparison, project);
  if (values.routers !== undefined) writeRouterChanges(comparison, values.routers);
  process.stdout.write(textOf(plan, values));
  if (!values['exit-code']) return 0;
  if (plan.stale !== undefined) return STALE;
  return plan.isChanged ? CHANGES : 0;
});

/** @throws InputError if the folder is not empty: the files already there could be mistaken for part of the change. */
function writeRouterChanges({ before, after }: Comparison, folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw refuse(folder, 'is not empty', 'name a folder that does not exist yet');
  for (const [path, text] of routerChangesOf(before, after)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function planFor(comparison: Comparison, project: string): Plan {
  const { stale } = comparison;
  const plan = planOfComparison(comparison);
  if (stale.length === 0) return plan;
  return { ...plan, stale: { files: stale.map(({ path }) => path), remedy: synthCommand(project) } };
}

function textOf(plan: Plan, { json, markdown }: { json: boolean; markdown: boolean }): string {
  if (json) return `${JSON.stringify(plan, null, 2)}\n`;
  if (markdown) return markdownOf(planPage(plan));
  const isColoured =
    process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return terminalTextOf(planPage(plan), isColoured);
}
