import { facts, outcome, verdict, watchedNetwork } from '../../../test/agent/facts';
import { hop, subnet } from '../../../test/agent/ip';
import type { Facts } from './facts';
import { metricsText } from './metrics';

interface Metric {
  readonly help: string;
  readonly type: string;
  readonly samples: Map<string, number>;
}

/** Reads Prometheus' text format 0.0.4 strictly by its own rules. */
function parse(text: string): Map<string, Metric> {
  const found = new Map<string, Metric>();
  let help: [string, string] | undefined;
  let current: [string, Metric] | undefined;
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helpName, helpText] = /^# HELP ([a-z_]+) (.+)$/.exec(line) ?? [];
    const [, typeName, type] = /^# TYPE ([a-z_]+) (gauge|counter|histogram)$/.exec(line) ?? [];
    const [, name, labels = '', value] = /^([a-z_]+)(\{.+\})? (-?[\d.]+)$/.exec(line) ?? [];
    if (helpName !== undefined) {
      expect(found.has(helpName)).toBe(false);
      help = [helpName, helpText as string];
    } else if (typeName !== undefined) {
      expect(help?.[0]).toBe(typeName);
      current = [typeName, { help: help?.[1] as string, type: type as string, samples: new Map() }];
      found.set(...current);
    } else {
      const part = current?.[1].type === 'histogram' ? (/_(bucket|sum|count)$/.exec(name ?? '')?.[0] ?? 'none') : '';
      expect([line, name]).toEqual([line, `${current?.[0]}${part}`]);
      expect(current?.[1].samples.has(part + labels)).toBe(false);
      current?.[1].samples.set(part + labels, Number(value));
    }
  }
  return found;
}

const metrics = (given = facts()) => parse(metricsText(given));
const value = (name: string, labels = '', given = facts()) =>
  metrics(given).get(`onprem_link_${name}`)?.samples.get(labels);

test('every metric has one HELP and one TYPE, and counters end in _total', () => {
  for (const [name, { type, help }] of metrics()) {
    expect(name.startsWith('onprem_link_')).toBe(true);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(help.endsWith('.') || help.endsWith(')')).toBe(true);
  }
});

test('counts routes by state, including states without routes', () => {
  const given = facts({
    outcome: outcome(
      verdict('192.168.0.0/24'),
      verdict('192.168.1.0/24'),
      verdict('192.168.2.0/24', 'conflicting', 'x'),
    ),
  });
  expect(value('routes_desired', '', given)).toBe(3);
  expect(value('routes', '{state="effective"}', given)).toBe(2);
  expect(value('routes', '{state="conflicting"}', given)).toBe(1);
  expect(value('routes', '{state="refused"}', given)).toBe(0);
  expect(metrics(given).get('onprem_link_routes')?.samples.size).toBe(9);
  expect(value('ready', '', given)).toBe(0);
});

test('reports counters, times and states', () => {
  expect(value('ready')).toBe(1);
  expect(value('changes_total')).toBe(3);
  expect(value('repairs_total')).toBe(0);
  expect(value('last_change_timestamp_seconds')).toBe(Date.UTC(2026, 10, 22, 10) / 1000);
  expect(value('lists_total', '{result="accepted"}')).toBe(1);
  expect(value('lists_total', '{result="rejected"}')).toBe(0);
  expect([value('list_accepted'), value('list_gone'), value('watch_connected'), value('protocol_in_use')]).toEqual([
    1, 0, 1, 0,
  ]);
  expect(value('rp_filter_mode', '{interface="priv"}')).toBe(1);
  expect(value('rp_filter_dropped_packets_total')).toBe(7);
});

test('reports trouble', () => {
  const given = facts({
    list: { state: 'gone', since: 0 },
    rollout: { state: 'suspended', reason: 'lost' },
    watch: { state: 'failing', reason: 'HTTP 403' },
    lockHolder: 'default/other',
    outcome: undefined,
    counters: { listsAccepted: 0, listsRejected: 2, rollbacks: 3, repairs: 0, changes: 0, lastChange: undefined },
    reversePathDrops: undefined,
  });
  expect([value('list_accepted', '', given), value('list_gone', '', given)]).toEqual([0, 1]);
  expect([value('watch_connected', '', given), value('protocol_in_use', '', given)]).toEqual([0, 1]);
  expect([value('list_rolled_back', '', given), value('rollbacks_total', '', given)]).toEqual([1, 3]);
  expect(value('last_change_timestamp_seconds', '', given)).toBe(0);
  expect(value('rp_filter_dropped_packets_total', '', given)).toBeUndefined();
});

test('escapes characters that a label must not contain', () => {
  const given = facts({ reversePathFilters: [{ interface: 'a"b\\c\nd', mode: 'loose' }] });
  expect(metricsText(given)).toContain('onprem_link_rp_filter_mode{interface="a\\"b\\\\c\\nd"} 2\n');
});

