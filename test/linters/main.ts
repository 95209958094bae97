/** `npm run lint:manifests`: runs the real linters on a site that uses every option, and writes docs/linters.md from their output. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { REPOSITORY, TYPESCRIPT } from '../repository';
import { type Installed, installTools, RELEASES, type Tool, versionOf } from './tools';

/** A finding of a linter. */
interface Finding {
  readonly id: string;
  readonly where: string;
  readonly says: string;
}

/** The result of one linter. */
interface Report {
  readonly tool: Tool;
  readonly passed: string;
  /** Rules that the tool's own configuration silences. */
  readonly silenced: readonly string[];
  readonly findings: readonly Finding[];
}

interface TrivyFinding {
  readonly id: string;
  readonly severity: string;
  readonly title: string;
  readonly file: string;
}

const MARKERS = ['<!-- printed by npm run lint:manifests -->', '<!-- end -->'] as const;
const PAGE = join(REPOSITORY, 'docs', 'linters.md');

type Find = Installed['program'];

function output(program: string, args: readonly string[], cwd = REPOSITORY): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined || status === null) throw new Error(`${program}: ${error?.message ?? stderr}`);
  if (stdout === '' && status > 1) throw new Error(`${program}: ${stderr}`);
  return stdout;
}

const unique = (all: readonly string[]) => [...new Set(all)].sort();

interface CheckovRun {
  readonly check_type: string;
  readonly summary: { readonly passed: number };
  readonly results: Readonly<
    Record<'failed_checks' | 'skipped_checks', readonly { check_id: string; resource: string; check_name: string }[]>
  >;
}

function checkov(find: Find, dist: string): Report {
  const args = ['--skip-download', '--config-file', '.checkov.yaml', '--output', 'json'];
  const runs = [
    ['--directory', dist, '--framework', 'kubernetes'],
    ['--file', 'Dockerfile', '--framework', 'dockerfile'],
  ].map((what) => JSON.parse(output(find('checkov'), [...args, ...what])) as CheckovRun);
  const all = (kind: 'failed_checks' | 'skipped_checks') => runs.flatMap(({ results }) => results[kind]);
  const { 'skip-check': everywhere } = parse(readFileSync(join(REPOSITORY, '.checkov.yaml'), 'utf8'));
  return {
    tool: 'checkov',
    passed: `${runs.reduce((sum, { summary }) => sum + summary.passed, 0)} checks`,
    silenced: unique([...all('skipped_checks').map(({ check_id }) => check_id), ...everywhere]),
    findings: all('failed_checks').map((one) => ({ id: one.check_id, where: one.resource, says: one.check_name })),
  };
}

interface ScoreObject {
  readonly object_name: string;
  readonly checks: readonly {
    check: { id: string; name: string };
    grade: number;
    skipped: boolean;
    comments: readonly { summary: string }[] | null;
  }[];
}

const GRADE_ALL_OK = 10;

function kubeScore(find: Find, dist: string): Report {
  const files = readdirSync(dist).map((name) => join(dist, name));
  const objects = JSON.parse(
    output(find('kube-score'), ['score', '--output-format', 'json', ...files]),
  ) as ScoreObject[];
  const checks = objects.flatMap(({ object_name, checks: all }) => all.map((one) => ({ ...one, object_name })));
  const isIgnored = ({ comments }: (typeof checks)[number]) =>
    comments?.some(({ summary }) => /because .* is ignored/.test(summary)) ?? false;
  return {
    tool: 'kube-score',
    passed: `${checks.filter(({ grade, skipped }) => grade === GRADE_ALL_OK && !skipped).length} checks`,
    silenced: unique(
      readFileSync(join(REPOSITORY, 'lib', 'charts', 'linters.ts'), 'utf8')
        .split('\n')
        .flatMap((line) => /'kube-score\/ignore':\s*'([^']+)'/.exec(line)?.[1]?.split(',') ?? []),
    ),
    findings: checks
      .filter((one) => !one.skipped && one.grade < GRADE_ALL_OK && !isIgnored(one))
      .map(({ check, object_name, comments }) => ({
        id: check.id,
        where: object_name,
        says: comments?.[0]?.summary ?? check.name,
      })),
  };
}

