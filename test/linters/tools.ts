import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../repository';
import { readCrds } from './crds';
import { fileOfModule } from './modules';
import { writeSchemas } from './schemas';

/** Go programs that are installed unchanged; docs/linters.md lists their versions. */
const GO_PROGRAMS = {
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
  kustomize: 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.1',
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
} as const;
const PYTHON_PROGRAMS = { checkov: 'checkov==3.3.30', 'check-jsonschema': 'check-jsonschema==0.38.0' } as const;
/** Go libraries, wrapped in small programs of this repository. */
const OUR_PROGRAMS = {
  'trivy-kubernetes': { folder: join(REPOSITORY, 'test', 'linters', 'go'), library: 'github.com/aquasecurity/trivy' },
  'flux-build': { folder: join(REPOSITORY, 'test', 'linters', 'flux'), library: 'github.com/fluxcd/pkg/kustomize' },
} as const;

/** The oldest and the newest release of Kubernetes whose schemas every object must match. */
export const RELEASES = ['1.28.15', '1.36.3'] as const;

/** A tool from npm, installed with the repository. */
const NPM_TOOL = 'cdk8s-cli';

export type Tool =
  | keyof typeof GO_PROGRAMS
  | keyof typeof PYTHON_PROGRAMS
  | keyof typeof OUR_PROGRAMS
  | typeof NPM_TOOL;

/** The pinned version of a tool. */
export function versionOf(tool: Tool): string {
  if (tool === NPM_TOOL)
    return JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')).devDependencies[NPM_TOOL];
  if (tool in OUR_PROGRAMS) {
    const { folder, library } = OUR_PROGRAMS[tool as keyof typeof OUR_PROGRAMS];
    const [, version] = readFileSync(join(folder, 'go.mod'), 'utf8').split(`${library} v`);
    return version?.split(/\s/)[0] as string;
  }
  const pinned = tool in GO_PROGRAMS ? GO_PROGRAMS[tool as never] : PYTHON_PROGRAMS[tool as never];
  return (pinned as string).split(/@v|==/)[1] as string;
}

function cacheFolder(): string {
  const hash = createHash('sha256').update(JSON.stringify([GO_PROGRAMS, PYTHON_PROGRAMS]));
  for (const { folder } of Object.values(OUR_PROGRAMS))
    for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(folder, file)));
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(base, 'onprem-link', 'linters', hash.digest('hex').slice(0, 16));
}

function install(what: string, command: string, args: readonly string[], cwd: string, env: object = {}): void {
  process.stderr.write(`installing ${what}…\n`);
  const all = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', ...env };
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', env: all });
  if (status !== 0) throw new Error(`${what} could not be installed: ${error?.message ?? stderr}`);
}

/** The installed tools and data. */
export interface Installed {
  /** The path of a tool's program. */
  readonly program: (tool: Tool) => string;
  /** The folder with a Kubernetes release's JSON schemas. */
  readonly schemas: (release: string) => string;
  /** The CRDs that imports/ is generated from, by name. */
  readonly crds: ReadonlyMap<string, string>;
}

/** Finds a tool's program. */
export type Find = Installed['program'];

/** Kubernetes' own OpenAPI documents come with its Go modules. */
function installSchemas(release: string, folder: string): void {
  writeSchemas(fileOfModule(`k8s.io/kubernetes@v${release}`, 'api/openapi-spec/swagger.json'), folder);
}

/**
 * Installs missing tools from the Go module proxy and PyPI into a cache outside the tree.
 *
 * @throws if a tool cannot be installed. This is not a finding of the tool
 */
export function installTools(): Installed {
  const folder = cacheFolder();
  const venv = join(folder, 'venv');
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [tool, source] of Object.entries(GO_PROGRAMS))
    if (!existsSync(join(bin, tool))) install(tool, 'go', ['install', source], folder, { GOBIN: bin });
  for (const [tool, { folder: source }] of Object.entries(OUR_PROGRAMS))
    if (!existsSync(join(bin, tool)))
      install(tool, 'go', ['build', '-o', join(bin, tool), '.'], source, { GOEXPERIMENT: 'jsonv2' });
  if (!existsSync(join(venv, 'bin', 'check-jsonschema'))) {
    install('a Python environment', 'python3', ['-m', 'venv', venv], folder);
    install('checkov', join(venv, 'bin', 'pip'), ['install', '--quiet', ...Object.values(PYTHON_PROGRAMS)], folder);
  }
  const schemas = (release: string) => join(folder, `schemas-${release}`);
  for (const release of RELEASES) if (!existsSync(schemas(release))) installSchemas(release, schemas(release));
  return {
    program: (tool) => join(tool in PYTHON_PROGRAMS ? join(venv, 'bin') : bin, tool),
    schemas,
    crds: readCrds(),
  };
}
