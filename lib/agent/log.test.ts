import { createLog } from './log';

const at = () => new Date('2026-11-22T10:00:00Z');

function lines(least: 'debug' | 'info' | 'warn' | 'error'): string[] {
  const written: string[] = [];
  const log = createLog(least, (line) => written.push(line), at);
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, 'some.event', 'hello', { count: 1 });
  return written;
}

test('an event is one line of JSON', () => {
  expect(lines('error')).toEqual([
    '{"time":"2026-11-22T10:00:00.000Z","level":"error","event":"some.event","message":"hello","count":1}\n',
  ]);
});

test('what is below the level is left out', () => {
  expect(lines('debug')).toHaveLength(4);
  expect(lines('info')).toHaveLength(3);
  expect(lines('warn')).toHaveLength(2);
});

test('whatever a message holds, it stays one line', () => {
  const written: string[] = [];
  createLog('info', (line) => written.push(line), at)('info', 'e', 'a\nb\u2028"c"');
  expect(written).toHaveLength(1);
  expect(written[0]?.indexOf('\n')).toBe((written[0] as string).length - 1);
  expect(JSON.parse(written[0] as string)).toMatchObject({ message: 'a\nb\u2028"c"' });
});