test('a next hop that does not answer is 0, and one that answers or is returning is 1', () => {
  const hopOf = (nextHop: string, state: 'up' | 'returning' | 'down') => ({
    nextHop,
    interface: 'priv',
    state,
    seconds: 1,
  });
  const missingNextHops = ['next hop 203.0.113.9 cannot be reached from this node'];
  const given = facts({
    nextHops: [hopOf('10.184.0.1', 'up'), hopOf('10.184.0.3', 'down'), hopOf('fe80::1', 'returning')],
    outcome: { ...outcome(), missingNextHops },
  });
  const up = (nextHop: string) => value('next_hop_up', `{next_hop="${nextHop}",interface="priv"}`, given);
  expect(['10.184.0.1', '10.184.0.3', 'fe80::1'].map(up)).toEqual([1, 0, 1]);
  expect(value('next_hops_missing', '', given)).toBe(1);
});

test("reports a ConfigMap that differs from the pod's list", () => {
  expect(value('list_differs')).toBe(0);
  expect(value('list_differs', '', facts({ pinned: { isInForce: true, differs: true } }))).toBe(1);
});

test('reports a list that waits for an answer, but not as rolled back', () => {
  expect(value('list_unconfirmed')).toBe(0);
  expect(value('list_unconfirmed', '', facts({ rollout: { state: 'pending', seconds: 20 } }))).toBe(0);
  const waiting = facts({ rollout: { state: 'pending', reason: 'nothing answers' } });
  expect([value('list_unconfirmed', '', waiting), value('list_rolled_back', '', waiting)]).toEqual([1, 0]);
});

test('reports a list that was rolled back', () => expect(value('list_rolled_back')).toBe(0));

test('the reason why a node is not ready is one fixed word', () => {
  const words = (given = facts()) =>
    [...(metrics(given).get('onprem_link_not_ready')?.samples ?? [])]
      .filter(([, is]) => is === 1)
      .map(([word]) => word);
  expect(words()).toEqual([]);
  expect(words(facts({ list: { state: 'gone', since: 0 } }))).toEqual(['{reason="list_gone"}']);
  expect(words(facts({ watch: { state: 'failing', reason: 'HTTP 403' } }))).toEqual(['{reason="api_server"}']);
  expect(words(facts({ outcome: undefined }))).toEqual(['{reason="starting"}']);
  expect(words(facts({ outcome: outcome(verdict('192.168.0.0/24', 'waiting', 'why')) }))).toEqual([
    '{reason="routes"}',
  ]);
});

test('reports the private network by family, with its next hops', () => {
  const privateNetworks: NonNullable<Facts['outcome']>['privateNetworks'] = new Map([
    [4, { state: 'found', network: subnet('10.0.0.0/8'), hops: [hop('via 10.184.0.1 dev priv')] }],
    [6, { state: 'missing', reason: 'this node has the address fd00::2 but no route' }],
  ]);
  const { samples } = metrics(facts({ outcome: { ...outcome(), privateNetworks } })).get(
    'onprem_link_private_network_info',
  ) as Metric;
  expect([...samples]).toEqual([
    ['{family="IPv4",state="found",next_hop="10.184.0.1",interface="priv"}', 1],
    ['{family="IPv6",state="missing",next_hop="",interface=""}', 1],
  ]);
});

test('contains no subnet, comment or on-premise address, whatever the trouble', () => {
  const route = { subnet: '192.168.77.0/24', comment: 'the vault' };
  for (const state of ['effective', 'waiting', 'conflicting', 'shadowed', 'refused', 'failed'] as const) {
    const given = facts({
      outcome: outcome(verdict(route, state, '192.168.77.9 of the vault')),
      list: {
        state: 'rejected',
        version: '1',
        findings: [{ at: 'routes[0]', value: '192.168.77.1/24', reason: 'the vault', remedy: '' }],
      },
    });
    expect(metricsText(given)).not.toMatch(/192\.168|vault/);
  }
});

test('reports a network by its targets, next hops and round trips', () => {
  const by = '{network="datacentre",next_hop="10.184.0.1",interface="priv"}';
  const bucket = (le: string) => `_bucket${by.slice(0, -1)},le="${le}"}`;
  expect([value('network_reachable', '{network="datacentre"}'), value('network_path_up', by)]).toEqual([1, 1]);
  expect(
    ['0.005', '0.01', '0.025', '0.05', '+Inf'].map((le) => value('network_round_trip_seconds', bucket(le))),
  ).toEqual([0, 1, 2, 3, 3]);
  expect(value('network_round_trip_seconds', `_count${by}`)).toBe(3);
  expect(value('network_round_trip_seconds', `_sum${by}`)).toBeCloseTo(0.05004);
  const dead = facts({ networks: [watchedNetwork('unreachable', { state: 'down', misses: 7 })] });
  expect([value('network_reachable', '{network="datacentre"}', dead), value('network_path_up', by, dead)]).toEqual([
    0, 0,
  ]);
  const unknown = facts({ networks: [watchedNetwork('unknown')] });
  expect(value('network_reachable', '{network="datacentre"}', unknown)).toBeUndefined();
});
