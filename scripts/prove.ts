/** `npm run prove`: checks from the files in dist/ and routers/ that every promised path works. */
import { parseArgs } from 'node:util';
import { refuse } from '../lib/network';
import { markdownOf, proofPage, proofsOf, proofText, type SiteProof, wayPicture } from '../lib/review';
import { readOutput, textsOf } from './output';
import { distOf } from './project';
import { ERROR, run } from './run';
import { callOf, synthCommand } from './words';

const HELP = `${callOf('prove')} [options]: follows packets to every promised server, and their answers, hop by hop

It reads the files in dist/ and routers/. Only the promises come from routers/SITE/promises.json, so
the command also finds a Service that is missing. It sends no packets and changes nothing.

  --brief        omit the hops of paths that are consistent
  --strict       exit with 1 as well if a path rests on an assumption that main.ts could settle
  --picture PATH one path as a Mermaid diagram: its name, or a part of it
  --markdown     for a pull request or a job summary
  --json         for programs

Exit code: 0 all paths are consistent, 1 one is broken, 2 an error: a file is missing, or has a line that the command
cannot parse.
`;

const OPTIONS = {
  brief: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  picture: { type: 'string' },
  markdown: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const BROKEN = 1;

run((project) => {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help || positionals.length > 0) {
    console.log(HELP);
    return values.help ? 0 : ERROR;
  }
  const proofs = proofsOfProject(project);
  process.stdout.write(textOf(proofs, values));
  return isBroken(proofs, values.strict) ? BROKEN : 0;
});

/** @throws InputError if the output has no promises to prove */
function proofsOfProject(project: string): SiteProof[] {
  const proofs = proofsOf(textsOf(readOutput(project, distOf(project))));
  if (proofs.length > 0) return proofs;
  throw refuse('routers/', 'holds no promises.json, which lists the paths to prove', `run ${synthCommand(project)}`);
}

/** With --strict, a result may rest only on the files, or on assumptions that no file could settle. */
function isBroken(proofs: readonly SiteProof[], isStrict: boolean): boolean {
  const isWrong = proofs.some(({ ways }) =>
    ways.some(({ result }) => result === 'broken' || (isStrict && result === 'assumed')),
  );
  return isWrong || (isStrict && proofs.some(({ isUnsaid }) => isUnsaid));
}

interface Form {
  readonly brief: boolean;
  readonly json: boolean;
  readonly markdown: boolean;
  readonly picture?: string | undefined;
}

function textOf(proofs: readonly SiteProof[], { brief, json, markdown, picture }: Form): string {
  if (json) return `${JSON.stringify(proofs, null, 2)}\n`;
  if (markdown) return markdownOf(proofPage(proofs));
  if (picture === undefined) return proofText(proofs, brief);
  const way = proofs.flatMap(({ ways }) => ways).find(({ name }) => name.includes(picture));
  if (way !== undefined) return wayPicture(way);
  throw refuse(picture, 'matches no path', `see ${callOf('prove')} --brief for their names`);
}
