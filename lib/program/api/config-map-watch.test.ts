import { ApiClient, ApiError, type ApiRequest, IdleTimeoutError } from './client';
import { ConfigMapWatch, type WatchState } from './config-map-watch';
import type { ConfigMapState } from './watch-event';

const NAME = 'static-routes';
const configMap = (version: string, routes = '[]') => ({
  metadata: { name: NAME, resourceVersion: version },
  data: { routes },
});
const list = (version: string, ...items: object[]) =>
  JSON.stringify({ kind: 'ConfigMapList', metadata: { resourceVersion: version }, items });
const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (version: string) => event('BOOKMARK', { metadata: { resourceVersion: version } });
const TOO_OLD = event('ERROR', { code: 410, message: 'too old resource version' });

/** A step of an answer: bytes, an error before or within it, a pause, a byte a second, or silence until the end. */
type Step = string | Error | { readonly wait: number } | 'drip' | 'silence';

/** An API server that answers each request with the next answer of the script, and then not at all. */
class Script extends ApiClient {
  readonly asked: string[] = [];
  /** Requests, ConfigMaps and states, in order. */
  readonly story: string[] = [];
  readonly watch: ConfigMapWatch;

  constructor(private readonly answers: (readonly Step[])[]) {
    super('192.0.2.1', 443);
    this.watch = new ConfigMapWatch(this, 'onprem-link', NAME, {
      onConfigMap: (configMap) => this.story.push(configMapText(configMap)),
      onState: (state) => this.story.push(stateText(state)),
    });
  }

  override async get({ path, signal }: ApiRequest): Promise<AsyncIterable<Buffer>> {
    const query = new URLSearchParams(path.split('?')[1]);
    this.asked.push(path);
    this.story.push(requestText(query));
    const [first, ...rest] = this.answers.shift() ?? ['silence'];
    if (first instanceof Error) throw first;
    return play([first as Step, ...rest], signal);
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
  );

async function* drip(signal: AbortSignal): AsyncGenerator<Buffer> {
  const end = aborted(signal);
  for (;;) {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 1000)), end]);
    yield Buffer.from(' ');
  }
}

async function* play(steps: readonly Step[], signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const step of steps) {
    if (step instanceof Error) throw step;
    if (typeof step === 'object') await new Promise((resolve) => setTimeout(resolve, step.wait));
    else if (step === 'drip') yield* drip(signal);
    else if (step === 'silence') await aborted(signal);
    else yield Buffer.from(step);
  }
}

function requestText(query: URLSearchParams): string {
  const version = query.get('resourceVersion');
  if (query.has('watch')) return `watch from ${version}`;
  return query.get('resourceVersionMatch') === 'NotOlderThan' ? `list not older than ${version}` : 'list';
}

const configMapText = (configMap: ConfigMapState) =>
  configMap.kind === 'gone' ? 'gone' : `present ${configMap.version} ${configMap.data.routes}`;
const stateText = (state: WatchState) => (state.state === 'failing' ? `failing: ${state.reason}` : state.state);

