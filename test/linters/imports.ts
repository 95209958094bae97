import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY, TYPESCRIPT } from '../repository';
import { type Report, unique } from './report';
import type { Installed } from './tools';

/** Checks that `npm run import` generates the files in imports/. */
export function cdk8sImport({ crds }: Installed): Report {
  const scratch = mkdtempSync(join(tmpdir(), 'imports-'));
  try {
    for (const [name, text] of crds) writeFileSync(join(scratch, `${name}.yaml`), text);
    const [made, committed] = [join(scratch, 'made'), join(REPOSITORY, 'imports')];
    mkdirSync(made);
    const command = [...TYPESCRIPT, join(REPOSITORY, 'scripts', 'import.ts'), scratch, made];
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: REPOSITORY, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm run import: ${stderr}`);
    const textOf = (folder: string, file: string) =>
      readdirSync(folder).includes(file) ? readFileSync(join(folder, file), 'utf8') : undefined;
    const files = unique([...readdirSync(made), ...readdirSync(committed)]);
    const differing = files.filter((file) => textOf(made, file) !== textOf(committed, file));
    return {
      tool: 'cdk8s-cli',
      passed: `${files.length} files in imports/ equal to what it generates from the released CRDs`,
      silenced: [],
      findings: differing.map((file) => ({ id: 'differs', where: `imports/${file}`, says: 'run npm run import' })),
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
