import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** The commands of package.json that are programs of this repository; the others are tsc, biome, knip and jest. */
const OURS = Object.entries(scripts).flatMap(([name, command]) => {
  const [, script, ...more] = /^node --require \S+ (\S+\.ts)(?: (.*))?$/.exec(command) ?? [];
  return script === undefined ? [] : [{ name, script, args: more[0]?.split(' ') ?? [] }];
});

test('a command that runs a program of this repository runs nothing else, so that --help reaches it', () => {
  const others = Object.keys(scripts).filter((name) => !OURS.some((one) => one.name === name));
  expect(others.sort()).toEqual(['format', 'lint', 'prepare', 'test', 'test:long', 'types']);
});

test.each(OURS)('npm run $name has --help', ({ name, script, args }) => {
  // A program without --help would do its work, so it is not started.
  expect(readFileSync(join(REPOSITORY, script), 'utf8')).toMatch(/offerHelp\(|values\.help|'--help'/);
  const run = spawnSync(process.execPath, ['--require', 'tsx/cjs', script, ...args, '--help'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  expect([run.status, run.stderr]).toEqual([0, '']);
  expect(run.stdout).toMatch(new RegExp(`^npm run (?:-s )?${name.replace(':full', '(?::full)?')}\\b`));
});
