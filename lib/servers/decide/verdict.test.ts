import fc from 'fast-check';
import { firstLook, type Health, marked, observe } from './health';
import { doubtOf, failing, judge, type Surroundings, select } from './verdict';

const THRESHOLDS = { downAfter: 2, upAfter: 2 };
const CONFIRMED: Surroundings = { lastSuccess: 100, isConfirmed: () => true };

function failed(times: number, from = 10): Health {
  let health = firstLook('up', 0);
  for (let i = 0; i < times; i++) health = observe(health, { ok: false, reason: 'HTTP 500' }, from + i, true);
  return health;
}

const up = firstLook('up', 0);
const down = marked(up, 'down', 5);
/** Down, answering, and held until 40 s. */
const held = { ...down, successes: 2, heldUntil: 40_000 };

describe('a server that fails', () => {
  const servers = new Map([
    ['192.0.2.1', failed(2)],
    ['192.0.2.2', up],
  ]);
  const marks = (surroundings: Parameters<typeof judge>[2]) =>
    [...judge(servers, THRESHOLDS, surroundings, 200).values()].map(({ mark }) => mark);

  test('is marked down if others have answered since and the other replica agrees', () => {
    expect(marks(CONFIRMED)).toEqual(['down', 'up']);
    expect(failing(servers, THRESHOLDS)).toEqual(['192.0.2.1']);
  });

  test.each([
    ['the other replica reaches it', { ...CONFIRMED, isConfirmed: () => false }, 'unconfirmed'],
    ['nothing has answered since', { ...CONFIRMED, lastSuccess: 10 }, 'everything'],
    ['nothing has ever answered', { ...CONFIRMED, lastSuccess: undefined }, 'everything'],
  ] as const)('stays up if %s', (_, surroundings, doubt) => {
    expect(judge(servers, THRESHOLDS, surroundings, 200)).toBe(servers);
    expect(doubtOf('192.0.2.1', failed(2), surroundings)).toBe(doubt);
  });

  test('stays up before its threshold', () => {
    const early = new Map([['192.0.2.1', failed(1)]]);
    expect(judge(early, THRESHOLDS, CONFIRMED, 200)).toBe(early);
  });
});

describe('new connections go to', () => {
  const chosen = (healths: Record<string, Health>, panicThreshold = 1) => {
    const { ready, mode } = select(new Map(Object.entries(healths)), THRESHOLDS, panicThreshold, 10_000);
    return [mode, [...ready].join(' ')];
  };

  test.each([
    ['those that are up', { a: up, b: down, c: up }, 1, ['normal', 'a c']],
    ['all of them if all are down', { a: down, b: down }, 1, ['panic', 'a b']],
    ['the only one, whatever it does', { a: down }, 1, ['panic', 'a']],
    ['one that answers before its pause is over, if no other is up', { a: down, b: held }, 1, ['early', 'b']],
    ['all of them below the threshold', { a: up, b: down, c: down }, 2, ['panic', 'a b c']],
    ['up and held ones that reach the threshold together', { a: up, b: held, c: down }, 2, ['early', 'a b']],
  ] as const)('%s', (_, healths, threshold, expected) => {
    expect(chosen(healths, threshold)).toEqual(expected);
  });
});

test('at least the panic threshold, or all servers, get connections in any state', () => {
  const health = fc.record({
    mark: fc.constantFrom('up' as const, 'down' as const),
    successes: fc.nat(3),
    heldUntil: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(health, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 8 }), (list, threshold) => {
      const servers = new Map(list.map((part, i) => [`${i}`, { ...up, ...part }]));
      const { ready, mode } = select(servers, THRESHOLDS, threshold, 1);
      expect(ready.size).toBeGreaterThanOrEqual(Math.min(threshold, servers.size));
      if (mode === 'normal')
        expect([...servers].every(([key, { mark }]) => (mark === 'up') === ready.has(key))).toBe(true);
      // A server that is up is never left out.
      for (const [key, { mark }] of servers) if (mark === 'up') expect(ready).toContain(key);
    }),
  );
});

/** Trouble of the path to all servers, of only this replica, or of the first server. */
type Trouble = 'way' | 'replica' | 'server';
interface Story {
  readonly count: number;
  readonly shift: number;
  readonly start: number;
  readonly length: number;
  readonly trouble: Trouble;
}
const EVERY = 10_000;
const TIMEOUT = 2_000;

/** The probe results of a story, ordered by their ends; each server has its own phase. */
function resultsOf({ count, shift, start, length, trouble }: Story) {
  const beats = Array.from({ length: 400_000 / EVERY }, (_, beat) => beat * EVERY);
  const probes = beats.flatMap((beat) =>
    Array.from({ length: count }, (_, i) => ({ key: `s${i}`, at: beat + ((shift + (i * EVERY) / count) % EVERY) })),
  );
  const isTroubled = ({ key, at }: (typeof probes)[number]) =>
    at >= start && at < start + length && (trouble !== 'server' || key === 's0');
  return probes
    .map((one) => ({ key: one.key, ok: !isTroubled(one), at: one.at + (isTroubled(one) ? TIMEOUT : 3) }))
    .sort((one, other) => one.at - other.at);
}

/** The marks after each result. */
function* watch(story: Story, limits: { downAfter: number; upAfter: number }) {
  const names = Array.from({ length: story.count }, (_, i) => `s${i}`);
  let servers: ReadonlyMap<string, Health> = new Map(names.map((name) => [name, firstLook('up', 0)]));
  let lastSuccess: number | undefined;
  for (const { key, ok, at } of resultsOf(story)) {
    if (ok) lastSuccess = at;
    const othersAnswer = lastSuccess !== undefined && at - lastSuccess <= EVERY + TIMEOUT;
    const result = ok ? ({ ok, milliseconds: 3 } as const) : ({ ok, reason: 'timeout' } as const);
    servers = new Map(servers).set(key, observe(servers.get(key) as Health, result, at, othersAnswer));
    servers = judge(servers, limits, { lastSuccess, isConfirmed: () => story.trouble !== 'replica' }, at);
    yield { at, down: [...servers].filter(([, { mark }]) => mark === 'down').map(([name]) => name) };
  }
}

test('trouble of the path or of one replica marks nothing down; a dead server among live ones is marked in time', () => {
  const stories = fc.record({
    count: fc.integer({ min: 2, max: 6 }),
    shift: fc.integer({ min: 0, max: EVERY - 1 }),
    start: fc.integer({ min: 60_000, max: 100_000 }),
    length: fc.integer({ min: 1_000, max: 200_000 }),
    trouble: fc.constantFrom<Trouble>('way', 'replica', 'server'),
  });
  fc.assert(
    fc.property(stories, fc.integer({ min: 2, max: 4 }), (story, downAfter) => {
      const marks = [...watch(story, { downAfter, upAfter: 2 })];
      if (story.trouble !== 'server') {
        expect(marks.filter(({ down }) => down.length > 0)).toEqual([]);
        return;
      }
      expect(marks.filter(({ down }) => down.some((name) => name !== 's0'))).toEqual([]);
      const bound = downAfter * EVERY + TIMEOUT;
      const first = marks.find(({ down }) => down.length > 0);
      if (story.length > bound)
        expect((first?.at ?? Number.POSITIVE_INFINITY) - story.start).toBeLessThanOrEqual(bound);
    }),
  );
});