/** Runs the script for the given number of milliseconds and returns what happened. */
async function story(answers: (readonly Step[])[], milliseconds = 1): Promise<string[]> {
  const script = new Script(answers);
  const running = script.watch.run();
  await jest.advanceTimersByTimeAsync(milliseconds);
  script.watch.stop();
  await running;
  return script.story;
}

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(1); // the longest possible wait
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('following a ConfigMap', () => {
  test('starts with a list, and watches from its version', async () => {
    expect(
      await story([
        [list('7', configMap('5', 'a'))],
        [event('MODIFIED', configMap('8', 'b')), bookmark('20'), event('DELETED', configMap('21')), 'silence'],
      ]),
    ).toEqual(['list', 'present 5 a', 'watch from 7', 'connected', 'present 8 b', 'gone']);
  });

  test('requests only this ConfigMap, as its Role allows, with bookmarks', async () => {
    const script = new Script([[list('7')]]);
    const running = script.watch.run();
    await jest.advanceTimersByTimeAsync(1);
    script.watch.stop();
    await running;
    const [listPath, watchPath] = script.asked;
    expect(listPath).toBe('/api/v1/namespaces/onprem-link/configmaps?fieldSelector=metadata.name%3Dstatic-routes');
    expect(watchPath).toBe(`${listPath}&watch=true&allowWatchBookmarks=true&timeoutSeconds=360&resourceVersion=7`);
  });

  test('is connected as soon as the watch is open, before any event', async () => {
    expect(await story([[list('7')], ['silence']])).toEqual(['list', 'gone', 'watch from 7', 'connected']);
  });

  test('continues from the last version without a list when the server ends the watch on time', async () => {
    expect(await story([[list('7')], [{ wait: 360_000 }, bookmark('30')], ['silence']], 360_001)).toEqual([
      'list',
      'gone',
      'watch from 7',
      'connected',
      'watch from 30',
      'connected',
    ]);
  });

  test('lists again when the server ends the watch early, as a stopping server does', async () => {
    expect(await story([[list('7')], [{ wait: 5_000 }, bookmark('30')], [list('31')], ['silence']], 5_001)).toEqual([
      'list',
      'gone',
      'watch from 7',
      'connected',
      'list not older than 30',
      'gone',
      'watch from 31',
      'connected',
    ]);
  });

  test('waits before the next request when watches end at once', async () => {
    const script = new Script(Array.from({ length: 100 }, () => [[list('7')], [bookmark('8')]]).flat());
    const running = script.watch.run();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(script.asked.length).toBeGreaterThan(4);
    expect(script.asked.length).toBeLessThan(20);
    script.watch.stop();
    await running;
    expect(script.story.some((line) => line.startsWith('failing'))).toBe(false);
  });

  test('ignores events that are older than the last one seen', async () => {
    expect(
      await story([
        [list('7', configMap('5', 'a'))],
        [
          event('MODIFIED', configMap('9', 'new')),
          event('MODIFIED', configMap('8', 'old')),
          event('DELETED', configMap('6')),
          bookmark('3'),
          'silence',
        ],
      ]),
    ).toEqual(['list', 'present 5 a', 'watch from 7', 'connected', 'present 9 new']);
  });
});

describe('a version that is too old', () => {
  test.each([
    ['in the watch', [TOO_OLD]],
    ['as a rejection', [new ApiError('HTTP 410', 410)]],
  ])('leads to a list after a wait, and is not a failure (%s)', async (_, steps) => {
    const told = await story([[list('7', configMap('5', 'a'))], steps, [list('50', configMap('40', 'b'))]], 501);
    expect(told.filter((line) => line !== 'connected')).toEqual([
      'list',
      'present 5 a',
      'watch from 7',
      'list',
      'present 40 b',
      'watch from 50',
    ]);
  });

  test('makes the waits longer if a list does not help', async () => {
    const rounds = Array.from({ length: 100 }, () => [[list('7')], [TOO_OLD]]).flat();
    const told = await story(rounds, 60_000);
    expect(told.filter((line) => line === 'list').length).toBeLessThan(9);
  });
});

describe('a broken connection', () => {
  test('is reported, and nothing older than the last event is replayed', async () => {
    expect(
      await story(
        [
          [list('7', configMap('5', 'a'))],
          [
            event('MODIFIED', configMap('8', 'b')),
            event('MODIFIED', configMap('9', 'c')),
            new ApiError('the connection broke'),
          ],
          [list('12', configMap('9', 'c'))],
          ['silence'],
        ],
        501,
      ),
    ).toEqual([
      'list',
      'present 5 a',
      'watch from 7',
      'connected',
      'present 8 b',
      'present 9 c',
      'failing: the connection broke',
      'list not older than 9',
      'connected',
      'present 9 c',
      'watch from 12',
      'connected',
    ]);
  });

  test('loses a truncated line, and the list repeats its content', async () => {
    const cut = event('MODIFIED', configMap('8', 'b')).slice(0, 40);
    const told = await story([[list('7')], [cut, new ApiError('cut')], [list('8', configMap('8', 'b'))]], 501);
    expect(told.slice(-5)).toEqual(['list not older than 7', 'connected', 'present 8 b', 'watch from 8', 'connected']);
  });

  test('is retried with growing waits, and the version is kept', async () => {
    const down = () => [new ApiError('no answer: connect ECONNREFUSED')];
    const answers = [[list('7', configMap('5', 'a'))], ...Array.from({ length: 8 }, down), [list('7')]];
    const script = new Script(answers);
    const running = script.watch.run();
    const at: number[] = [];
    for (let second = 0; second < 130; second++) {
      await jest.advanceTimersByTimeAsync(1_000);
      at.push(script.asked.length);
    }
    script.watch.stop();
    await running;
    const [, , , ...retries] = script.story.filter((line) => !line.startsWith('failing'));
    expect(retries).toEqual([
      ...new Array(8).fill('list not older than 7'),
      'connected',
      'gone',
      'watch from 7',
      'connected',
    ]);
    expect(at[1]).toBe(4); // 0.5 s, 1 s, …
    expect(at[90]).toBe(9); // … 30 s
  });

  test('starts with short waits again after a healthy period', async () => {
    const cut = [{ wait: 2_000 }, new ApiError('cut')];
    const told = await story(Array.from({ length: 20 }, () => [[list('7')], cut]).flat(), 20 * 2_501);
    expect(told.filter((line) => line.startsWith('watch')).length).toBeGreaterThan(18);
  });
});

