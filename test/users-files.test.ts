import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathsBelow, REPOSITORY } from './repository';

/**
 * main.ts, sites/, dist/, routers/ and bootstrap/ belong to the user, who edits them. A test that reads them fails after the first
 * edit. Tests use test/fixtures/example-main.ts and fixtureSite() instead. Allowed are:
 */
const ALLOWED: Readonly<Record<string, string>> = {
  'main.test.ts': 'compares main.ts with its snapshots, and skips itself once main.ts is edited',
  'test/users-files.test.ts': 'contains the patterns',
};

const OWN = '(?:main(?:\\.ts)?|sites|dist|routers|bootstrap)(?=[\'"`/])';
const READS = [
  // join(REPOSITORY, 'dist', …), join(__dirname, '..', 'main.ts'), `${REPOSITORY}/dist`
  new RegExp(`(?:REPOSITORY|__dirname)(?:, ?'\\.\\.')*, ?'${OWN}`),
  new RegExp(`\\$\\{REPOSITORY\\}/${OWN}`),
  // readFileSync('dist/…'), readdirSync('routers')
  new RegExp(`\\b(?:readFileSync|readdirSync|existsSync|statSync|cpSync|readOutput|treeIn)\\('${OWN}`),
  // the repository as a whole
  /\b(?:readOutput|treeIn|outputIn|proofsOfProject|synthesise|compare)\(REPOSITORY\b/,
  // import './main', require('../main')
  /(?:\bfrom|\bimport|\brequire\(|\bimport\()\s*'(?:\.\.?\/)+(?:main|sites\/[^']*)'/,
];

/** The lines that read a user's file. */
const readsIn = (text: string): string[] =>
  text.split('\n').filter((line) => READS.some((pattern) => pattern.test(line)));

/** `../main` is the user's main.ts only from a folder at the top. */
function usersFilesIn(path: string, text: string): string[] {
  const depth = path.split('/').length - 1;
  return readsIn(text).filter((line) => {
    const [, up] = /'((?:\.\.?\/)+)main'/.exec(line) ?? [];
    return up === undefined || up === (depth === 0 ? './' : '../'.repeat(depth));
  });
}

function testFiles(): string[] {
  const top = readdirSync(REPOSITORY).filter((path) => path.endsWith('.test.ts'));
  return [...top, ...pathsBelow('lib', 'scripts', 'test')].filter(
    (path) => /\.[jt]s$/.test(path) && (path.startsWith('test/') || /\.test\.ts$/.test(path)),
  );
}

test('no test reads main.ts, sites/, dist/, routers/ or bootstrap/ of the repository', () => {
  const paths = testFiles();
  expect(paths.length).toBeGreaterThan(150);
  const found = paths
    .filter((path) => ALLOWED[path] === undefined)
    .flatMap((path) =>
      usersFilesIn(path, readFileSync(join(REPOSITORY, path), 'utf8')).map((line) => `${path}: ${line}`),
    );
  expect(found).toEqual([]);
});

test.each([
  ['test/a.test.ts', "readdirSync(join(REPOSITORY, 'dist', 'example'))"],
  ['test/a.test.ts', "readFileSync(join(REPOSITORY, 'main.ts'), 'utf8')"],
  ['test/a.test.ts', "const path = join(__dirname, '..', 'routers/example');"],
  ['test/a.test.ts', `const path = \`\${REPOSITORY}/dist/example\`;`],
  ['test/a.test.ts', "readFileSync('dist/example/node-routes.k8s.yaml')"],
  ['test/a.test.ts', 'const tree = treeIn(REPOSITORY);'],
  ['test/a.test.ts', "require('../main');"],
  ['lib/review/a.test.ts', "import '../../main';"],
  ['a.test.ts', "import './main';"],
])('in %s, %s is reported', (path, line) => expect(usersFilesIn(path, line)).toEqual([line]));

test.each([
  ['test/a.test.ts', "join(fixtureSite(), 'dist', 'example')"],
  ['lib/agent/a.test.ts', "import { main } from './main';"],
  ['lib/agent/decide/a.test.ts', "import { main } from '../main';"],
  ['test/a.test.ts', "writeFileSync(join(copy, 'main.ts'), text)"],
])('in %s, %s is allowed', (path, line) => expect(usersFilesIn(path, line)).toEqual([]));
