import { DEFAULT_RULES } from '../network';
import type { ConfigMapState } from '../program/api/watch-event';
import { RouteSource } from './route-source';

function follow() {
  const clock = { now: 1000 };
  const source = new RouteSource(DEFAULT_RULES, () => clock.now);
  const present = (version: string, text: string | undefined): ConfigMapState => ({
    kind: 'present',
    data: text === undefined ? {} : { routes: text },
    version,
  });
  return {
    source,
    clock,
    show: (version: string, text: string | undefined) => source.update(present(version, text)),
    subnets: () => source.list?.routes.map(({ subnet }) => `${subnet}`),
  };
}

test('knows nothing at first', () => {
  const { source } = follow();
  expect([source.state, source.list]).toEqual([{ state: 'unknown' }, undefined]);
});

test("accepts a list in the original's format", () => {
  const { source, show, subnets } = follow();
  expect(show('5', ' \n    [ \n      "192.168.0.0/24",\n      "192.168.1.0/24"\n    ]')).toBe(true);
  expect(source.state).toEqual({ state: 'accepted', version: '5' });
  expect(subnets()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
});

test.each([
  ['an invalid list', '["10.94.227.46/24"]', /host bits/],
  ['no JSON', '[', /is not JSON/],
  ['an empty text', '', /write \[\] for no routes/],
  ['a missing list', undefined, /the ConfigMap has no key routes; write routes: "\[\]" for no routes/],
])('keeps the last valid list after %s', (_, text, reason) => {
  const { source, show, subnets } = follow();
  show('5', '["192.168.0.0/24"]');
  expect(show('6', text)).toBe(true);
  expect(subnets()).toEqual(['192.168.0.0/24']);
  expect(source.state).toMatchObject({ state: 'rejected', version: '6' });
  if (source.state.state === 'rejected')
    expect(source.state.findings.map(({ reason: why, remedy }) => `${why}; ${remedy}`).join()).toMatch(reason);
  expect([source.accepted, source.rejected]).toEqual([1, 1]);
});

test('has no list without a last valid one, rather than an empty one', () => {
  const { show, source } = follow();
  show('6', '[');
  expect(source.list).toBeUndefined();
});

test('accepts an empty list', () => {
  const { show, subnets } = follow();
  show('6', '[]');
  expect(subnets()).toEqual([]);
});

test('reads servers beside the list; without them there are none, and invalid ones reject both', () => {
  const { source, show, subnets } = follow();
  const withServers = (version: string, servers: string, text = '["192.168.0.0/24"]') =>
    source.update({ kind: 'present', data: { routes: text, servers }, version });
  withServers('5', '["192.168.0.10"]');
  expect(source.servers.map(String)).toEqual(['192.168.0.10']);
  expect(withServers('5', '["192.168.0.11"]')).toBe(true); // as after etcd was restored from a backup
  expect(source.servers.map(String)).toEqual(['192.168.0.11']);
  withServers('6', '["192.168.0.0/24"]', '["192.168.7.0/33"]');
  expect(source.state).toMatchObject({
    state: 'rejected',
    findings: [{ at: 'routes[0]' }, { at: 'servers[0]' }],
  });
  expect([subnets(), source.servers.map(String)]).toEqual([['192.168.0.0/24'], ['192.168.0.11']]);
  show('7', '[]');
  expect(source.servers).toEqual([]);
});

test('accepts a known version with another text, as after etcd was restored from a backup', () => {
  const { show, subnets } = follow();
  show('5', '["192.168.0.0/24"]');
  expect(show('5', '["192.168.7.0/24"]')).toBe(true);
  expect(subnets()).toEqual(['192.168.7.0/24']);
});

test('ignores the same version, good or bad', () => {
  const { source, show } = follow();
  show('5', '["192.168.0.0/24"]');
  const { list } = source;
  expect(show('5', '["192.168.0.0/24"]')).toBe(false);
  expect(source.list).toBe(list);
  show('6', '[');
  expect(show('6', '[')).toBe(false);
  expect([source.accepted, source.rejected]).toEqual([1, 1]);
});

test('keeps the list when the ConfigMap is gone, and the time since when that is known', () => {
  const { source, show, subnets, clock } = follow();
  show('5', '["192.168.0.0/24"]');
  clock.now = 2000;
  expect(source.update({ kind: 'gone' })).toBe(true);
  clock.now = 3000;
  expect(source.update({ kind: 'gone' })).toBe(false);
  expect(source.state).toEqual({ state: 'gone', since: 2000 });
  expect(subnets()).toEqual(['192.168.0.0/24']);
});

test('accepts a ConfigMap that came back, even with its old version', () => {
  const { source, show } = follow();
  show('5', '[]');
  source.update({ kind: 'gone' });
  expect(show('5', '[]')).toBe(true);
  expect(source.state).toEqual({ state: 'accepted', version: '5' });
});

describe('a list from the pod template', () => {
  const LIST = '["192.168.0.0/24"]';

  test('is accepted without the API server; the ConfigMap is only compared with it', () => {
    const { source, show, subnets } = follow();
    source.pin(LIST);
    expect([source.state, subnets(), source.differs]).toMatchObject([{ state: 'accepted' }, ['192.168.0.0/24'], false]);
    expect([show('5', LIST), source.differs]).toEqual([false, false]);
    for (const text of ['["192.168.9.0/24"]', '[', undefined]) {
      expect([show(`6 ${text}`, text), source.differs]).toEqual([true, true]);
      expect([show(`7 ${text}`, text), source.differs]).toEqual([false, true]);
      expect([show(`8 ${text}`, LIST), source.differs]).toEqual([true, false]);
    }
    expect([source.state, subnets(), source.accepted, source.rejected]).toMatchObject([
      { state: 'accepted' },
      ['192.168.0.0/24'],
      1,
      0,
    ]);
  });

  test.each([undefined, '', '["192.168.0.1/24"]'])(
    'is rejected if it is %j, whatever the ConfigMap contains',
    (text) => {
      const { source, show, subnets } = follow();
      source.pin(text);
      show('5', LIST);
      expect([source.state.state, subnets(), source.differs]).toEqual(['rejected', undefined, true]);
    },
  );

  test('outlives its ConfigMap, whose deletion is still noticed', () => {
    const { source, show, subnets } = follow();
    source.pin(LIST);
    expect(source.update({ kind: 'gone' })).toBe(true);
    expect([source.state.state, subnets()]).toEqual(['gone', ['192.168.0.0/24']]);
    expect([show('9', LIST), source.state.state]).toEqual([true, 'accepted']);
  });
});