describe('a version that the server does not know, for example after etcd was restored from a backup', () => {
  const cut = new ApiError('the connection broke');
  const future = (): Step[] => [new ApiError('HTTP 504', 504)];

  test('is dropped at once: a list without a version follows, and this is not a failure', async () => {
    const told = await story(
      [[list('7', configMap('5', 'a'))], [cut], future(), [list('3', configMap('2', 'old'))]],
      501,
    );
    expect(told).toEqual([
      'list',
      'present 5 a',
      'watch from 7',
      'failing: the connection broke',
      'list not older than 7',
      'list',
      'connected',
      'present 2 old',
      'watch from 3',
      'connected',
    ]);
  });

  test('is not assumed for a 504 to a request without a version', async () => {
    const told = await story([[list('7')], [cut], future(), future(), [list('9')]], 1_501);
    expect(told.slice(3)).toEqual([
      'failing: the connection broke',
      'list not older than 7',
      'list',
      'failing: HTTP 504',
      'list',
      'connected',
      'gone',
      'watch from 9',
      'connected',
    ]);
  });
});

describe('a rejection', () => {
  test.each([401, 403, 429, 500, 503, 504])(
    'of the watch (HTTP %i) is reported and leads to a list',
    async (status) => {
      const told = await story([[list('7')], [new ApiError(`HTTP ${status}`, status)], [list('9')]], 501);
      expect(told).toEqual([
        'list',
        'gone',
        'watch from 7',
        `failing: HTTP ${status}`,
        'list',
        'gone',
        'watch from 9',
        'connected',
      ]);
    },
  );

  test.each([401, 403, 500])('of the list (HTTP %i) never means that the ConfigMap is gone', async (status) => {
    const refusal = () => [new ApiError(`HTTP ${status}`, status)];
    const told = await story(Array.from({ length: 50 }, refusal), 600_000);
    expect(new Set(told)).toEqual(new Set(['list', `failing: HTTP ${status}`]));
    expect(told.length).toBeGreaterThan(20);
  });

  test('with Retry-After delays the next request', async () => {
    const busy = [new ApiError('HTTP 429', 429, 12_000)];
    const answers = () => [busy, [list('7')]];
    expect(await story(answers(), 11_900)).toEqual(['list', 'failing: HTTP 429']);
    expect(await story(answers(), 12_100)).toContain('gone');
  });
});

describe('an invalid answer', () => {
  test('to a list changes nothing', async () => {
    for (const answer of ['<html>', '{}', '{"kind":"ConfigMapList","metadata":{},"items":[]}']) {
      const told = await story([[answer], [list('7', configMap('5', 'a'))]], 501);
      expect(told[1]).toMatch(/^failing: the API server answered with something/);
      expect(told.slice(2, 5)).toEqual(['list', 'connected', 'present 5 a']);
    }
  });

  test('within a watch is reported, and leads to a list that is not older', async () => {
    const told = await story([[list('7')], [bookmark('8'), 'garbage\n', bookmark('9')], [list('9')]], 501);
    expect(told.slice(-6)).toEqual([
      'failing: the API server answered with something that is not a JSON object',
      'list not older than 8',
      'connected',
      'gone',
      'watch from 9',
      'connected',
    ]);
  });
});

