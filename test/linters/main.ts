/** `npm run lint:manifests`: runs the real linters on a site that uses every option, and writes docs/linters.md from their output. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offerHelp } from '../../scripts/terminal';
import { REPOSITORY, TYPESCRIPT } from '../repository';
import { cdk8sImport } from './imports';
import { kustomize } from './kustomize';
import { fluxBuild, kubeconform } from './manifests';
import type { Report } from './report';
import { checkov, kubeScore, trivy } from './scanners';
import { type Installed, installTools, versionOf } from './tools';
import { workflows } from './workflows';

const MARKERS = ['<!-- printed by npm run lint:manifests -->', '<!-- end -->'] as const;
const PAGE = join(REPOSITORY, 'docs', 'linters.md');

function tableOf(reports: readonly Report[]): string {
  return [
    '| tool | version | passed | disabled |',
    '| --- | --- | --- | --- |',
    ...reports.map(
      ({ tool, passed, silenced }) =>
        `| ${tool} | ${versionOf(tool)} | ${passed} | ${silenced.map((id) => `\`${id}\``).join(', ') || 'nothing'} |`,
    ),
  ].join('\n');
}

/** The exit code if a tool could not be installed. */
const NOT_INSTALLED = 3;

function installed(): Installed | undefined {
  try {
    return installTools();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = NOT_INSTALLED;
    return undefined;
  }
}

function main(): void {
  const tools = installed();
  if (tools === undefined) return;
  const find = tools.program;
  const folder = mkdtempSync(join(tmpdir(), 'linted-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, [...TYPESCRIPT, 'test/linters/site.ts'], {
      cwd: REPOSITORY,
      encoding: 'utf8',
      env: { ...process.env, CDK8S_OUTDIR: join(folder, 'dist') },
    });
    if (status !== 0) throw new Error(`the site could not be synthesised: ${stderr}`);
    const dist = join(folder, 'dist', 'every-option');
    const reports = [
      checkov(find, dist),
      kubeScore(find, dist),
      trivy(find, dist),
      kubeconform(tools, dist),
      kustomize(find, dist),
      fluxBuild(find, dist),
      ...workflows(find),
      cdk8sImport(tools),
    ];
    for (const { tool, findings, passed } of reports) {
      process.stdout.write(`${tool}: ${passed}, ${findings.length} findings\n`);
      for (const { id, where, says } of findings) process.stdout.write(`  ${id} ${where}: ${says}\n`);
    }
    const text = readFileSync(PAGE, 'utf8');
    const [before, after] = [text.split(MARKERS[0])[0], text.split(MARKERS[1])[1]];
    writeFileSync(PAGE, `${before}${MARKERS[0]}\n\n${tableOf(reports)}\n\n${MARKERS[1]}${after}`);
    if (reports.some(({ findings }) => findings.length > 0)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

offerHelp(`npm run lint:manifests: installs pinned versions of linters, runs them on a site that uses every option, and writes
docs/linters.md

Exit code: 0 no findings, 1 findings, 3 a linter could not be installed, for example because Go is missing.
`);
main();
