/** `npm run plan`: what merging the working dist does to the network. */
import { parseArgs } from 'node:util';
import { markdownOf, type Plan, planOf, planPage, terminalTextOf } from '../lib/review';
import { readOutput } from './output';
import { baseRevision, GitError, readRevision } from './revision';

const HELP = `npm run plan -- [REVISION] [options]: what merging dist/ and routers/ as they are now does to the network

  REVISION      compare with that Git revision        (default: the merge base with the main branch)
  --markdown    for a pull request or a job summary
  --json        for programs
  --exit-code   exit with 1 when anything changes
`;

const OPTIONS = {
  markdown: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  'exit-code': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

try {
  process.exitCode = main(process.cwd());
} catch (error) {
  const isTold = error instanceof GitError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  console.error(isTold ? (error as Error).message : error);
  process.exitCode = 2;
}

function main(repository: string): number {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help || positionals.length > 1) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const base = baseRevision(repository, positionals[0]);
  const working = new Map([...readOutput(repository)].map(([path, content]) => [path, `${content}`]));
  const plan = planOf(readRevision(repository, base.commit), working, base.text);
  process.stdout.write(textOf(plan, values));
  return values['exit-code'] && plan.isChanged ? 1 : 0;
}

function textOf(plan: Plan, { json, markdown }: { json: boolean; markdown: boolean }): string {
  if (json) return `${JSON.stringify(plan, null, 2)}\n`;
  if (markdown) return markdownOf(planPage(plan));
  const isColoured =
    process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return terminalTextOf(planPage(plan), isColoured);
}
