/** `npm run import`: generates imports/ from the CRDs that cdk8s.yaml lists, without their descriptions. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { offerHelp } from './terminal';

const ROOT = join(__dirname, '..');

/** An entry `name:=address` of cdk8s.yaml. */
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

/** The CRD, from its address or, on machines without internet access, from `<folder>/<name>.yaml`. */
async function crdOf({ name, address }: Import, folder: string | undefined): Promise<string> {
  if (folder !== undefined) return readFileSync(join(folder, `${name}.yaml`), 'utf8');
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  return answer.text();
}

/** A schema without its descriptions. A property named description is kept: it holds a schema, not a text. */
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

offerHelp(`npm run import -- [FOLDER [OUTPUT]]: generates imports/ from the CRDs that cdk8s.yaml lists

  FOLDER   read NAME.yaml from this folder instead of the addresses
  OUTPUT   write to this folder instead of imports/

The CRDs' descriptions are left out, because their text belongs to other projects.
`);
main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`${error.message}; the remaining imports are unchanged\n`);
  process.exitCode = 1;
});
