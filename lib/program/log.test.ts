import { createLog, MOST_OF_EVENT } from './log';

const at = () => new Date('2026-11-22T10:00:00Z');

function lines(least: 'debug' | 'info' | 'warn' | 'error'): string[] {
  const written: string[] = [];
  const log = createLog(least, (line) => written.push(line), at);
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, 'some.event', 'hello', { count: 1 });
  return written;
}

test('writes an event as one line of JSON', () => {
  expect(lines('error')).toEqual([
    '{"time":"2026-11-22T10:00:00.000Z","level":"error","event":"some.event","message":"hello","count":1}\n',
  ]);
});

test('leaves out lines below the level', () => {
  expect(lines('debug')).toHaveLength(4);
  expect(lines('info')).toHaveLength(3);
  expect(lines('warn')).toHaveLength(2);
});

test('keeps any message on one line', () => {
  const written: string[] = [];
  createLog('info', (line) => written.push(line), at)('info', 'e', 'a\nb\u2028"c"');
  expect(written).toHaveLength(1);
  expect(written[0]?.indexOf('\n')).toBe((written[0] as string).length - 1);
  expect(JSON.parse(written[0] as string)).toMatchObject({ message: 'a\nb\u2028"c"' });
});

describe('a storm of one event', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const storm = (count: number, event: string, log: ReturnType<typeof createLog>) => {
    for (let i = 0; i < count; i++) log(i === count - 1 ? 'warn' : 'info', event, `line ${i}`);
  };

  test('is cut within a minute, and one line reports the number of omitted lines', () => {
    const written: string[] = [];
    const log = createLog('info', (line) => written.push(line), at);
    storm(10_000, 'routes.changed', log);
    expect(written).toHaveLength(MOST_OF_EVENT);
    jest.advanceTimersByTime(60_000);
    expect(written).toHaveLength(MOST_OF_EVENT + 1);
    expect(JSON.parse(written.at(-1) as string)).toMatchObject({
      level: 'warn',
      event: 'log.omitted',
      of: 'routes.changed',
      omitted: 10_000 - MOST_OF_EVENT,
    });
  });

  test('hides neither other events nor later ones', () => {
    const written: string[] = [];
    const log = createLog('info', (line) => written.push(line), at);
    storm(1000, 'routes.changed', log);
    log('error', 'pass.failed', 'no');
    expect(written.at(-1)).toContain('pass.failed');
    jest.advanceTimersByTime(60_000);
    log('info', 'routes.changed', 'calm again');
    expect(written.at(-1)).toContain('calm again');
  });

  test('does not count lines below the level', () => {
    const written: string[] = [];
    const log = createLog('info', (line) => written.push(line), at);
    for (let i = 0; i < 1000; i++) log('debug', 'e', 'x');
    log('info', 'e', 'y');
    jest.advanceTimersByTime(60_000);
    expect(written).toHaveLength(1);
  });
});
