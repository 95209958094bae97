/** `npm run release`: writes everything that a release publishes to build/release. It publishes nothing. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleOf, fileNamesOf, PROGRAMS } from '../lib/charts/program/bundle';
import { readOutput, textsOf } from './output';
import { ProjectError } from './project';
import { releaseOf, restartNote, type Sbom, sbomOf } from './release-notes';
import { readRevision } from './revision';
import { run } from './run';

const HELP = `npm run release -- [--tag TAG] [--repository URL]: what a release publishes, in build/release

  onprem-link-VERSION.tgz      the npm package
  *.cjs                        the programs that run in a cluster, as they are in dist/
  sbom.cdx.json                what the package consists of, as CycloneDX
  checksums.txt                SHA-256 of all of them, for sha256sum --check
  notes.md                     what changed, and whether nodes restart

The version is that of CHANGELOG.md; package.json and TAG have to agree. URL goes into the package, where npm holds its
provenance against it. Nothing is published.

Exit code: 0 made, 2 an error.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  tag: { type: 'string' },
  repository: { type: 'string' },
} as const;

run((project) => {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const read = (name: string) => readFileSync(join(project, name), 'utf8');
  const release = releaseOf(read('CHANGELOG.md'), JSON.parse(read('package.json')).version, values.tag);
  const output = join(project, 'build', 'release');
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });

  call('npm', ['run', '--silent', 'package'], project);
  const manifest = join(project, 'build', 'package', 'package.json');
  const { dependencies, peerDependencies, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
  const repository = values.repository && { repository: { type: 'git', url: `git+${values.repository}.git` } };
  writeFileSync(manifest, `${JSON.stringify({ ...rest, ...repository, peerDependencies, dependencies }, null, 2)}\n`);
  call('npm', ['pack', '--silent', '--pack-destination', output, './build/package'], project);

  for (const program of PROGRAMS)
    for (const file of fileNamesOf(program)) writeFileSync(join(output, file), bundleOf(program, file));
  const sbom = JSON.parse(call('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'], project));
  const ours = sbomOf(sbom as Sbom, Object.keys({ ...dependencies, ...peerDependencies }));
  writeFileSync(join(output, 'sbom.cdx.json'), `${JSON.stringify(ours, null, 2)}\n`);
  const files = readdirSync(output).sort();
  writeFileSync(
    join(output, 'checksums.txt'),
    files.map((name) => `${sha256(join(output, name))}  ${name}\n`).join(''),
  );
  const now = textsOf(readOutput(project));
  const note = restartNote(before(project, values.tag), now);
  writeFileSync(join(output, 'notes.md'), `${note}\n\n${release.changes}\n`);
  console.log(`${release.version}: ${[...files, 'checksums.txt', 'notes.md'].join(', ')} in build/release`);
  return 0;
});

/** The output at the newest version tag before this commit. @returns undefined if there is no such tag */
function before(project: string, tag = ''): Map<string, string> | undefined {
  const args = ['describe', '--tags', '--abbrev=0', '--match=v*', ...(tag === '' ? [] : [`--exclude=${tag}`])];
  const { status, stdout } = spawnSync('git', args, { cwd: project, encoding: 'utf8' });
  return status === 0 ? readRevision(project, stdout.trim()) : undefined;
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function call(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return stdout;
  throw new ProjectError(`${command} ${args.join(' ')} failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
}
