import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathsBelow, REPOSITORY } from './repository';

interface Home {
  /** Other folders of this repository that it may import from. */
  readonly ours: readonly string[];
  /** Packages that it may import; `node:` means Node's modules. @default any */
  readonly packages?: readonly string[];
}

const CDK8S = ['cdk8s', 'cdk8s-plus-28', 'constructs', 'node:'];
const BELOW_SITE = ['lib/charts/input', 'lib/charts/linters.ts', 'lib/charts/metadata.ts', 'lib/network'];
const ON_SITE = [...BELOW_SITE, 'lib/charts/site'];

/** All allowed imports point down. A file belongs to the longest entry that matches its path. */
const HOMES: Readonly<Record<string, Home>> = {
  'lib/network': { ours: [], packages: [] },
  // Synth writes settings into the environment of programs, which read them with the same table.
  'lib/settings': { ours: ['lib/network'], packages: [] },
  // Code that programs in a cluster share. It does not depend on any of them.
  'lib/program': { ours: ['lib/network', 'lib/settings'], packages: ['node:'] },
  'lib/agent': { ours: ['lib/network', 'lib/program', 'lib/settings'], packages: ['node:'] },
  'lib/servers': { ours: ['lib/network', 'lib/program', 'lib/settings'], packages: ['node:'] },
  // A construct may import constructs below it, but none beside it.
  'lib/charts/input': { ours: ['lib/network'], packages: [] },
  'lib/charts/metadata.ts': { ours: [], packages: [] },
  'lib/charts/linters.ts': { ours: [], packages: [] },
  'lib/charts/vpn': { ours: ['lib/charts/input', 'lib/network', 'lib/routers'], packages: ['node:'] },
  // The pools for Calico are the same in dist/ and on the router sheets.
  'lib/charts/site': { ours: [...BELOW_SITE, 'lib/charts/vpn', 'lib/routers'], packages: CDK8S },
  // Bundled programs in ConfigMaps, and the pods that run them.
  'lib/charts/program': { ours: BELOW_SITE, packages: [...CDK8S, 'esbuild'] },
  'lib/charts/node-routes': { ours: [...ON_SITE, 'lib/charts/program', 'lib/settings'], packages: CDK8S },
  'lib/charts/server-health': { ours: [...ON_SITE, 'lib/charts/program', 'lib/settings'], packages: CDK8S },
  'lib/charts/external-service': { ours: [...ON_SITE, 'lib/charts/server-health'], packages: CDK8S },
  'lib/charts/gitops': { ours: [...ON_SITE, 'imports'], packages: CDK8S },
  'lib/charts/monitoring': {
    ours: [...ON_SITE, 'lib/charts/node-routes', 'lib/charts/server-health', 'imports'],
    packages: CDK8S,
  },
  'lib/charts': { ours: [], packages: [] },
  'lib/routers': { ours: ['lib/network'], packages: ['node:crypto'] },
  'lib/review': { ours: ['lib/network', 'lib/routers'] },
  lib: { ours: ['lib/charts', 'lib/network', 'lib/review'] },
  imports: { ours: [], packages: ['cdk8s', 'constructs'] },
  scripts: { ours: ['lib', 'lib/charts', 'lib/network', 'lib/review', 'lib/routers', 'main.ts'] },
  // The package's agent also runs on Node 26, and the lab knows where to find it.
  'scripts/package.test.ts': { ours: ['scripts', 'test', 'test/lab'] },
  test: { ours: ['lib', 'lib/network'] },
  'test/servers': { ours: ['lib/network', 'lib/program', 'lib/servers', 'lib/settings'] },
  // Fakes of the kernel, the journal and the settings for the agent's unit tests.
  'test/agent': { ours: ['lib/agent', 'lib/network', 'lib/program', 'lib/settings'] },
  // Compares the metrics that alerts and tables use with those that programs export.
  'test/metrics-contract.test.ts': {
    ours: ['lib/agent', 'lib/charts', 'lib/network', 'lib/program', 'lib/review', 'lib/servers'],
  },
  'test/fixtures': { ours: ['lib', 'lib/charts', 'lib/network', 'lib/routers', 'test'] },
  'test/manifests': { ours: ['lib', 'lib/charts', 'test', 'test/fixtures'] },
  'test/monitoring': { ours: ['lib', 'lib/charts', 'test'] },
  // The lab runs the agent from dist/, never from its source.
  'test/lab': { ours: ['lib', 'lib/charts', 'lib/network', 'lib/review', 'scripts', 'test'] },
  'test/cluster': { ours: ['lib', 'lib/charts', 'lib/program', 'scripts', 'test', 'test/lab', 'test/servers'] },
  'test/linters': { ours: ['lib', 'scripts', 'test', 'test/fixtures'] },
  'test/long': {
    ours: ['lib', 'lib/network', 'lib/program', 'lib/agent', 'lib/review', 'scripts', 'test', 'test/lab', 'test/agent'],
  },
  'test/bench': {
    ours: ['lib', 'lib/charts', 'lib/network', 'scripts', 'test', 'test/cluster', 'test/fixtures', 'test/lab'],
  },
  // Programs that run inside a network namespace, on Node 26.
  'test/bench/inside': { ours: ['lib/agent', 'lib/program'] },
  'main.ts': { ours: ['lib', 'sites'] },
  sites: { ours: ['lib'] },
};

