import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedProject, TYPESCRIPT } from '../repository';
import { rounds, time } from './programs';
import { ms, type Table } from './table';

/** A folder with `npm install ts-node@10 typescript@5`, which this project does not need. */
const TS_NODE = process.env.BENCH_TS_NODE;

function withTsNode(out: string): string[] {
  if (TS_NODE === undefined) return ['skipped: BENCH_TS_NODE names no folder with ts-node', '', ''];
  const compiler = join(TS_NODE, 'node_modules', 'typescript');
  const options = JSON.stringify({
    module: 'commonjs',
    moduleResolution: 'node',
    esModuleInterop: true,
    target: 'es2022',
  });
  const app = `node -r ${join(TS_NODE, 'node_modules', 'ts-node', 'register', 'transpile-only')} main.ts`;
  const env = {
    TS_NODE_COMPILER: compiler,
    TS_NODE_COMPILER_OPTIONS: options,
    TS_NODE_SKIP_PROJECT: 'true',
    CDK8S_OUTDIR: out,
  };
  return rounds(() => time('npx', ['cdk8s', 'synth', '--app', app, '--output', out], env));
}

/** The plan for ten sites of 1,000 routes, in each of which one route was replaced. */
function plans(folder: string): string[] {
  const copy = linkedProject(join(folder, 'copy'));
  const synth = (first: string) => {
    const args = [...TYPESCRIPT, join('test', 'bench', 'synth-site.ts'), '10', '1000', first];
    time(process.execPath, args, { CDK8S_OUTDIR: join(copy, 'dist') });
  };
  const git = (...args: string[]) =>
    time('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args], {}, copy);
  git('init', '--quiet', '--initial-branch=main');
  synth('0');
  git('add', '--force', 'dist');
  git('commit', '--quiet', '--message=before');
  synth('1');
  return rounds(() =>
    time(process.execPath, ['--require', 'tsx/cjs', join('scripts', 'plan.ts'), '--no-synth'], {}, copy),
  );
}

/** Reads the example's objects and writes them again. */
function withKustomize(folder: string): string[] {
  if (spawnSync('kubectl', ['version', '--client']).status !== 0) return ['skipped: kubectl is not installed', '', ''];
  const resources = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources }));
  return rounds(() => time('kubectl', ['kustomize', folder], {}));
}

export async function synthesis(): Promise<Table> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-synth-'));
  try {
    const ours =
      (out: string, ...args: string[]) =>
      () =>
        time(process.execPath, [...TYPESCRIPT, join('test', 'bench', 'synth-site.ts'), ...args], {
          CDK8S_OUTDIR: join(folder, out),
        });
    const example = rounds(ours('example'));
    const hundred = rounds(ours('hundred', '100', '1000'));
    const bare = rounds(() => time(process.execPath, [...TYPESCRIPT, '--eval', '0'], {}));
    const made = join(folder, 'example', 'example');
    if (!existsSync(made)) throw new Error(`nothing in ${made}`);
    return {
      title: 'Synth',
      text: `Whole programs, from start to exit. Of each npm script, ${ms(Number.parseFloat(bare[0] ?? ''))} are spent on starting Node with tsx and cdk8s. \`cdk8s synth\` runs main.ts with ts-node without type checks; \`kubectl kustomize\` reads the example's YAML and writes it again.`,
      head: ['program', 'p50', 'p99', 'rounds'],
      rows: [
        ['the example', ...example],
        ['100 sites of 1,000 routes', ...hundred],
        ['`npm run plan -- --no-synth` for 10 sites of 1,000 routes, two changed in each', ...plans(folder)],
        ['the example with `cdk8s synth` and ts-node', ...withTsNode(join(folder, 'cli'))],
        ["the example's objects with `kubectl kustomize`", ...withKustomize(made)],
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
