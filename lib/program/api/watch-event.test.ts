import fc from 'fast-check';
import { ApiError } from './client';
import { isOlder, readList, readWatchEvent } from './watch-event';

const NAME = 'static-routes';
const configMap = (resourceVersion: string, data?: unknown, name = NAME) => ({
  metadata: { name, resourceVersion },
  ...(data !== undefined && { data }),
});
const list = (items: unknown, fields: object = {}) =>
  JSON.stringify({ kind: 'ConfigMapList', metadata: { resourceVersion: '7' }, items, ...fields });
const event = (type: string, object: unknown) => JSON.stringify({ type, object });

describe('a list', () => {
  test('returns the ConfigMap with its own version, and the version to watch from', () => {
    expect(readList(list([configMap('5', { routes: '[]' })]), NAME)).toEqual({
      version: '7',
      configMap: { kind: 'present', data: { routes: '[]' }, version: '5' },
    });
  });

  test.each([
    ['no items', []],
    ['null for items', null],
    ['others alone', [configMap('5', {}, 'kube-root-ca.crt')]],
  ])('with %s means that the ConfigMap is gone', (_, items) => {
    expect(readList(list(items), NAME)).toEqual({ version: '7', configMap: { kind: 'gone' } });
  });

  test.each([
    ['no data', undefined],
    ['null for data', null],
    ['no string', { routes: ['192.168.0.0/24'] }],
    ['data that is not an object', 'routes'],
  ])('returns one with %s as present without data', (_, data) => {
    expect(readList(list([configMap('5', data)]), NAME).configMap).toEqual({
      kind: 'present',
      data: {},
      version: '5',
    });
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '<html>502 Bad Gateway</html>'],
    ['cut off', list([configMap('5')]).slice(0, 60)],
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"ConfigMapList"'],
    ['a Status', JSON.stringify({ kind: 'Status', metadata: {}, code: 403 })],
    ['another kind', list([], { kind: 'SecretList' })],
    ['no version', list([], { metadata: {} })],
    ['null for metadata', list([], { metadata: null })],
    ['a version that is a number', list([], { metadata: { resourceVersion: 7 } })],
    ['items that are not an array', list({})],
  ])('that is %s throws an error and reveals nothing', (_, text) => {
    expect(() => readList(text, NAME)).toThrow(ApiError);
  });

  test('is searched even if it contains invalid items', () => {
    const items = [null, 7, 'x', {}, { metadata: null }, configMap('5', { routes: '[]' })];
    expect(readList(list(items), NAME).configMap.kind).toBe('present');
  });
});

describe('an event', () => {
  test.each(['ADDED', 'MODIFIED'])('%s returns the ConfigMap', (type) => {
    expect(readWatchEvent(event(type, configMap('8', { routes: '[]' })), NAME)).toEqual({
      version: '8',
      configMap: { kind: 'present', data: { routes: '[]' }, version: '8' },
    });
  });

  test('DELETED means that it is gone, even if the event contains data', () => {
    expect(readWatchEvent(event('DELETED', configMap('9', { routes: '[]' })), NAME)).toEqual({
      version: '9',
      configMap: { kind: 'gone' },
    });
  });

  test('BOOKMARK returns only the version', () => {
    expect(readWatchEvent(event('BOOKMARK', { metadata: { resourceVersion: '10' } }), NAME)).toEqual({ version: '10' });
  });

  test.each(['ADDED', 'MODIFIED', 'DELETED'])('%s with another name is ignored', (type) => {
    expect(readWatchEvent(event(type, configMap('8', {}, 'other')), NAME)).toBeUndefined();
  });

  test.each([
    [410, { code: 410, message: 'too old resource version' }, 'the watch failed: too old resource version'],
    [500, { code: 500 }, 'the watch failed: no reason given'],
    [undefined, null, 'the watch failed: no reason given'],
  ])('ERROR throws an error with its code (%s)', (status, object, message) => {
    expect(() => readWatchEvent(event('ERROR', object), NAME)).toThrow(expect.objectContaining({ status, message }));
  });

  test.each([
    ['no JSON', '{"type":"ADDED","obj'],
    ['no object', '{"type":"ADDED"}'],
    ['null for its object', event('MODIFIED', null)],
    ['no version', event('DELETED', { metadata: { name: NAME } })],
    ['an unknown type', event('REPLACED', configMap('8'))],
    ['no type', JSON.stringify({ object: configMap('8') })],
    ['a number', '17'],
  ])('with %s throws an error without a status, so the version is still valid', (_, line) => {
    expect(() => readWatchEvent(line, NAME)).toThrow(expect.objectContaining({ name: 'ApiError', status: undefined }));
  });
});

test('no JSON input means that the ConfigMap is gone, or throws anything but ApiError', () => {
  const values = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => event('MODIFIED', value)),
    fc.string(),
  );
  fc.assert(
    fc.property(values, (text) => {
      for (const read of [readList, readWatchEvent])
        try {
          expect(read(text, NAME)?.configMap?.kind).not.toBe('gone');
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
        }
    }),
  );
});

test('compares versions as numbers of any size, and does not compare other versions', () => {
  expect(isOlder('9', '10')).toBe(true);
  expect(isOlder('10', '9')).toBe(false);
  expect(isOlder('10', '10')).toBe(false);
  expect(isOlder('9007199254740993', '9007199254740994')).toBe(true);
  expect(isOlder('abc', '10')).toBe(false);
  expect(isOlder('9', 'abc')).toBe(false);
});