/** Further imports for tests and their helpers, which no other file imports. They may also import any package. */
const FOR_TESTS = ['lib', 'test/agent', 'test/servers', 'lib/charts', 'scripts', 'test', 'test/fixtures', 'test/lab'];
const TEST = /\.test\.ts$|^test\/fixtures\/|^test\/oracle\.ts$/;

const IMPORT = /(?:\bfrom|\bimport|\b(?:require|import|requireActual|mock)(?:<[^>]*>)?\()\s*['"]([^'"]+)['"]/g;

function homeOf(path: string): string | undefined {
  const homes = Object.keys(HOMES).filter((home) => path === home || path.startsWith(`${home}/`));
  return homes.sort(byLength)[0];
}

function byLength(a: string, b: string): number {
  return b.length - a.length;
}

/** Every import of a file that the rules forbid. */
function violations(path: string, text: string): string[] {
  const home = homeOf(path);
  if (home === undefined) return [`${path} has no entry in HOMES`];
  const isTest = TEST.test(path);
  const { ours, packages } = HOMES[home] as Home;
  const allowed = [home, ...ours, ...(isTest ? FOR_TESTS : [])];
  return [...text.matchAll(IMPORT)]
    .map(([, name]) => name as string)
    .filter((name) => {
      if (!name.startsWith('.')) return !isTest && packages !== undefined && !packages.some((own) => isIn(own, name));
      const target = posix.join(posix.dirname(path), name);
      const [nearest = target] = [target, `${target}.ts`].flatMap((one) => homeOf(one) ?? []).sort(byLength);
      return !allowed.some((one) => one === nearest || (one === 'lib/charts' && isIn(one, nearest)));
    })
    .map((name) => `${path} imports ${name}`);
}

function isIn(own: string, name: string): boolean {
  return own.endsWith(':') ? name.startsWith(own) : name === own || name.startsWith(`${own}/`);
}

/** Tests that contain imports as examples. */
const WITH_EXAMPLES = ['test/architecture.test.ts', 'test/users-files.test.ts'];

function sources(): string[] {
  return pathsBelow('lib', 'scripts', 'test', 'imports').filter(
    (path) => path.endsWith('.ts') && !WITH_EXAMPLES.includes(path),
  );
}

test('all imports follow the rules', () => {
  const paths = sources();
  expect(paths.length).toBeGreaterThan(60);
  expect(paths.flatMap((path) => violations(path, readFileSync(join(REPOSITORY, path), 'utf8')))).toEqual([]);
});

/** Import cycles, each with its path. Type imports count too. */
function circles(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...files].map(([path, text]) => [path, importedFiles(path, text, files)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]) => {
    const start = way.indexOf(path);
    if (start >= 0) found.push([...way.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return found;
}

function importedFiles(path: string, text: string, files: ReadonlyMap<string, string>): string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, name]) => {
    if (name?.startsWith('.') !== true) return [];
    const target = posix.join(posix.dirname(path), name);
    return [`${target}.ts`, `${target}/index.ts`].filter((one) => files.has(one));
  });
}

test('there are no import cycles, type imports included', () => {
  expect(circles(new Map(sources().map((path) => [path, readFileSync(join(REPOSITORY, path), 'utf8')])))).toEqual([]);
});

test('an import cycle is reported with its path', () => {
  const files = new Map([
    ['lib/a.ts', "import { b } from './b';"],
    ['lib/b.ts', "export * from './c';\nimport './d';"],
    ['lib/c/index.ts', "import type { A } from '../a';"],
    ['lib/d.ts', ''],
  ]);
  expect(circles(files)).toEqual(['lib/a.ts → lib/b.ts → lib/c/index.ts → lib/a.ts']);
});

test.each([
  ['lib/charts/vpn/check.ts', "import type { Site } from '../site/site';", '../site/site'],
  ['lib/charts/site/site.ts', "import { NodeRoutes } from '../node-routes/node-routes';", '../node-routes/node-routes'],
  ['lib/charts/node-routes/check.ts', "import '../external-service/check';", '../external-service/check'],
  ['lib/charts/metadata.ts', "import { Monitoring } from './monitoring/monitoring';", './monitoring/monitoring'],
  ['lib/network/route.ts', "import { Site } from '../charts';", '../charts'],
  ['lib/network/route.ts', "import { readFileSync } from 'node:fs';", 'node:fs'],
  ['lib/agent/kernel/kernel.ts', "import type { Site } from '../../charts/site/site';", '../../charts/site/site'],
  ['lib/agent/main.ts', "import { Chart } from 'cdk8s';", 'cdk8s'],
  ['lib/program/log.ts', "import type { Settings } from '../../agent/settings';", '../../agent/settings'],
  ['lib/charts/site/site.ts', "const { run } = require('../../agent/main');", '../../agent/main'],
  ['lib/charts/site/site.ts', "export * from '../../index';", '../../index'],
  ['lib/charts/site/site.test.ts', "import { readSettings } from '../../agent/settings';", '../../agent/settings'],
  ['lib/index.ts', "import './agent/main';", './agent/main'],
  ['test/lab/pod.ts', "const agent = await import('../../lib/agent/main');", '../../lib/agent/main'],
  ['main.ts', "import {\n  Subnet,\n} from './lib/network';", './lib/network'],
])('%s with %j breaks the rules', (path, text, name) => {
  expect(violations(path, text)).toEqual([`${path} imports ${name}`]);
});

test('a folder without an entry is reported', () => {
  expect(violations('tools/a.ts', '')).toEqual(['tools/a.ts has no entry in HOMES']);
});
