import { facts, outcome, verdict, watchedNetwork } from '../../../test/agent/facts';
import { hop, subnet } from '../../../test/agent/ip';
import type { RouteState } from '../decide/verdicts';
import type { Facts } from './facts';
import { readiness, troubleOf } from './readiness';
import { statusOf } from './status';

const FINDING = {
  at: 'routes[3]',
  value: '"10.94.227.46/24"',
  reason: 'has host bits set',
  remedy: 'did you mean 10.94.227.0/24?',
};

describe('ready', () => {
  test('means that every route is effective', () => {
    expect(readiness(facts())).toEqual({ ready: true, reason: '2 routes: 2 effective' });
  });

  test('is a node to which nothing applies, and the reason says so', () => {
    const elsewhere = outcome(
      verdict('192.168.0.0/24', 'not-applicable', 'this node has no route for 10.0.0.0/8 and no address in it'),
      verdict('192.168.1.0/24', 'satisfied', 'the node has it'),
      verdict('192.168.2.0/24', 'installed'),
    );
    expect(readiness(facts({ outcome: elsewhere }))).toEqual({
      ready: true,
      reason:
        '3 routes: 1 not-applicable, 1 satisfied, 1 installed (this node has no route for 10.0.0.0/8 and no address in it)',
    });
  });

  test('is a node with an empty list', () => {
    expect(readiness(facts({ outcome: outcome() }))).toEqual({ ready: true, reason: 'the list is empty' });
  });

  test("is a node with a route beside which another program's route loses", () => {
    expect(
      readiness(facts({ outcome: outcome(verdict('192.168.0.0/24', 'effective', 'the node also has …')) })).ready,
    ).toBe(true);
  });

  test('is a node that has read the list before its watch was open', () => {
    expect(readiness(facts({ watch: { state: 'connecting' } })).ready).toBe(true);
  });
});

describe('not ready', () => {
  test.each<[string, Parameters<typeof facts>[0], string]>([
    [
      'another agent has the protocol number',
      { lockHolder: 'default/other' },
      'route protocol 142 is in use on this node by default/other; if both belong on this node, give one of the two another protocol',
    ],
    [
      'the ConfigMap is gone',
      { list: { state: 'gone', since: 0 } },
      'ConfigMap onprem-link/static-routes is gone; its routes stay',
    ],
    [
      'the list is rejected',
      { list: { state: 'rejected', version: '8', findings: [FINDING, FINDING, FINDING] } },
      'the route list was rejected; the last valid one stays: routes[3]: "10.94.227.46/24" has host bits set; did you mean 10.94.227.0/24? … and 2 more',
    ],
    [
      'the API server does not answer',
      { watch: { state: 'failing', reason: 'HTTP 403' } },
      'the API server: HTTP 403; the routes stay',
    ],
    [
      'the list has not been read yet',
      { list: { state: 'unknown' }, outcome: undefined },
      'ConfigMap onprem-link/static-routes has not been read yet',
    ],
    ['the kernel cannot be read', { passError: 'ENOBUFS' }, 'ENOBUFS'],
    ['the first pass is under way', { outcome: undefined }, 'the first pass is under way'],
  ])('while %s', (_, changed, reason) => {
    expect(readiness(facts(changed))).toEqual({ ready: false, reason });
  });

  test.each<RouteState>(['waiting', 'refused', 'conflicting', 'failed', 'shadowed'])('while a route is %s', (state) => {
    const given = outcome(verdict('192.168.0.0/24'), verdict('192.168.1.0/24', state, 'why'));
    expect(readiness(facts({ outcome: given }))).toEqual({
      ready: false,
      reason: `1 of 2 routes: 192.168.1.0/24 ${state}: why`,
    });
  });

  test('names the first three of many routes', () => {
    const many = [0, 1, 2, 3].map((i) => verdict(`192.168.${i}.0/24`, 'waiting', 'why'));
    expect(readiness(facts({ outcome: outcome(...many) })).reason).toBe(
      '4 of 4 routes: 192.168.0.0/24 waiting: why; 192.168.1.0/24 waiting: why; 192.168.2.0/24 waiting: why; …',
    );
  });
});

