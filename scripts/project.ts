/** Runs the app of the user's cdk8s.yaml, with a temporary folder for its output. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { TOPOLOGIES_FILE } from '../lib/report-topologies';
import type { SiteTopology } from '../lib/review';
import { DEFAULT_DIST, type OutputFiles, readOutput, stageNumbers } from './output';

/** The project cannot be synthesised; the message gives the reason and the remedy. */
export class ProjectError extends Error {}

export interface Synthesised {
  readonly files: OutputFiles;
  /** The sites in the order of their synthesis. */
  readonly pictures: readonly SiteTopology[];
}

interface Settings {
  readonly app?: string;
  readonly output?: string;
}

function settingsOf(project: string): Settings {
  const path = join(project, 'cdk8s.yaml');
  if (!existsSync(path)) return {};
  try {
    return (parse(readFileSync(path, 'utf8')) ?? {}) as Settings;
  } catch (cause) {
    throw new ProjectError(`cdk8s.yaml cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** The folder that cdk8s writes its output to. */
export function distOf(project: string): string {
  return settingsOf(project).output ?? DEFAULT_DIST;
}

/**
 * Runs the app of cdk8s.yaml as cdk8s does, and leaves the project's own output unchanged. The app's output goes to
 * stderr, because stdout is reserved for the result of the calling script.
 * @throws ProjectError if the app fails
 */
export function synthesise(project: string): Synthesised {
  const { app, output = DEFAULT_DIST } = settingsOf(project);
  if (app === undefined)
    throw new ProjectError(
      `${project} has no cdk8s.yaml that names an app; run it in the folder that has one, or compare dist/ as it is: --no-synth`,
    );
  rejectOldProgram(project, app);
  const staging = mkdtempSync(join(tmpdir(), 'onprem-link-'));
  try {
    const pictures = join(staging, 'pictures');
    stageNumbers(project, staging, output);
    const env = {
      ...process.env,
      PATH: [join(project, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
      CDK8S_OUTDIR: join(staging, DEFAULT_DIST),
      [TOPOLOGIES_FILE]: pictures,
    };
    const { status, signal, stderr } = spawnSync(app, {
      cwd: project,
      env,
      shell: true,
      stdio: ['ignore', 2, 'pipe'],
      encoding: 'utf8',
    });
    process.stderr.write(withoutNodeReport(stderr));
    if (status !== 0) throw new ProjectError(`synthesis failed (${app}: ${signal ?? `exit code ${status}`})`);
    return { files: readOutput(staging), pictures: existsSync(pictures) ? readTopologies(pictures) : [] };
  } finally {
    rmSync(staging, { recursive: true });
  }
}

/** How Node reports an uncaught error: the line that threw it, the error with its stack, and Node's version. */
const NODE_REPORT = /^\S+:\d+\n.*\n *\^+\n\n(?:\w*Error: )?([\s\S]*?)\n\nNode\.js v\S+\n/m;

/** The error itself, which says where in the user's files it comes from. */
function withoutNodeReport(text: string): string {
  return text.replace(NODE_REPORT, '$1\n');
}

function readTopologies(path: string): SiteTopology[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as SiteTopology);
}

/** If the app runs compiled files, an edit has no effect until they are compiled again. */
function rejectOldProgram(project: string, app: string): void {
  const entry = app.split(/\s+/).find((word) => /\.[cm]?js$/.test(word));
  if (entry === undefined || !existsSync(join(project, entry))) return;
  const old = sourcesIn(project).find((source) => isNewer(join(project, source)));
  if (old === undefined) return;
  throw new ProjectError(`${old} is newer than its compiled JavaScript, which cdk8s.yaml runs; compile it first`);
}

function sourcesIn(project: string): string[] {
  const own = readdirSync(project, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) return [];
    const names = readdirSync(join(project, entry.name), { recursive: true, encoding: 'utf8' });
    return names.map((name) => join(entry.name, name));
  });
  return own.filter((path) => /(?<!\.d)\.[cm]?ts$/.test(path) && !path.includes('node_modules'));
}

function isNewer(source: string): boolean {
  const compiled = source.replace(/ts$/, 'js');
  return existsSync(compiled) && statSync(source).mtimeMs > statSync(compiled).mtimeMs;
}
