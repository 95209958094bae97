import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Yaml } from 'cdk8s';
import { transformSync } from 'esbuild';
import { copyRepository, copySources, NODE_MODULES, pathsBelow, REPOSITORY } from '../../../test/repository';
import { CLIENT_SIDE_APPLY_LIMIT, jsonBytes } from './apply-limits';
import { AGENT, bundleOf, fileNamesOf, PROGRAMS, SERVER_HEALTH } from './bundle';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The agent as built from a copy of the package in another folder. */
function bundleFrom(copy: string): string[] {
  const print =
    "const { AGENT, bundleOf } = require('./lib/charts/program/bundle'); console.log(JSON.stringify(AGENT.files.map((file) => bundleOf(AGENT, file))))";
  const run = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', print], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout);
}

const agentFiles = () => fileNamesOf(AGENT).map((file) => bundleOf(AGENT, file));
const modulesOf = (text: string) => [...text.matchAll(/^\/\/ (\S+\.[cm]?[jt]s)$/gm)].map(([, path]) => path as string);

const FILES = PROGRAMS.flatMap((program) => fileNamesOf(program).map((file) => ({ program, file })));

describe.each(FILES)('the file $file', ({ program, file }) => {
  const text = () => bundleOf(program, file);

  test('is readable: it becomes a literal block in YAML, because it has no raw control characters', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
    expect(text()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/);
    expect(Yaml.stringify({ data: { 'program.cjs': text() } })).toMatch(/^data:\n {2}program\.cjs: \|\n/);
    const lengths = text()
      .split('\n')
      .map((line) => line.length);
    expect(Math.max(...lengths)).toBeLessThan(500);
  });

  test('keeps indentation, statements and comments', () => {
    const lines = text().split('\n');
    expect(lines.filter((line) => /^ {2,}\S/.test(line)).length).toBeGreaterThan(lines.length / 2);
    expect(lines.filter((line) => /^ *if \(/.test(line)).length).toBeGreaterThan(50);
    expect(lines.filter((line) => /^ *\/\*\*/.test(line)).length).toBeGreaterThan(100);
    expect(text()).not.toMatch(/\/\*!|\/\/!|@__PURE__/);
  });

  test('has blank lines between statements, but not inside strings', () => {
    const program = (source: string) => transformSync(source, { minifyWhitespace: true, legalComments: 'none' }).code;
    expect(program(text().replaceAll('\n\n', '\n'))).toBe(program(text()));
  });

  test('is ASCII, which V8 stores as one byte per character', () => {
    expect(text()).toMatch(/^[\n -~]+$/);
  });

  test('fits into client-side apply with room to grow', () => {
    expect(jsonBytes(text())).toBeLessThan(0.9 * CLIENT_SIDE_APPLY_LIMIT);
  });

  test("requires only Node's modules and its second file, and contains no package", () => {
    const required = [...text().matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name as string);
    expect(required.length).toBeGreaterThan(0);
    const neighbours = file === program.files[0] ? program.files.slice(1).map((name) => `./${name}`) : [];
    expect(required.filter((name) => !name.startsWith('node:'))).toEqual(neighbours);
    expect(modulesOf(text()).length).toBeGreaterThan(30);
    expect(modulesOf(text()).filter((path) => !path.startsWith('lib/'))).toEqual([]);
  });

  test('uses no undeclared name', () => {
    writeFileSync(join(folder, file), text());
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ files: { maxSize: 1 << 24 } }));
    const biome = join(NODE_MODULES, '.bin', 'biome');
    const args = ['lint', '--only=correctness/noUndeclaredVariables', '--error-on-warnings', file];
    const { status, stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });

  test('contains no path of this machine, which would change the bundle on another one', () => {
    expect(text()).not.toContain(REPOSITORY);
    expect(text()).not.toContain(tmpdir());
    expect(text()).not.toContain('../');
  });
});

test('keeps a function as written, without its types', () => {
  expect(bundleOf(AGENT, 'routing.cjs')).toContain(`
/** A 32-bit mask with this many leading ones: none for 0 and below, all for 32 and above. */
function maskOf(bits) {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << 32 - bits;
}
`);
});

test('puts netlink, the kernel and the decisions into the second file, and each module into one file only', () => {
  const [upper = [], lower = []] = agentFiles().map(modulesOf);
  const isLow = (path: string) => /^lib\/agent\/(?:netlink|kernel|decide)\//.test(path);
  expect(upper.filter(isLow)).toEqual([]);
  expect(lower.filter(isLow).length).toBeGreaterThan(30);
  expect(upper.filter((path) => lower.includes(path))).toEqual([]);
});

test('no module exports a variable that changes, because the other file would keep its first value', () => {
  const sources = pathsBelow('lib/agent', 'lib/network', 'lib/program').filter((path) => path.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(60);
  expect(sources.filter((path) => /^export (?:let|var) /m.test(readFileSync(join(REPOSITORY, path), 'utf8')))).toEqual(
    [],
  );
});

test('no program contains parts of another one', () => {
  for (const text of agentFiles()) expect(text).not.toContain('lib/servers/');
  expect(bundleOf(SERVER_HEALTH, SERVER_HEALTH.files[0])).not.toContain('lib/agent/');
});

test('builds the same bytes in another folder with linked packages', () => {
  expect(bundleFrom(copyRepository(join(folder, 'elsewhere', 'deeper')))).toEqual(agentFiles());
});

test('builds the same bytes with hoisted packages', () => {
  symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
  expect(bundleFrom(copySources(join(folder, 'packages', 'onprem-link')))).toEqual(agentFiles());
});

test('uses the prebuilt program of the published package', () => {
  const copy = copyRepository(join(folder, 'package'));
  for (const file of fileNamesOf(AGENT)) writeFileSync(join(copy, 'lib', 'agent', file), `// ${file}\n`);
  expect(bundleFrom(copy)).toEqual(['// agent.cjs\n', '// routing.cjs\n']);
});