describe('the status', () => {
  test('is JSON with everything that is known', () => {
    const given = {
      ...outcome(
        { ...verdict({ subnet: '192.168.0.0/24', comment: 'orders' }), reason: 'why' },
        verdict({ subnet: '192.168.1.0/24', table: 100, metric: 7 }, 'installed'),
      ),
      privateNetworks: new Map([
        [4, { state: 'found', network: subnet('10.0.0.0/8'), hops: [hop('via 10.184.0.1 dev priv')] }],
        [6, { state: 'absent', reason: 'no address in it' }],
      ] as const),
    };
    expect(
      JSON.parse(JSON.stringify(statusOf(facts({ outcome: given, duplicates: ['routes[1] repeats routes[0]'] })))),
    ).toEqual({
      instance: 'node-routes',
      node: 'worker-1',
      ready: true,
      reason: '2 routes: 1 effective, 1 installed',
      protocol: 142,
      list: {
        configMap: 'onprem-link/static-routes',
        state: 'accepted',
        version: '7',
        duplicates: ['routes[1] repeats routes[0]'],
        rollout: { state: 'settled' },
      },
      watch: { state: 'connected' },
      ways: { nodes: { state: 'effective' }, pods: { state: 'effective' } },
      rulesBeforeMain: [],
      nextHops: [{ nextHop: '10.184.0.1', interface: 'priv', state: 'up', seconds: 60 }],
      networks: [
        {
          network: 'datacentre',
          state: 'reachable',
          seconds: 60,
          roundTrip: { p50: 12, max: 30 },
          paths: [
            {
              nextHop: '10.184.0.1',
              interface: 'priv',
              target: '192.168.1.10:443',
              state: 'up',
              seconds: 60,
              misses: 0,
            },
          ],
        },
      ],
      missingNextHops: [],
      privateNetworks: [
        { family: 'IPv4', state: 'found', network: '10.0.0.0/8', way: 'via 10.184.0.1 dev priv' },
        { family: 'IPv6', state: 'absent', reason: 'no address in it' },
      ],
      routes: [
        {
          subnet: '192.168.0.0/24',
          table: 254,
          metric: 0,
          state: 'effective',
          way: 'via 10.184.0.1 dev priv',
          reason: 'why',
          comment: 'orders',
        },
        { subnet: '192.168.1.0/24', table: 100, metric: 7, state: 'installed', way: 'via 10.184.0.1 dev priv' },
      ],
      routesOmitted: 0,
      counts: { effective: 1, installed: 1 },
      counters: {
        listsAccepted: 1,
        listsRejected: 0,
        rollbacks: 0,
        repairs: 0,
        changes: 3,
        lastChange: '2026-11-22T10:00:00.000Z',
      },
      reversePathFilters: [{ interface: 'priv', mode: 'strict' }],
      reversePathDrops: 7,
    });
  });

  test('is limited in size, with the routes in trouble first', () => {
    const many = Array.from({ length: 3000 }, (_, i) => verdict(`10.${i >> 8}.${i & 255}.0/24`));
    const findings = new Array(200).fill(FINDING);
    const duplicates = new Array(200).fill('again');
    const status = statusOf(
      facts({
        list: { state: 'rejected', version: '8', findings },
        outcome: outcome(...many, verdict('192.168.1.0/24', 'failed', 'why')),
        duplicates,
      }),
    ) as { routes: { subnet: string }[]; routesOmitted: number; list: { findings: string[]; duplicates: string[] } };
    expect(status.routes).toHaveLength(1000);
    expect(status.routes[0]).toMatchObject({ subnet: '192.168.1.0/24' });
    expect(status.routesOmitted).toBe(2001);
    expect([status.list.findings.length, status.list.duplicates.length]).toEqual([50, 50]);
  });

  test('exists before anything is known', () => {
    expect(statusOf(facts({ list: { state: 'unknown' }, outcome: undefined }))).toMatchObject({
      ready: false,
      list: { state: 'unknown' },
      routes: [],
      privateNetworks: [],
    });
  });
});

describe('next hops', () => {
  const down = { nextHop: '10.184.0.3', interface: 'priv', state: 'down' as const, seconds: 12 };

  test('that do not answer or cannot be reached are reported, but make no node unready', () => {
    const missingNextHops = ['next hop 203.0.113.9 cannot be reached from this node'];
    const given = facts({ nextHops: [down], outcome: { ...outcome(verdict('192.168.0.0/24')), missingNextHops } });
    expect(readiness(given)).toEqual({
      ready: true,
      reason:
        '1 routes: 1 effective; next hop 10.184.0.3 dev priv does not answer; next hop 203.0.113.9 cannot be reached from this node',
    });
    expect(statusOf(given)).toMatchObject({ nextHops: [down], missingNextHops });
  });
});

test('an unreachable network makes the node unready only if reachability is required', () => {
  const networks = [watchedNetwork('unreachable', { misses: 3 })];
  expect(readiness(facts({ networks }))).toEqual({
    ready: true,
    reason: '2 routes: 2 effective; no target answers in datacentre',
  });
  expect(readiness(facts({ networks, requireReachable: true }))).toEqual({
    ready: false,
    reason: 'no target answers in datacentre',
  });
  expect(troubleOf(facts({ networks, requireReachable: true }))?.[0]).toBe('unreachable');
  expect(readiness(facts({ networks: [watchedNetwork('unknown')], requireReachable: true })).ready).toBe(true);
});

