import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { REPOSITORY } from './repository';

interface Home {
  /** Other folders of ours it may import from. */
  readonly ours: readonly string[];
  /** Packages it may import; `node:` for what Node brings. @default any */
  readonly packages?: readonly string[];
}

/** The arrows point down only. The longest matching entry is a file's home. */
const HOMES: Readonly<Record<string, Home>> = {
  'lib/network': { ours: [], packages: [] },
  // What programs inside a cluster have in common; it knows none of them.
  'lib/program': { ours: ['lib/network'], packages: ['node:'] },
  'lib/agent': { ours: ['lib/network', 'lib/program'], packages: ['node:'] },
  'lib/charts': {
    ours: ['lib/network', 'lib/routers', 'imports'],
    packages: ['cdk8s', 'cdk8s-plus-28', 'constructs', 'esbuild', 'node:'],
  },
  'lib/routers': { ours: ['lib/network'], packages: ['node:crypto'] },
  'lib/review': { ours: ['lib/network', 'lib/routers'] },
  lib: { ours: ['lib/charts', 'lib/network', 'lib/review'] },
  imports: { ours: [], packages: ['cdk8s', 'constructs'] },
  scripts: { ours: ['lib', 'lib/charts', 'lib/network', 'lib/review', 'lib/routers', 'main.ts'] },
  // The package's program runs on the agent's Node as well, which the lab knows where to find.
  'scripts/package.test.ts': { ours: ['scripts', 'test', 'test/lab'] },
  test: { ours: ['lib', 'lib/network'] },
  // What alerts and the table of all nodes take from the agent is checked where both sides are seen.
  'test/agent-contract.test.ts': { ours: ['lib/agent', 'lib/charts', 'lib/network', 'lib/review'] },
  'test/fixtures': { ours: ['lib', 'lib/charts', 'lib/network', 'lib/routers', 'test'] },
  'test/manifests': { ours: ['lib', 'lib/charts', 'test', 'test/fixtures'] },
  'test/monitoring': { ours: ['lib', 'lib/charts', 'test'] },
  // The lab runs what dist/ contains, never the agent's source.
  'test/lab': { ours: ['lib', 'lib/charts', 'lib/network', 'lib/review', 'scripts', 'test'] },
  'test/long': { ours: ['lib/network', 'lib/program', 'lib/agent', 'test', 'test/lab'] },
  'test/bench': { ours: ['lib', 'lib/charts', 'lib/network', 'scripts', 'test', 'test/fixtures', 'test/lab'] },
  // Programs that run inside a namespace, on the agent's Node.
  'test/bench/inside': { ours: ['lib/agent', 'lib/program'] },
  'main.ts': { ours: ['lib', 'sites'] },
  sites: { ours: ['lib'] },
};

/** What a test may import beyond that, and its helpers, which no other file imports: any package, too. */
const FOR_TESTS = ['lib', 'lib/charts', 'scripts', 'test', 'test/fixtures', 'test/lab'];
const TEST = /\.test\.ts$|^test\/fixtures\/|^test\/oracle\.ts$/;

const IMPORT = /(?:\bfrom|\bimport|\b(?:require|import|requireActual|mock)(?:<[^>]*>)?\()\s*['"]([^'"]+)['"]/g;

function homeOf(path: string): string | undefined {
  const homes = Object.keys(HOMES).filter((home) => path === home || path.startsWith(`${home}/`));
  return homes.sort((a, b) => b.length - a.length)[0];
}

/** Every import statement of a file that goes where it must not. */
function violations(path: string, text: string): string[] {
  const home = homeOf(path);
  if (home === undefined) return [`${path} has no home in HOMES`];
  const isTest = TEST.test(path);
  const { ours, packages } = HOMES[home] as Home;
  const allowed = [home, ...ours, ...(isTest ? FOR_TESTS : [])];
  return [...text.matchAll(IMPORT)]
    .map(([, name]) => name as string)
    .filter((name) => {
      if (!name.startsWith('.')) return !isTest && packages !== undefined && !packages.some((own) => isIn(own, name));
      const target = posix.join(posix.dirname(path), name);
      return !allowed.includes(homeOf(target) ?? homeOf(`${target}.ts`) ?? target);
    })
    .map((name) => `${path} imports ${name}`);
}

function isIn(own: string, name: string): boolean {
  return own.endsWith(':') ? name.startsWith(own) : name === own || name.startsWith(`${own}/`);
}

function sources(): string[] {
  const folders = ['lib', 'scripts', 'test', 'imports'].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      posix.join(folder, path),
    ),
  );
  return folders.filter(
    (path) => path.endsWith('.ts') && path !== 'test/architecture.test.ts' && !path.includes('node_modules/'),
  );
}

test('imports follow the arrows', () => {
  const paths = sources();
  expect(paths.length).toBeGreaterThan(60);
  expect(paths.flatMap((path) => violations(path, readFileSync(join(REPOSITORY, path), 'utf8')))).toEqual([]);
});

test.each([
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
])('%s with %j is against them', (path, text, name) => {
  expect(violations(path, text)).toEqual([`${path} imports ${name}`]);
});

test('a folder that nobody gave a place is told', () => {
  expect(violations('tools/a.ts', '')).toEqual(['tools/a.ts has no home in HOMES']);
});
