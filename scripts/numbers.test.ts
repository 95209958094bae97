import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../test/repository';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'numbers-'));
  mkdirSync(join(folder, 'routers', 'east', 'cluster-to-a'), { recursive: true });
  const end = (key: string) => ({ router: '192.0.2.1', rules: { [key]: 10 }, retired: { rules: { old: 11 } } });
  const book = { 'east/cluster-to-a': end('a b'), 'gone/cluster-to-a': end('c d') };
  writeFileSync(join(folder, 'routers', 'numbers.json'), JSON.stringify(book));
});
afterEach(() => rmSync(folder, { recursive: true }));

function numbers(...args: string[]) {
  const script = ['--require', require.resolve('tsx/cjs'), join(REPOSITORY, 'scripts', 'numbers.ts')];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...script, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

test('the command lists retired numbers, and all numbers of a removed site, as reserved', () => {
  expect(numbers().stdout.split('\n')).toEqual([
    'east/cluster-to-a  router 192.0.2.1  rules 11  old',
    'gone/cluster-to-a  router 192.0.2.1  rules 11  old',
    'gone/cluster-to-a  router 192.0.2.1  rules 10  c d',
    '',
  ]);
});

test('--release releases the numbers of one end and keeps all others', () => {
  const read = () => JSON.parse(readFileSync(join(folder, 'routers', 'numbers.json'), 'utf8'));
  expect(numbers('--release', 'east/cluster-to-a').status).toBe(0);
  expect(read()['east/cluster-to-a']).toEqual({ router: '192.0.2.1', rules: { 'a b': 10 } });
  expect(numbers('--release', 'gone/cluster-to-a').status).toBe(0);
  expect(Object.keys(read())).toEqual(['east/cluster-to-a']);
});

test.each([
  [
    ['--release', 'west/x'],
    '"west/x" is not an end in routers/numbers.json; write one of east/cluster-to-a, gone/cluster-to-a\n',
  ],
  [['--release'], '"--release" is not a valid command; see npm run numbers -- --help\n'],
  [['all'], '"all" is not a valid command; see npm run numbers -- --help\n'],
])('%j is rejected', (args, message) => expect(numbers(...args)).toEqual({ stdout: '', stderr: message, status: 1 }));

test('a damaged file is rejected with the remedy', () => {
  writeFileSync(join(folder, 'routers', 'numbers.json'), '{ half');
  const { stderr, status } = numbers();
  expect(stderr).toMatch(
    /^"routers\/numbers\.json" is not a valid file of numbers \(.*\); restore the file from Git; .*\n$/,
  );
  expect(status).toBe(1);
});