describe('a list that is not fully in force', () => {
  test('is on trial: not Ready yet', () => {
    expect(readiness(facts({ rollout: { state: 'trial' } }))).toEqual({
      ready: false,
      reason: 'the list is applied but not confirmed yet',
    });
  });

  test.each(['suspended', 'condemned'] as const)('is %s: not Ready, with the reason', (state) => {
    expect(readiness(facts({ rollout: { state, reason: '172.21.0.1:443 was lost' } }))).toEqual({
      ready: false,
      reason: `the list was rolled back (${state}): 172.21.0.1:443 was lost; the previous list stays in force`,
    });
  });
});

test('a condemned list reports when it is tried again', () => {
  const rollout = { state: 'condemned', reason: '172.21.0.1:443 was lost' } as const;
  const reasonAfter = (seconds: number) => readiness(facts({ rollout: { ...rollout, seconds } })).reason;
  expect(reasonAfter(840)).toMatch(/stays in force; the next attempt is in 14 min$/);
  expect(reasonAfter(42)).toMatch(/; the next attempt is in 42 s$/);
});

test('reports a list that waits for its time; one that waits for an answer makes the node unready', () => {
  expect(readiness(facts({ rollout: { state: 'pending', seconds: 20 } }))).toEqual({
    ready: true,
    reason: '2 routes: 2 effective; a changed list is tried in 20 s',
  });
  expect(readiness(facts({ rollout: { state: 'pending', reason: 'nothing answers' } }))).toEqual({
    ready: false,
    reason: 'the list is not applied yet: nothing answers',
  });
});

describe('a list from the pod template', () => {
  const pinned = { isInForce: true, differs: false };

  test.each<[string, Partial<Facts>]>([
    ['an unavailable API server', { watch: { state: 'failing', reason: 'no answer' } }],
    ['a watch that is not open yet', { watch: { state: 'connecting' } }],
    ['a deleted ConfigMap', { list: { state: 'gone', since: 0 } }],
  ])('is Ready with %s', (_, given) => {
    expect(readiness(facts({ pinned, ...given }))).toEqual({ ready: true, reason: '2 routes: 2 effective' });
  });

  test('is not Ready before it was tried, although the previous routes are effective', () => {
    expect(readiness(facts({ pinned: { ...pinned, isInForce: false } }))).toEqual({
      ready: false,
      reason: 'the list is applied when the API server answers',
    });
  });

  test('reports a ConfigMap that differs', () => {
    const given = facts({ pinned: { ...pinned, differs: true } });
    expect(readiness(given)).toEqual({
      ready: true,
      reason:
        "2 routes: 2 effective; ConfigMap onprem-link/static-routes differs from the pod's list, which stays in force until a rolling update replaces the pod",
    });
    expect(statusOf(given)).toMatchObject({ list: { differs: true } });
  });
});

test('with requirePods, packets from pods that are known to use another route make the node unready, but unknown ones do not', () => {
  const shadowed = { state: 'shadowed', reason: 'by rule 1536 → table 2' } as const;
  const of = (pods: Facts['pods'], requirePods: boolean) => readiness(facts({ pods, requirePods }));
  expect(of(shadowed, true)).toEqual({ ready: false, reason: "pods' packets are shadowed by rule 1536 → table 2" });
  expect(of(shadowed, false).ready).toBe(true);
  expect(of({ state: 'unknown', reason: 'forwarding is off on cni0' }, true).ready).toBe(true);
});

test("lists the rules before main, and the node's own path is that of its routes", () => {
  const rules = [
    { family: 4, priority: 0, action: 1, table: 255 },
    { family: 4, priority: 1536, action: 1, table: 2, source: subnet('172.30.5.9/32') },
    { family: 4, priority: 32766, action: 1, table: 254 },
  ] as const;
  const shadowed = outcome(verdict('192.168.0.0/24'), verdict('192.168.1.0/24', 'shadowed', 'a lookup finds …'));
  const given = { ...shadowed, snapshot: { ...shadowed.snapshot, rules } };
  expect(statusOf(facts({ outcome: given }))).toMatchObject({
    ways: { nodes: { state: 'shadowed' } },
    rulesBeforeMain: ['IPv4 1536: from 172.30.5.9/32 lookup 2'],
  });
  expect(statusOf(facts({ outcome: undefined }))).toMatchObject({ ways: { nodes: { state: 'unknown' } } });
});
