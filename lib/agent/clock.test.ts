import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the time of day is told to people; what is decided and waited for goes by performance.now() and timers. */
const REPORTING: ReadonlySet<string> = new Set(['log.ts', 'agent.ts: lastChange', 'report/metrics.ts: seconds']);

test('a jump of the clock changes nothing: the time of day is only reported, never decided by', () => {
  const uses = readdirSync(__dirname, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('testing/'))
    .flatMap((path) => linesWithDate(path).map((line) => ({ path, line })));
  const others = uses.filter(({ path, line }) => ![...REPORTING].some((place) => isPlace(place, path, line)));
  expect(others).toEqual([]);
  expect(uses.length).toBeGreaterThan(0);
});

function linesWithDate(path: string): string[] {
  return readFileSync(join(__dirname, path), 'utf8')
    .split('\n')
    .filter((line) => /\bDate\b|hrtime|setSystemTime/.test(line));
}

function isPlace(place: string, path: string, line: string): boolean {
  const [file, word = ''] = place.split(': ');
  return path === file && line.includes(word);
}
