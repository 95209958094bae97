import { facts, outcome, verdict } from '../../../test/agent/facts';
import { SEEDS, snapshot } from '../../../test/agent/ip';
import { SETTINGS } from '../../../test/agent/settings';
import type { Agent } from '../agent';
import type { ReadyLatch } from '../ready-latch';
import { pagesOf } from './pages';

function page(
  path: string,
  given: Partial<ReturnType<typeof facts>> = {},
  latch?: ReadyLatch,
  preview: () => readonly string[] | undefined = () => ['add 192.168.0.0/24'],
) {
  const { list, watch: watchState, nextHops: _, ...rest } = facts(given);
  const nextHops = { all: [] };
  const agent = {
    ...rest,
    watchState,
    nextHops,
    paths: { all: [] },
    rollout: { state: { state: 'settled' } },
    ownership: SETTINGS.ownership,
    source: { state: list, list: undefined },
  } as unknown as Agent;
  const files: Readonly<Record<string, string>> = {
    '/proc/net/netstat': 'TcpExt: IPReversePathFilter\nTcpExt: 5\n',
    '/proc/sys/net/ipv4/conf/all/rp_filter': '1\n',
    '/proc/sys/net/ipv4/conf/priv/rp_filter': '0\n',
  };
  const pages = pagesOf(SETTINGS, agent, (file) => files[file], preview, latch);
  return pages.get(path)?.();
}

test("the probe paths contain the instance's name, so that no other program can answer for it", () => {
  expect(page('/livez')).toBeUndefined();
  expect(page('/readyz')).toBeUndefined();
  expect(page('/livez/node-routes')).toMatchObject({ status: 200 });
});

test('readiness is a status code with its reason', () => {
  expect(page('/readyz/node-routes')).toEqual({ status: 200, type: 'text/plain', body: '2 routes: 2 effective\n' });
  const waiting = { outcome: outcome(verdict('192.168.0.0/24', 'waiting', 'why')) };
  expect(page('/readyz/node-routes', waiting)).toEqual({
    status: 503,
    type: 'text/plain',
    body: '1 of 1 routes: 192.168.0.0/24 waiting: why\n',
  });
});

test('with rolling changes, the latch answers the readiness probe, and the status shows the current state', () => {
  const latch = { answer: () => ({ ready: true, reason: 'latched' }) } as unknown as ReadyLatch;
  const waiting = { outcome: outcome(verdict('192.168.0.0/24', 'waiting', 'why')) };
  expect(page('/readyz/node-routes', waiting, latch)).toMatchObject({ status: 200, body: 'latched\n' });
  expect(JSON.parse(page('/status/node-routes', waiting, latch)?.body as string)).toMatchObject({ ready: false });
  expect(page('/metrics', waiting, latch)?.body).toContain('onprem_link_ready 0\n');
});

test('liveness does not depend on any state', () => {
  expect(page('/livez/node-routes', { passError: 'ENOBUFS', outcome: undefined })).toMatchObject({ status: 200 });
});

test('the status is JSON, with the reverse path filter of the links that our routes use', () => {
  const routes = [...SEEDS.routes, '192.168.0.0/24 nhid 1 proto ours'];
  const given = outcome(verdict('192.168.0.0/24'));
  const node = snapshot({ ...SEEDS, routes, nexthops: ['1 via 10.184.0.1 dev priv'] });
  const body = page('/status/node-routes', { outcome: { ...given, snapshot: node } })?.body as string;
  expect(JSON.parse(body)).toMatchObject({
    ready: true,
    node: 'worker-1',
    reversePathFilters: [{ interface: 'priv', mode: 'strict' }],
    reversePathDrops: 5,
  });
});

test('serves metrics and the diff', () => {
  expect(page('/metrics')).toMatchObject({
    type: 'text/plain; version=0.0.4',
    body: expect.stringContaining('# HELP'),
  });
  expect(page('/diff/node-routes')).toEqual({
    status: 200,
    type: 'application/json',
    body: '[\n  "add 192.168.0.0/24"\n]\n',
  });
});

test('without a list, serves no diff instead of an empty one', () => {
  const pages = page('/diff/node-routes', { list: { state: 'unknown' } }, undefined, () => undefined);
  expect(pages).toMatchObject({
    status: 503,
    body: expect.stringMatching(/^the agent has no list yet, .*: ConfigMap .* has not been read yet\n$/),
  });
});
