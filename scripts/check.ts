/** `npm run check`: checks the committed files in a pull request, within seconds. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { isConsistent, planPage, proofLines, proofsOf, terminalTextOf } from '../lib/review';
import { compare, planOfComparison, type StaleFile } from './comparison';
import { ERROR, run } from './run';
import { callOf, synthCommand } from './words';

const HELP = `${callOf('check')} [REVISION]: whether the committed files are right; changes nothing

  1. The types are right (tsc, if there is a tsconfig.json).
  2. dist/, routers/ and bootstrap/ equal the output of main.ts.
  3. Every path that the sites promise is consistent (see ${callOf('prove')} --help).
  4. The plan against REVISION is shown             (default: the merge base with the main branch)

Exit code: 0 everything is right, 1 something is wrong, 2 an error.
`;

const OPTIONS = { help: { type: 'boolean', short: 'h', default: false } } as const;

run((project) => {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help || positionals.length > 1) {
    console.log(HELP);
    return values.help ? 0 : ERROR;
  }
  const { ok, text } = checkTypes(project);
  process.stdout.write(text);
  const comparison = compare(project, positionals[0], true);
  const { stale } = comparison;
  process.stdout.write(staleText(stale, project));
  const proofs = proofsOf(comparison.after);
  process.stdout.write(proofLines(proofs));
  process.stdout.write(terminalTextOf(planPage(planOfComparison(comparison)), false));
  return ok && stale.length === 0 && proofs.every(isConsistent) ? 0 : 1;
});

function checkTypes(project: string): { ok: boolean; text: string } {
  if (!existsSync(join(project, 'tsconfig.json'))) return { ok: true, text: 'types: skipped, no tsconfig.json\n' };
  const tsc = compilerOf(project);
  if (tsc === undefined) return { ok: true, text: 'types: skipped, TypeScript is not installed\n' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '--noEmit', '--project', project], {
    cwd: project,
    encoding: 'utf8',
  });
  return status === 0 ? { ok: true, text: 'types: right\n' } : { ok: false, text: `types: wrong\n${stdout}${stderr}` };
}

function compilerOf(project: string): string | undefined {
  try {
    const manifest = createRequire(join(project, 'package.json')).resolve('typescript/package.json');
    return join(dirname(manifest), 'bin', 'tsc');
  } catch {
    return undefined;
  }
}

function staleText(stale: readonly StaleFile[], project: string): string {
  if (stale.length === 0) return 'output: up to date\n';
  const lines = stale.map(({ path, kind }) => `  ${path} ${kind}\n`).join('');
  const isLeft = stale.some(({ kind }) => kind === 'left over');
  const remedy = `Run ${synthCommand(project)}${isLeft ? ', delete the files left over,' : ''} and commit the result.`;
  return `output: out of date\n${lines}${remedy}\n`;
}
