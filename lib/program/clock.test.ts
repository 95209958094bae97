import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathsBelow, REPOSITORY } from '../../test/repository';

/** The programs that run inside a cluster. */
const PROGRAMS = ['lib/agent', 'lib/program', 'lib/servers'];

/** The files that show the time of day to people. Decisions and waits use performance.now() and timers. */
const REPORTING: ReadonlySet<string> = new Set([
  'lib/program/log.ts',
  'lib/agent/agent.ts: lastChange',
  'lib/agent/report/metrics.ts: seconds',
  'lib/servers/main.ts: date',
  'lib/servers/lease-keeper.ts: date()',
  'lib/servers/event-recorder.ts: date()',
]);

test('no decision depends on the time of day, so a clock jump changes nothing', () => {
  const uses = pathsBelow(...PROGRAMS)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('/testing/'))
    .flatMap((path) => linesWithDate(path).map((line) => ({ path, line })));
  const others = uses.filter(({ path, line }) => ![...REPORTING].some((place) => isPlace(place, path, line)));
  expect(others).toEqual([]);
  expect(uses.length).toBeGreaterThan(0);
});

function linesWithDate(path: string): string[] {
  return readFileSync(join(REPOSITORY, path), 'utf8')
    .split('\n')
    .filter((line) => /\bDate\b|hrtime|setSystemTime/.test(line));
}

function isPlace(place: string, path: string, line: string): boolean {
  const [file, word = ''] = place.split(': ');
  return path === file && line.includes(word);
}