function trivy(find: Find, dist: string): Report {
  const { misconfigurations } = parse(readFileSync(join(REPOSITORY, '.trivyignore.yaml'), 'utf8')) as {
    misconfigurations: { id: string }[];
  };
  const ignored = new Set(misconfigurations.map(({ id }) => id));
  const found = output(find('trivy-kubernetes'), [dist])
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TrivyFinding);
  const silenced = unique(found.map(({ id }) => id).filter((id) => ignored.has(id)));
  const idle = [...ignored].filter((id) => !silenced.includes(id));
  return {
    tool: 'trivy-kubernetes',
    passed: 'all other checks',
    silenced,
    findings: [
      ...found.filter(({ id }) => !ignored.has(id)).map(({ id, file, title }) => ({ id, where: file, says: title })),
      ...idle.map((id) => ({ id, where: '.trivyignore.yaml', says: 'is silenced but never found: remove it' })),
    ],
  };
}

/** Workflows, which are shipped with the manifests. */
function workflows(find: Find): Report[] {
  const folder = join(REPOSITORY, '.github', 'workflows');
  const files = readdirSync(folder).map((name) => join(folder, name));
  const problems = output(find('actionlint'), ['-no-color', '-oneline', ...files])
    .split('\n')
    .filter(Boolean);
  const schema = ['--builtin-schema', 'vendor.github-workflows', '--output-format', 'json', ...files];
  const checked = JSON.parse(output(find('check-jsonschema'), schema)) as {
    errors: { filename: string; message: string }[];
  };
  return [
    {
      tool: 'actionlint',
      passed: `${files.length} workflows`,
      silenced: [],
      findings: problems.map((says) => ({ id: 'workflow', where: '.github/workflows', says })),
    },
    {
      tool: 'check-jsonschema',
      passed: `${files.length} workflows`,
      silenced: [],
      findings: checked.errors.map(({ filename, message }) => ({ id: 'schema', where: filename, says: message })),
    },
  ];
}

function kustomize(find: Find, dist: string): Report {
  const names = readdirSync(dist).filter((name) => name.endsWith('.yaml'));
  writeFileSync(join(dist, 'kustomization.yaml'), JSON.stringify({ resources: names }));
  try {
    const built = output(find('kustomize'), ['build', dist]);
    return { tool: 'kustomize', passed: `${built.split('\n---\n').length} objects built`, silenced: [], findings: [] };
  } finally {
    rmSync(join(dist, 'kustomization.yaml'));
  }
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
const keyOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

/** Flux applies the output of its own build, which must contain every object of dist/ unchanged, and no other. */
function fluxBuild(find: Find, dist: string): Report {
  const files = readdirSync(dist).map((name) => readFileSync(join(dist, name), 'utf8'));
  const ours = new Map(files.flatMap(manifestsIn).map((one) => [keyOf(one), one]));
  const built = new Map(manifestsIn(output(find('flux-build'), [dist])).map((one) => [keyOf(one), one]));
  const differing = [...new Set([...ours.keys(), ...built.keys()])].filter(
    (key) => !isDeepStrictEqual(ours.get(key), built.get(key)),
  );
  return {
    tool: 'flux-build',
    passed: `${built.size} objects built unchanged`,
    silenced: [],
    findings: differing.map((key) => ({
      id: 'differs',
      where: key,
      says: "the output of Flux's build differs from dist/",
    })),
  };
}

interface Conformity {
  /** Only what does not match. */
  readonly resources: readonly { filename: string; kind: string; name: string; msg: string }[];
  readonly summary: { readonly valid: number };
}

/** Groups of Kubernetes itself have no domain, or its own. */
const isCustom = ({ apiVersion }: Manifest) => /\..*\//.test(apiVersion) && !apiVersion.includes('.k8s.io/');

function kubeconform({ program, schemas }: Installed, dist: string): Report {
  const manifests = readdirSync(dist).flatMap((name) => manifestsIn(readFileSync(join(dist, name), 'utf8')));
  const skipped = unique(manifests.filter(isCustom).map(({ kind }) => kind));
  const checked = RELEASES.map((release) => {
    const location = join(schemas(release), '{{.ResourceKind}}{{.KindSuffix}}.json');
    const args = ['-strict', '-summary', '-output', 'json', '-skip', skipped.join(','), '-schema-location', location];
    return { release, ...(JSON.parse(output(program('kubeconform'), [...args, dist])) as Conformity) };
  });
  return {
    tool: 'kubeconform',
    passed: checked.map(({ release, summary }) => `${summary.valid} objects with Kubernetes ${release}`).join(', '),
    silenced: skipped,
    findings: checked.flatMap(({ release, resources }) =>
      resources.map(({ filename, kind, name, msg }) => ({
        id: release,
        where: `${filename} ${kind} ${name}`,
        says: msg,
      })),
    ),
  };
}

function tableOf(reports: readonly Report[]): string {
  return [
    '| tool | version | passed | silenced |',
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

main();
