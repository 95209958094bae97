/** `npm run import`: makes imports/ from the CRDs that cdk8s.yaml lists, without their prose. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { offerHelp } from './terminal';

const ROOT = join(__dirname, '..');

/** `name:=address`, as cdk8s.yaml has it. */
interface Import {
  readonly name: string;
  readonly address: string;
}

function importsOf(text: string): Import[] {
  const { imports } = parse(text) as { imports: string[] };
  return imports.map((one) => {
    const [name, address] = one.split(':=') as [string, string];
    return { name, address };
  });
}

/** The CRD, from its address or, for machines without a way to it, from `<folder>/<name>.yaml`. */
async function crdOf({ name, address }: Import, folder: string | undefined): Promise<string> {
  if (folder !== undefined) return readFileSync(join(folder, `${name}.yaml`), 'utf8');
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  return answer.text();
}

/** A schema without its descriptions. A property that is called description is none: it holds a schema. */
function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== 'description' || typeof inner !== 'string');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutProse(inner)]));
}

async function main([from, output = join(ROOT, 'imports')]: readonly string[]): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'import-'));
  try {
    for (const one of importsOf(readFileSync(join(ROOT, 'cdk8s.yaml'), 'utf8'))) {
      const documents = parseAllDocuments(await crdOf(one, from)).map((document) => withoutProse(document.toJS()));
      const file = join(scratch, `${one.name}.yaml`);
      writeFileSync(file, documents.map((document) => stringify(document)).join('---\n'));
      const cdk8s = join(ROOT, 'node_modules', '.bin', 'cdk8s');
      const args = ['import', `${one.name}:=${file}`, '--language=typescript', `--output=${output}`, '--no-save'];
      const { status, stderr } = spawnSync(cdk8s, args, { cwd: ROOT, encoding: 'utf8' });
      if (status !== 0) throw new Error(`cdk8s import ${one.name}: ${stderr}`);
      process.stdout.write(`${one.name}: ${from ?? one.address}\n`);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

offerHelp(`npm run import -- [FOLDER [OUTPUT]]: makes imports/ anew from the CRDs that cdk8s.yaml lists

  FOLDER   take NAME.yaml from there instead of the addresses
  OUTPUT   write there instead of imports/

The CRDs' descriptions are left out: what is committed is shapes, not other people's prose.
`);
main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`${error.message}; nothing else is changed\n`);
  process.exitCode = 1;
});
