import { facts, outcome, verdict } from '../../../test/agent/facts';
import { hop, subnet } from '../../../test/agent/ip';
import { statusOf } from './status';
import { diffText, type StatusBody, statusText } from './status-table';

const table = (changed: Parameters<typeof facts>[0] = {}) =>
  statusText(JSON.parse(JSON.stringify(statusOf(facts(changed)))) as StatusBody);

test('is readable on a terminal', () => {
  const given = {
    ...outcome(
      verdict('192.168.0.0/24'),
      verdict({ subnet: '2001:db8:a::/48', table: 100, metric: 50 }, 'waiting', 'this node has no interface wg0'),
    ),
    privateNetworks: new Map([
      [4, { state: 'found', network: subnet('10.0.0.0/8'), hops: [hop('via 10.184.0.1 dev priv')] }],
    ] as const),
  };
  expect(`\n${table({ outcome: given })}`).toBe(`
agent      node-routes on worker-1
ready      NO: 1 of 2 routes: 2001:db8:a::/48 waiting: this node has no interface wg0
list       onprem-link/static-routes accepted (version 7)
watch      connected
IPv4       10.0.0.0/8 via 10.184.0.1 dev priv
packets    nodes: effective · pods: effective
next hop   10.184.0.1 dev priv up for 60 s
network    datacentre reachable for 60 s, round trip 12 ms, at most 30 ms
           192.168.1.10:443 by 10.184.0.1 dev priv up for 60 s
rp_filter  priv strict
drops      7 packets by rp_filter since the node started

ROUTE            STATE      NEXT HOP                 TABLE  METRIC  REASON
2001:db8:a::/48  waiting    via 10.184.0.1 dev priv  100    50      this node has no interface wg0
192.168.0.0/24   effective  via 10.184.0.1 dev priv  254    0
`);
});

test('shows trouble where it belongs', () => {
  const finding = {
    at: 'routes[1]',
    value: '"10.0.0.1/8"',
    reason: 'has host bits set',
    remedy: 'did you mean 10.0.0.0/8?',
  };
  const page = table({
    list: { state: 'rejected', version: '8', findings: [finding] },
    watch: { state: 'failing', reason: 'HTTP 403' },
    reversePathFilters: [{ interface: 'priv', mode: 'strict', warning: 'packets are dropped' }],
    reversePathDrops: undefined,
    rollout: { state: 'condemned', reason: '172.21.0.1:443 was lost', seconds: 840 },
    nextHops: [{ nextHop: '10.184.0.3', interface: 'priv', state: 'down', seconds: 12 }],
    outcome: {
      ...outcome(),
      missingNextHops: ['next hop 203.0.113.9 cannot be reached from this node'],
      privateNetworks: new Map([[4, { state: 'missing', reason: 'no route for 10.0.0.0/8' }]] as const),
    },
  });
  for (const line of [
    'list       onprem-link/static-routes rejected (version 8)',
    '           routes[1]: "10.0.0.1/8" has host bits set; did you mean 10.0.0.0/8?',
    'rollout    condemned: 172.21.0.1:443 was lost; next attempt in 840 s',
    'watch      failing: HTTP 403',
    'IPv4       missing: no route for 10.0.0.0/8',
    'next hop   10.184.0.3 dev priv down for 12 s',
    'next hop   missing: next hop 203.0.113.9 cannot be reached from this node',
    'rp_filter  priv strict: packets are dropped',
    'drops      unknown packets by rp_filter since the node started',
  ])
    expect(page).toContain(`${line}\n`);
});

test.each([
  [{ state: 'unknown', reason: 'this node has no route to a pod yet' }, 'unknown: this node has no route to a pod yet'],
  [{ state: 'shadowed', reason: 'by rule 1536 → table 2' }, 'shadowed by rule 1536 → table 2'],
] as const)('shows where packets from pods go: %j', (pods, text) =>
  expect(table({ pods })).toContain(`pods: ${text}\n`),
);

test('states how many of very many routes it leaves out', () => {
  const many = Array.from({ length: 1001 }, (_, i) => verdict(`10.${i >> 8}.${i & 255}.0/24`));
  expect(table({ outcome: outcome(...many) }).endsWith('… and 1 more\n')).toBe(true);
});

test('shows a page before anything is known', () => {
  expect(table({ list: { state: 'unknown' }, outcome: undefined })).toContain(
    'list       onprem-link/static-routes unknown\n',
  );
});

test('shows one change per line in a diff', () => {
  expect(diffText([])).toBe('nothing would change\n');
  expect(diffText(['add 192.168.0.0/24', 'remove 192.168.1.0/24'])).toBe('add 192.168.0.0/24\nremove 192.168.1.0/24\n');
});

test.each<[{ differs?: boolean; gone?: boolean }, string]>([
  [{}, 'from the pod template, accepted; ConfigMap onprem-link/static-routes is the same'],
  [{ differs: true }, 'from the pod template, accepted; ConfigMap onprem-link/static-routes differs'],
  [{ gone: true }, 'from the pod template; ConfigMap onprem-link/static-routes is gone'],
])(
  'shows the list from the pod template and its ConfigMap %j in one line',
  ({ differs = false, gone = false }, line) => {
    const given = { pinned: { isInForce: true, differs }, ...(gone && { list: { state: 'gone', since: 0 } as const }) };
    expect(table(given)).toContain(`list       ${line}\n`);
  },
);

test('shows a list on trial in one line', () =>
  expect(table({ rollout: { state: 'trial' } })).toContain('rollout    trial: not confirmed yet\n'));