describe('an error that a handler throws', () => {
  test('is treated as a failure, and the watch continues', async () => {
    const script = new Script([[list('7')], [list('8')]]);
    let thrown = false;
    Object.assign(script.watch, {
      handlers: {
        onConfigMap: () => {
          if (!thrown) {
            thrown = true;
            throw new RangeError('Maximum call stack size exceeded');
          }
          script.story.push('seen');
        },
        onState: (state: WatchState) => script.story.push(stateText(state)),
      },
    });
    const running = script.watch.run();
    await jest.advanceTimersByTimeAsync(501);
    script.watch.stop();
    await running;
    expect(script.story).toEqual([
      'list',
      'failing: Maximum call stack size exceeded',
      'list',
      'connected',
      'seen',
      'watch from 8',
      'connected',
    ]);
  });
});

describe('stop()', () => {
  test.each([
    ['while the watch is open', [[list('7')], ['silence' as const]]],
    ['during a pause', [[new ApiError('no answer')]]],
    ['while a list request is in progress', [['silence' as const]]],
  ])('ends the watch %s', async (_, answers) => {
    const script = new Script(answers);
    const running = script.watch.run();
    await jest.advanceTimersByTimeAsync(10);
    const before = script.story.length;
    script.watch.stop();
    await running;
    expect(script.story).toHaveLength(before);
  });

  test('skips the pause if the watch is just ending', async () => {
    const script = new Script([[list('7')], [event('DELETED', configMap('8'))]]);
    const push = script.story.push.bind(script.story);
    script.story.push = (line) => {
      if (script.asked.length === 2 && line === 'gone') script.watch.stop();
      return push(line);
    };
    await script.watch.run();
    expect(script.story.at(-1)).toBe('gone');
  });

  test('before the start prevents every request', async () => {
    const script = new Script([]);
    script.watch.stop();
    await script.watch.run();
    expect(script.asked).toEqual([]);
  });
});

test('a nudge ends the pause', async () => {
  const script = new Script([[new ApiError('no answer')], [new ApiError('no answer')], [list('7')]]);
  const running = script.watch.run();
  await jest.advanceTimersByTimeAsync(10);
  script.watch.nudge();
  await jest.advanceTimersByTimeAsync(10);
  expect(script.asked).toHaveLength(2);
  script.watch.nudge();
  await jest.advanceTimersByTimeAsync(10);
  expect(script.story).toContain('gone');
  script.watch.stop();
  await running;
});

describe('a silent watch', () => {
  const silence: Step[] = [{ wait: 90_000 }, new IdleTimeoutError(90_000)];

  test('leads to a list that shows whether the server is alive, and is not a failure', async () => {
    const answers = [[list('7')], silence, [list('9')], silence, [list('11', configMap('10', 'a'))]];
    expect(await story(answers, 180_001)).toEqual([
      'list',
      'gone',
      'watch from 7',
      'connected',
      'list not older than 7',
      'gone',
      'watch from 9',
      'connected',
      'list not older than 9',
      'present 10 a',
      'watch from 11',
      'connected',
    ]);
  });

  test('is a failure if the list is not answered either, until one is', async () => {
    const noList: Step[] = [{ wait: 10_000 }, new IdleTimeoutError(10_000)];
    expect(await story([[list('7')], silence, noList, [list('9')]], 100_501)).toEqual([
      'list',
      'gone',
      'watch from 7',
      'connected',
      'list not older than 7',
      'failing: no data for 10 s',
      'list not older than 7',
      'connected',
      'gone',
      'watch from 9',
      'connected',
    ]);
  });
});

describe('an API server that sends a byte a second and never completes an answer', () => {
  test('fails the list after a minute', async () => {
    expect(await story([['drip'], [list('7')]], 60_501)).toEqual([
      'list',
      'failing: no complete answer for 60 s',
      'list',
      'connected',
      'gone',
      'watch from 7',
      'connected',
    ]);
  });

  test('is treated like a silent watch', async () => {
    const answers: Step[][] = [[list('7')], [bookmark('8'), 'drip'], [list('9')]];
    expect(await story(answers, 90_001)).toEqual([
      'list',
      'gone',
      'watch from 7',
      'connected',
      'list not older than 8',
      'gone',
      'watch from 9',
      'connected',
    ]);
  });

  test('has 90 s from each complete event to the next', async () => {
    const answers: Step[][] = [
      [list('7')],
      [{ wait: 80_000 }, bookmark('8'), { wait: 80_000 }, bookmark('9'), 'drip'],
      [],
    ];
    const told = await story(answers, 249_999);
    expect(told.at(-1)).toBe('connected');
    expect(told).toHaveLength(4);
  });
});
