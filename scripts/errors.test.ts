import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathsBelow, REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

const read = (path: string) => readFileSync(join(REPOSITORY, path), 'utf8');

test('docs/errors.md lists the current messages of the program', () => {
  const command = ['--require', require.resolve('tsx/cjs'), join(REPOSITORY, 'scripts', 'errors.ts'), '--check'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('docs/errors.md contains every literal message of a refuse call', () => {
  const files = pathsBelow('lib').filter((file) => /(?<!\.test)\.ts$/.test(file));
  const literals = files.flatMap((file) =>
    [...read(file).matchAll(/refuse\(\s*[\w.]+,\s*'([^'\n]+ [^'\n]+)'/g)].map(([, message]) => message as string),
  );
  expect(literals.length).toBeGreaterThan(50);
  const page = read('docs/errors.md');
  expect(literals.filter((message) => !page.includes(message.replaceAll('|', '\\|')))).toEqual([]);
});

test.each([
  'is not understood',
  'synthesised nothing',
  'is not a revision of this repository',
  'have no common commit',
  'there is no main branch to compare with',
  'holds no promises.json',
  'synthesis failed',
  'is not empty',
  'This router is not in state',
  'there is no agent in this cluster',
  'there is no ConfigMap',
  'is newer than its compiled JavaScript',
  'git cannot be run',
  'not IKEv2 with one peer',
])('docs/errors.md contains the message of a command: %s', (message) => {
  expect(read('docs/errors.md')).toContain(message);
});

test("docs/errors.md contains every literal text of the commands' errors", () => {
  const literals = pathsBelow('scripts', 'lib/review', 'lib/routers/read')
    .filter((file) => /(?<!\.test)\.ts$/.test(file))
    .flatMap((file) =>
      [...read(file).matchAll(/throw new \w*Error\(\s*'([^'\n;]+ [^'\n;]+)/g)].map(([, text]) => text as string),
    );
  expect(literals.length).toBeGreaterThan(10);
  const page = read('docs/errors.md');
  expect(literals.filter((text) => !page.includes(text.replaceAll('|', '\\|')))).toEqual([]);
});

test('every alert has a section in docs/runbooks.md', () => {
  const folder = 'lib/charts/monitoring';
  const source = readdirSync(join(REPOSITORY, folder))
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => read(`${folder}/${file}`))
    .join('\n');
  const alerts = [...new Set(source.match(/\bOnpremLink[A-Z]\w+/g))];
  expect(alerts.length).toBeGreaterThan(15);
  const sections: string[] = read('docs/runbooks.md').match(/(?<=^## )\w+$/gm) ?? [];
  expect(alerts.filter((alert) => !sections.includes(alert))).toEqual([]);
});
