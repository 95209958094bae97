import fc from 'fast-check';
import { hop, route as kernelRoute, snapshot } from '../../../test/agent/ip';
import { MemoryKernel, text } from '../../../test/agent/memory-kernel';
import { DEFAULT_RULES, type RouteSpec, readRoute } from '../../network';
import type { Change, Hop, KernelRoute, PutRoute, Snapshot } from '../kernel/types';
import { diffRoutes } from './diff';
import { isOwn, type Ownership } from './ownership';
import type { ResolvedRoute, Way } from './resolve';
import { hopsOf, sameWay } from './route-hops';

const OWNERSHIP: Ownership = { protocol: 142, former: new Set([141]), adoptLegacy: false };
const ID = 142 * 2 ** 24 + 1;
const A = [hop('via 10.184.0.1 dev priv')];
const B = [hop('via 10.184.0.3 dev priv')];
const BOTH = [...A, ...B];

/** The same object for equal arrays, as the resolver creates them. */
const wayOver = (hops: readonly Hop[]): Way => {
  const known = WAYS.get(hops) ?? { hops };
  WAYS.set(hops, known);
  return known;
};
const WAYS = new Map<readonly Hop[], Way>();

const way = (spec: RouteSpec, hops: readonly Hop[] = A): ResolvedRoute => ({
  route: readRoute(spec, DEFAULT_RULES),
  way: wayOver(hops),
});
const ways = (specs: readonly RouteSpec[], hops: readonly Hop[] = A) => specs.map((spec) => way(spec, hops));

/** A short notation: `+R` adds, `~R` changes, `-R` removes a route; nexthop objects have numbers, counted from ID. */
function short(change: Change): string {
  const sign = change.kind.startsWith('delete') ? '-' : 'replace' in change && change.replace ? '~' : '+';
  if ('nexthop' in change) {
    const { id } = change.nexthop;
    return `${sign}${id >= ID ? `#${id - ID}` : id}`;
  }
  return `${sign}${change.route.subnet}${change.route.metric === 0 ? '' : ` metric ${change.route.metric}`}`;
}

interface Options {
  readonly keep?: readonly RouteSpec[];
  readonly ownership?: Partial<Ownership>;
}

function diffed(wanted: readonly ResolvedRoute[], state: Snapshot, { keep = [], ownership = {} }: Options = {}) {
  const kept = keep.map((spec) => way(spec).route);
  return diffRoutes(wanted, kept, state, { ...OWNERSHIP, ...ownership });
}

const changesOf = ({ changes, cleanup }: ReturnType<typeof diffRoutes>) => [changes.map(short), cleanup.map(short)];

describe('on an empty node', () => {
  test('creates one nexthop object, then the routes that refer to it', () => {
    const { changes, cleanup, standings } = diffed(ways(['192.168.0.0/24', '192.168.1.0/24']), snapshot());
    expect(changes.map(short)).toEqual(['+#0', '+192.168.0.0/24', '+192.168.1.0/24']);
    expect(changes[0]).toMatchObject({ nexthop: { id: ID, protocol: 142, family: 4, hop: A[0] } });
    expect(changes[1]).toMatchObject({ route: { nexthopId: ID } });
    expect(cleanup).toEqual([]);
    expect([...standings.values()]).toEqual([]);
  });

  test('creates members before their group, with the weights in the group', () => {
    const several = [{ ...(A[0] as Hop), weight: 5 }, B[0] as Hop];
    const { changes } = diffed(ways(['192.168.0.0/24'], several), snapshot());
    expect(changes.map(short)).toEqual(['+#0', '+#1', '+#2', '+192.168.0.0/24']);
    expect(changes[2]).toMatchObject({
      nexthop: {
        group: [
          { id: ID, weight: 5 },
          { id: ID + 1, weight: 1 },
        ],
      },
    });
  });

  test('creates an object for a single hop, even if its weight is left from several', () => {
    const { changes } = diffed(ways(['192.168.0.0/24'], [{ ...(A[0] as Hop), weight: 5 }]), snapshot());
    expect(changes).toMatchObject([{ nexthop: { id: ID, hop: { weight: 1 } } }, { route: { nexthopId: ID } }]);
  });

  test('creates one object for a hop that groups and single routes share', () => {
    const wanted = [way('192.168.0.0/24', BOTH), way('192.168.1.0/24', B), way('192.168.2.0/24', [...B].concat(A))];
    expect(diffed(wanted, snapshot()).changes.map(short)).toEqual([
      '+#0',
      '+#1',
      '+#2',
      '+192.168.0.0/24',
      '+192.168.1.0/24',
      '+192.168.2.0/24',
    ]);
  });

  test('creates separate objects for each family, and for onlink hops', () => {
    const wanted = [
      way('192.168.0.0/24', [hop('dev priv')]),
      way('2001:db8::/48', [hop('dev priv')]),
      way('192.168.1.0/24', [hop('via 10.184.0.1 dev priv onlink')]),
      way('192.168.2.0/24'),
    ];
    const objects = diffed(wanted, snapshot()).changes.slice(0, 4);
    expect(objects).toMatchObject([
      { nexthop: { family: 4 } },
      { nexthop: { family: 6 } },
      { nexthop: { hop: { onlink: true } } },
      { nexthop: { hop: { onlink: false } } },
    ]);
  });

  test('allocates unused numbers', () => {
    const taken = snapshot({ nexthops: [`${ID} proto 4 via 10.9.9.9 dev pub`] });
    expect(diffed(ways(['192.168.0.0/24']), taken).changes.map(short)).toEqual(['+#1', '+192.168.0.0/24']);
  });
});

describe('a correct state', () => {
  const state = snapshot({
    nexthops: [
      `${ID} via 10.184.0.1 dev priv`,
      `${ID + 4} via 10.184.0.1 dev priv`,
      `${ID + 5} via 10.184.0.3 dev priv`,
      `${ID + 6} group ${ID + 4},${ID + 5}`,
    ],
    routes: [
      `192.168.0.0/24 nhid ${ID} proto ours src 10.184.0.2 mtu 1400`,
      `192.168.1.0/24 nhid ${ID + 6} proto ours table 100 metric 7`,
    ],
  });
  const wanted = [
    way({ subnet: '192.168.0.0/24', source: '10.184.0.2', mtu: 1400 }),
    way({ subnet: '192.168.1.0/24', table: 100, metric: 7 }, [...B, ...A]),
  ];

  test('is left unchanged', () => expect(changesOf(diffed(wanted, state))).toEqual([[], []]));

  test.each([
    ['source', { subnet: '192.168.0.0/24', source: '10.184.0.3', mtu: 1400 }],
    ['no source', { subnet: '192.168.0.0/24', mtu: 1400 }],
    ['MTU', { subnet: '192.168.0.0/24', source: '10.184.0.2', mtu: 1300 }],
    ['no MTU', { subnet: '192.168.0.0/24', source: '10.184.0.2' }],
  ])('is replaced for a different %s', (_, spec) => {
    expect(diffed([way(spec), wanted[1] as ResolvedRoute], state).changes.map(short)).toEqual(['~192.168.0.0/24']);
  });

  test.each([{ source: '10.184.0.3', mtu: 1400 }, { source: '10.184.0.3' }, { mtu: 1300 }])(
    'is written with all attributes: %j',
    (given) => {
      const [change] = diffed([way({ subnet: '192.168.0.0/24', ...given }), wanted[1] as ResolvedRoute], state).changes;
      const { source, mtu } = (change as PutRoute).route;
      expect({ ...(source && { source: `${source}` }), ...(mtu && { mtu }) }).toEqual(given);
    },
  );

  test('is moved with its object from a former protocol number', () => {
    const former = snapshot({
      nexthops: ['7 proto former via 10.184.0.1 dev priv'],
      routes: ['192.168.0.0/24 nhid 7 proto former'],
    });
    expect(changesOf(diffed(ways(['192.168.0.0/24']), former))).toEqual([['+#0', '~192.168.0.0/24'], ['-7']]);
  });
});

test('moves a route of a former number even if it already refers to an object of the current one', () => {
  const state = snapshot({
    nexthops: [`${ID} via 10.184.0.1 dev priv`],
    routes: [`192.168.0.0/24 nhid ${ID} proto former`],
  });
  expect(changesOf(diffed(ways(['192.168.0.0/24']), state))).toEqual([['~192.168.0.0/24'], []]);
});

describe('a changed next hop', () => {
  const many = Array.from({ length: 500 }, (_, i) => `192.168.${i >> 1}.${(i & 1) * 128}/25`);
  const state = snapshot({
    nexthops: [`${ID} via 10.184.0.1 dev priv`],
    routes: many.map((subnet) => `${subnet} nhid ${ID} proto ours`),
  });

  test('takes one message for any number of routes', () => {
    const { changes, cleanup } = diffed(ways(many, B), state);
    expect(changes).toEqual([
      { kind: 'put-nexthop', replace: true, nexthop: { id: ID, protocol: 142, family: 4, hop: B[0] } },
    ]);
    expect(cleanup).toEqual([]);
  });

  test('of some routes gets a new object, and the others keep theirs', () => {
    const wanted = [...ways(many.slice(1)), way(many[0] as string, B)];
    expect(changesOf(diffed(wanted, state))).toEqual([['+#1', `~${many[0]}`], []]);
  });

  test('does not affect a route that cannot be resolved now, although it had the same next hop', () => {
    const { changes, cleanup } = diffed(ways(many.slice(1), B), state, { keep: many.slice(0, 1) });
    expect(changes[0]).toMatchObject({ replace: false, nexthop: { id: ID + 1 } });
    expect(changes).toHaveLength(many.length);
    expect(cleanup).toEqual([]);
  });

  test("does not affect another program's route that refers to our object", () => {
    const shared = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: [`192.168.0.0/24 nhid ${ID} proto ours`, `203.0.113.0/24 nhid ${ID} proto static`],
    });
    expect(changesOf(diffed(ways(['192.168.0.0/24'], B), shared))).toEqual([['+#1', '~192.168.0.0/24'], []]);
  });

  test('does not affect an object that a group uses, whoever owns the group', () => {
    const grouped = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`, `9 proto static group ${ID}`],
      routes: [`192.168.0.0/24 nhid ${ID} proto ours`],
    });
    expect(changesOf(diffed(ways(['192.168.0.0/24'], B), grouped))).toEqual([['+#1', '~192.168.0.0/24'], []]);
  });

  test('also moves routes that leave the list at the same time, which is harmless', () => {
    const { changes, cleanup } = diffed(ways(many.slice(1), B), state);
    expect(changes.map(short)).toEqual(['~#0', `-${many[0]}`]);
    expect(cleanup).toEqual([]);
  });

  test('that another object already has reuses that object, and removes the old one afterwards', () => {
    const two = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`, `${ID + 1} via 10.184.0.3 dev priv`],
      routes: [`192.168.0.0/24 nhid ${ID} proto ours`, `192.168.1.0/24 nhid ${ID + 1} proto ours`],
    });
    expect(changesOf(diffed(ways(['192.168.0.0/24', '192.168.1.0/24'], B), two))).toEqual([
      ['~192.168.0.0/24'],
      ['-#0'],
    ]);
  });

  test("swapped between two objects changes no object under the other's routes", () => {
    const two = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`, `${ID + 1} via 10.184.0.3 dev priv`],
      routes: [`192.168.0.0/24 nhid ${ID} proto ours`, `192.168.1.0/24 nhid ${ID + 1} proto ours`],
    });
    const wanted = [way('192.168.0.0/24', B), way('192.168.1.0/24', A)];
    expect(changesOf(diffed(wanted, two))).toEqual([['~192.168.0.0/24', '~192.168.1.0/24'], []]);
  });

  test('of a group changes the group, not its members, which others may use', () => {
    const grouped = snapshot({
      nexthops: [
        `${ID} via 10.184.0.1 dev priv`,
        `${ID + 1} via 10.184.0.3 dev priv`,
        `${ID + 2} group ${ID},${ID + 1}`,
      ],
      routes: [`192.168.0.0/24 nhid ${ID + 2} proto ours`],
    });
    const others = [hop('via 10.184.0.5 dev priv'), B[0] as Hop];
    const { changes, cleanup } = diffed(ways(['192.168.0.0/24'], others), grouped);
    expect(changes.map(short)).toEqual(['+#3', '~#2']);
    expect(cleanup.map(short)).toEqual(['-#0']);
  });

  test('of a group is not applied to a group that another route needs unchanged', () => {
    const grouped = snapshot({
      nexthops: [
        `${ID} via 10.184.0.1 dev priv`,
        `${ID + 1} via 10.184.0.3 dev priv`,
        `${ID + 2} group ${ID},${ID + 1}`,
      ],
      routes: [`192.168.0.0/24 nhid ${ID + 2} proto ours`],
    });
    const C = hop('via 10.184.0.5 dev priv');
    const wanted = [way('192.168.0.0/24', [A[0] as Hop, C]), way('192.168.1.0/24', BOTH)];
    const { changes } = diffed(wanted, grouped);
    expect(changes.map(short)).toEqual(['+#3', '+#4', '~192.168.0.0/24', '+192.168.1.0/24']);
    expect(changes.at(-1)).toMatchObject({ route: { nexthopId: ID + 2 } });
  });

  test('from one to several creates a new object: the kernel makes no group of a single one', () => {
    const { changes, cleanup } = diffed(ways(many.slice(0, 1), BOTH), state);
    expect(changes.map(short)).toEqual(['+#1', '+#2', `~${many[0]}`, ...many.slice(1).map((subnet) => `-${subnet}`)]);
    expect(cleanup).toEqual([]);
  });
});

describe('routes of other programs', () => {
  test('with the same prefix satisfy ours if they win or tie and go the same way', () => {
    const state = snapshot({ routes: ['192.168.0.0/24 via 10.184.0.1 dev priv metric 50'] });
    const { changes, standings } = diffed(ways([{ subnet: '192.168.0.0/24', metric: 50 }]), state);
    expect(changes).toEqual([]);
    expect([...standings.values()]).toEqual([
      { state: 'satisfied', by: '192.168.0.0/24 via 10.184.0.1 dev priv, protocol 3, metric 50' },
    ]);
  });

  test('conflict if they win or tie and lead elsewhere, and the best of them is named', () => {
    for (const [metric, also] of [
      [0, '192.168.0.0/24 via 198.51.100.1 dev pub, protocol 3, metric 0; '],
      [4000, ''],
    ] as const) {
      const state = snapshot({
        routes: [`192.168.0.0/24 via 198.51.100.1 dev pub metric ${metric}`, 'blackhole 192.168.0.0/24'],
      });
      const { changes, standings } = diffed(ways(['192.168.0.0/24']), state);
      expect(changes).toEqual([]);
      expect([...standings.values()]).toEqual([
        { state: 'conflicting', conflict: `${also}blackhole 192.168.0.0/24, protocol 3, metric 0` },
      ]);
    }
  });

  test('that lose stay beside ours, whichever came first', () => {
    const state = snapshot({ routes: ['192.168.0.0/24 via 198.51.100.1 dev pub metric 50'] });
    const { changes, standings } = diffed(ways(['192.168.0.0/24']), state);
    expect(changes.map(short)).toEqual(['+#0', '+192.168.0.0/24']);
    expect([...standings.values()]).toMatchObject([{ state: 'ours', conflict: expect.stringContaining('metric 50') }]);
  });

  test('in IPv6 are compared with metric 1024 if the list says 0', () => {
    const there = (metric: number) => snapshot({ routes: [`fd40::/48 via fd00::9 dev pub metric ${metric}`] });
    const wanted = ways(['fd40::/48'], [hop('via fd00::1 dev priv')]);
    const states = [1023, 1024, 1025].map((metric) => [...diffed(wanted, there(metric)).standings.values()][0]?.state);
    expect(states).toEqual(['conflicting', 'conflicting', 'ours']);
  });

  test('get the same decision whether ours exists or not', () => {
    const strangers = fc.array(
      fc.record({
        metric: fc.constantFrom(0, 10, 20, 30),
        way: fc.constantFrom('via 10.184.0.1 dev priv', 'via 198.51.100.1 dev pub'),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(strangers, fc.constantFrom(0, 10, 20, 30), (others, metric) => {
        const routes = others.map((other) => `192.168.0.0/24 ${other.way} metric ${other.metric}`);
        const nexthops = [`${ID} via 10.184.0.1 dev priv`];
        const without = snapshot({ nexthops, routes });
        const beside = snapshot({
          nexthops,
          routes: [`192.168.0.0/24 nhid ${ID} proto ours metric ${metric}`, ...routes],
        });
        const wanted = ways([{ subnet: '192.168.0.0/24', metric }]);
        const [one, other] = [without, beside].map((state) => diffed(wanted, state));
        expect(one?.standings.values().next().value).toEqual(other?.standings.values().next().value);
        const best = Math.min(...others.map((stranger) => stranger.metric));
        const winners = others.filter((stranger) => stranger.metric === best && best <= metric);
        const expected =
          winners.length === 0
            ? 'ours'
            : winners.every(({ way }) => way.includes('priv'))
              ? 'satisfied'
              : 'conflicting';
        expect(one?.standings.values().next().value?.state ?? 'ours').toBe(expected);
        expect(other?.changes.some(({ kind }) => kind === 'delete-route')).toBe(expected !== 'ours');
      }),
    );
  });

  test('in another table are ignored', () => {
    const state = snapshot({ routes: ['192.168.0.0/24 via 198.51.100.1 dev pub table 100'] });
    expect(diffed(ways(['192.168.0.0/24']), state).changes).toHaveLength(2);
  });

  test('that start to tie with ours or beat it make ours leave, and are never replaced', () => {
    const state = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: ['192.168.0.0/24 via 198.51.100.1 dev pub', `192.168.0.0/24 nhid ${ID} proto ours`],
    });
    const { changes, standings } = diffed([way({ subnet: '192.168.0.0/24', mtu: 1400 })], state);
    expect(changes.map(short)).toEqual(['-192.168.0.0/24']);
    expect([...standings.values()]).toMatchObject([{ state: 'conflicting' }]);
  });

  test('with our number but for one type of service only belong to others', () => {
    const state = snapshot({ routes: ['192.168.0.0/24 via 10.184.0.1 dev priv proto ours qualified'] });
    expect(changesOf(diffed([], state))).toEqual([[], []]);
  });
});

describe('routes that are no longer wanted', () => {
  const state = snapshot({
    nexthops: [
      `${ID} via 10.184.0.1 dev priv`,
      '8 proto former via 10.9.9.9 dev pub',
      '9 proto 4 via 10.9.9.9 dev pub',
    ],
    routes: [
      `192.168.0.0/24 nhid ${ID} proto ours`,
      '192.168.7.0/24 nhid 8 proto former table 100',
      '203.0.113.0/24 nhid 9 proto static',
      'blackhole 192.168.9.0/24 proto ours',
    ],
  });

  test('are removed: routes first, in every table, then their objects', () => {
    expect(changesOf(diffed([], state))).toEqual([
      ['-192.168.0.0/24', '-192.168.7.0/24', '-192.168.9.0/24'],
      ['-#0', '-8'],
    ]);
  });

  test('stay with their object if they are listed but cannot be resolved now', () => {
    const keep = ['192.168.0.0/24', { subnet: '192.168.7.0/24', table: 100 }];
    expect(changesOf(diffed([], state, { keep }))).toEqual([['-192.168.9.0/24'], []]);
  });

  test("leave an object that another program's group still uses", () => {
    const grouped = snapshot({ nexthops: [`${ID} via 10.184.0.1 dev priv`, `9 proto 4 group ${ID}`] });
    expect(changesOf(diffed([], grouped))).toEqual([[], []]);
  });

  test('remove a group before its members', () => {
    const grouped = snapshot({ nexthops: [`${ID} via 10.184.0.1 dev priv`, `${ID + 1} group ${ID}`] });
    expect(changesOf(diffed([], grouped))).toEqual([[], ['-#1', '-#0']]);
  });

  test('are removed only after a successor with another metric is installed', () => {
    const wanted = ways([{ subnet: '192.168.0.0/24', metric: 50 }]);
    expect(changesOf(diffed(wanted, state))).toEqual([
      ['+192.168.0.0/24 metric 50', '-192.168.7.0/24', '-192.168.9.0/24'],
      ['-192.168.0.0/24', '-8'],
    ]);
  });

  test('are removed if another program appended a second route to ours', () => {
    const twice = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: [`192.168.0.0/24 nhid ${ID} proto ours`, '192.168.0.0/24 via 10.9.9.9 dev pub proto ours'],
    });
    expect(changesOf(diffed(ways(['192.168.0.0/24']), twice))).toEqual([[], ['-192.168.0.0/24']]);
    expect(changesOf(diffed([], twice, { keep: ['192.168.0.0/24'] }))).toEqual([[], []]);
  });
});

describe('routes of the original DaemonSet', () => {
  const adopt: Options = { ownership: { adoptLegacy: true } };
  const legacy = '192.168.0.0/24 via 10.184.0.1 dev priv proto boot';

  test('satisfy ours unless they are to be adopted', () => {
    expect(changesOf(diffed(ways(['192.168.0.0/24']), snapshot({ routes: [legacy] })))).toEqual([[], []]);
  });

  test('are replaced in one step if they have the same metric', () => {
    expect(changesOf(diffed(ways(['192.168.0.0/24']), snapshot({ routes: [legacy] }), adopt))).toEqual([
      ['+#0', '~192.168.0.0/24'],
      [],
    ]);
  });

  test('are removed after ours is installed if they have another metric', () => {
    const wanted = ways([{ subnet: '192.168.0.0/24', metric: 50 }]);
    expect(changesOf(diffed(wanted, snapshot({ routes: [legacy] }), adopt))).toEqual([
      ['+#0', '+192.168.0.0/24 metric 50'],
      ['-192.168.0.0/24'],
    ]);
  });

  test('are removed if ours exists beside them', () => {
    const beside = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: [legacy, `192.168.0.0/24 nhid ${ID} proto ours`],
    });
    expect(changesOf(diffed(ways(['192.168.0.0/24']), beside, adopt))).toEqual([[], ['-192.168.0.0/24']]);
  });

  test('are removed first if ours beside them must be replaced, which might hit them instead', () => {
    const beside = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: [legacy, `192.168.0.0/24 nhid ${ID} proto ours`],
    });
    const wanted = ways([{ subnet: '192.168.0.0/24', mtu: 1400 }]);
    expect(changesOf(diffed(wanted, beside, adopt))).toEqual([[], ['-192.168.0.0/24']]);
  });

  test('are all removed, whatever their metric', () => {
    const state = snapshot({ routes: [legacy, `${legacy} metric 100`] });
    expect(changesOf(diffed(ways(['192.168.0.0/24']), state, adopt))).toEqual([
      ['+#0', '~192.168.0.0/24'],
      ['-192.168.0.0/24 metric 100'],
    ]);
  });

  test.each([
    ['lead elsewhere', '192.168.0.0/24 via 10.184.0.9 dev priv proto boot', 'conflicting'],
    ['belong to another program', '192.168.0.0/24 via 10.184.0.1 dev priv proto static', 'satisfied'],
  ])('are not adopted if they %s', (_, other, state) => {
    const result = diffed(ways(['192.168.0.0/24']), snapshot({ routes: [other] }), adopt);
    expect(result.changes).toEqual([]);
    expect([...result.standings.values()]).toMatchObject([{ state }]);
  });

  test("are not replaced if another program's route has the same prefix and metric and might be hit instead", () => {
    const state = snapshot({ routes: ['192.168.0.0/24 via 10.184.0.1 dev priv proto static', legacy] });
    expect(changesOf(diffed(ways(['192.168.0.0/24']), state, adopt))).toEqual([[], []]);
  });
});

describe('routes with different attributes that the kernel caches with an object', () => {
  const WANTED = ways([{ subnet: '192.168.0.0/24', mtu: 1280 }, '192.168.1.0/24', '192.168.2.0/24']);
  const apart = snapshot({
    nexthops: [`${ID} via 10.184.0.1 dev priv`, `${ID + 1} via 10.184.0.1 dev priv`],
    routes: [
      `192.168.0.0/24 nhid ${ID} proto ours mtu 1280`,
      `192.168.1.0/24 nhid ${ID + 1} proto ours`,
      `192.168.2.0/24 nhid ${ID + 1} proto ours`,
    ],
  });

  test('get separate objects', () => {
    const { changes } = diffed(WANTED, snapshot());
    expect(changes.map(short)).toEqual(['+#0', '+#1', '+192.168.0.0/24', '+192.168.1.0/24', '+192.168.2.0/24']);
    expect(changes.slice(2)).toMatchObject([ID, ID + 1, ID + 1].map((nexthopId) => ({ route: { nexthopId } })));
    expect(changesOf(diffed(WANTED, apart))).toEqual([[], []]);
  });

  test('are separated if an earlier version let them share one', () => {
    const shared = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: [0, 1, 2].map((i) => `192.168.${i}.0/24 nhid ${ID} proto ours mtu 1280`),
    });
    expect(changesOf(diffed(WANTED, shared))).toEqual([['+#1', '~192.168.1.0/24', '~192.168.2.0/24'], []]);
  });

  test('are moved one by one when their attributes change, and the others stay', () => {
    expect(changesOf(diffed(ways(['192.168.0.0/24', '192.168.1.0/24', '192.168.2.0/24']), apart))).toEqual([
      ['~192.168.0.0/24'],
      ['-#0'],
    ]);
    const other = way({ subnet: '192.168.0.0/24', mtu: 1400 });
    expect(changesOf(diffed([other, ...WANTED.slice(1)], apart))).toEqual([['~192.168.0.0/24'], []]);
  });

  test('never share an object with a route that stays unchanged, whoever owns it', () => {
    const foreign = snapshot({
      nexthops: [`${ID} via 10.184.0.1 dev priv`],
      routes: [`192.168.9.0/24 nhid ${ID} proto static`, `192.168.0.0/24 nhid ${ID} proto ours mtu 1280`],
    });
    expect(changesOf(diffed(ways(['192.168.1.0/24']), foreign, { keep: ['192.168.0.0/24'] }))).toEqual([
      ['+#1', '+192.168.1.0/24'],
      [],
    ]);
  });

  test('follow another next hop with one message for each object', () => {
    const moved = WANTED.map(({ route }) => ({ route, way: wayOver(B) }));
    expect(changesOf(diffed(moved, apart))).toEqual([['~#0', '~#1'], []]);
  });

  test('do not share members of a group either', () => {
    const wanted = ['192.168.0.0/24', { subnet: '192.168.1.0/24', source: '10.184.0.2' }];
    expect(diffed(ways(wanted, BOTH), snapshot()).changes.map(short).slice(0, 6)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `+#${i}`),
    );
  });
});

describe('for any state of the node', () => {
  const subnets = fc.constantFrom('192.168.0.0/24', '192.168.1.0/24', '192.168.0.0/16', '2001:db8::/48');
  const metrics = fc.constantFrom(5, 50);
  const tables = fc.constantFrom(254, 100);
  const hopSets = {
    4: fc.constantFrom(A, B, BOTH, [...A, hop('via 10.184.0.5 dev priv')], [hop('via 10.184.0.5 dev pub onlink')]),
    6: fc.constantFrom([hop('via fd00::1 dev priv')], [hop('via fd00::1 dev priv'), hop('via fd00::2 dev priv')]),
  };
  const mtus = fc.constantFrom(undefined, undefined, 1280, 1400);
  const specs = fc
    .record({ subnet: subnets, metric: metrics, table: tables, mtu: mtus })
    .map(({ mtu, ...spec }) => ({ ...spec, ...(mtu !== undefined && { mtu }) }));
  const wantedWays = fc
    .uniqueArray(specs, { maxLength: 6, selector: ({ subnet, metric, table }) => `${subnet} ${metric} ${table}` })
    .chain((all) =>
      fc.tuple(...all.map((spec) => hopSets[spec.subnet.includes(':') ? 6 : 4].map((hops) => way(spec, hops)))),
    );

  const objects = [
    '1 proto ours via 10.184.0.1 dev priv',
    '2 proto ours via 10.184.0.3 dev priv',
    '3 proto former via 10.184.0.1 dev priv',
    '4 proto static via 10.184.0.3 dev priv',
    '5 proto ours via 10.9.9.9 dev pub',
    '6 proto ours group 1,2',
    '7 proto ours group 1,5',
    '8 proto static group 2',
  ];
  const routesThere = fc.uniqueArray(
    fc
      .record({
        subnet: fc.oneof(subnets, fc.constant('203.0.113.0/24')),
        metric: metrics,
        table: tables,
        mtu: mtus,
        proto: fc.constantFrom('ours', 'ours', 'former', 'boot', 'static'),
        to: fc.oneof(
          fc.integer({ min: 1, max: 8 }).map((id) => `nhid ${id}`),
          fc.constantFrom('via 10.184.0.1 dev priv', 'via 198.51.100.1 dev pub'),
        ),
      })
      .map(({ subnet, metric, table, mtu, proto, to }) => {
        const hops = subnet.includes(':') ? 'via fd00::1 dev priv' : to;
        return `${subnet} ${hops} proto ${proto} metric ${metric} table ${table}${mtu === undefined ? '' : ` mtu ${mtu}`}`;
      }),
    { maxLength: 8, selector: (line) => text(kernelRoute(line)) },
  );
  const ownerships: fc.Arbitrary<Ownership> = fc.boolean().map((adoptLegacy) => ({ ...OWNERSHIP, adoptLegacy }));

  const worlds = fc.record({ wanted: wantedWays, kept: fc.nat({ max: 2 }), there: routesThere, ownership: ownerships });

  test('changes nothing of other programs, refers only to existing objects, and leaves nothing to do', () => {
    fc.assert(
      fc.property(worlds, ({ wanted, kept, there, ownership }) => {
        const start = snapshot({ nexthops: objects, routes: there });
        const resolved = wanted.slice(kept);
        const keep = wanted.slice(0, kept).map(({ route }) => route);
        const isOurs = (object: { protocol: number }) =>
          isOwn(object, ownership) || (ownership.adoptLegacy && object.protocol === 3);
        const kernel = new MemoryKernel(start, isOurs);
        const keptBefore = keptRoutes(start, keep, ownership);

        const refusals = [];
        for (let round = 0; round < 3; round++) {
          const { changes, cleanup } = diffRoutes(resolved, keep, kernel.read(), ownership);
          refusals.push(...kernel.apply([...changes, ...cleanup], ownership.protocol).filter(Boolean));
        }

        expect(kernel.harm).toEqual([]);
        const end = diffRoutes(resolved, keep, kernel.read(), ownership);
        expect(changesOf(end)).toEqual([[], []]);
        expect(foreign(kernel.read(), isOurs)).toEqual(foreign(start, isOurs));
        expect(keptRoutes(kernel.read(), keep, ownership)).toEqual(keptBefore);
        const alone = start.routes.every(({ protocol }) => protocol === 142);
        if (alone) {
          expect(refusals).toEqual([]);
          if (keep.length === 0) expect(sharedByDifferent(kernel.read(), ownership)).toEqual([]);
          for (const { route, way: taken } of resolved) expect(isThere(kernel.read(), route, taken.hops)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('needs only one round if no other route has our prefix and metric', () => {
    fc.assert(
      fc.property(worlds, ({ wanted, there }) => {
        const unshared = [...new Map(there.map((line) => [keyOf(line), line])).values()];
        const kernel = new MemoryKernel(snapshot({ nexthops: objects, routes: unshared }), (object) =>
          isOwn(object, OWNERSHIP),
        );
        const first = diffRoutes(wanted, [], kernel.read(), OWNERSHIP);
        expect(kernel.apply([...first.changes, ...first.cleanup], 142).filter(Boolean)).toEqual([]);
        expect(changesOf(diffRoutes(wanted, [], kernel.read(), OWNERSHIP))).toEqual([[], []]);
        expect(kernel.harm).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('a rejected change does not affect other changes', () => {
    fc.assert(
      fc.property(worlds, fc.nat({ max: 20 }), ({ wanted, there }, victim) => {
        const kernel = new MemoryKernel(snapshot({ nexthops: objects, routes: there }), (object) =>
          isOwn(object, OWNERSHIP),
        );
        const first = diffRoutes(wanted, [], kernel.read(), OWNERSHIP);
        const refused = first.changes[victim % Math.max(1, first.changes.length)];
        kernel.refuse = (change) => (change === refused ? 'refused' : undefined);
        const results = kernel.apply(first.changes, 142);
        if (results.every((error) => error === undefined)) kernel.apply(first.cleanup, 142);
        expect(kernel.harm.filter((line) => !line.endsWith('refers to no nexthop object'))).toEqual([]);
        if (refused?.kind !== 'put-route' || !refused.replace) return;
        const { subnet, metric, table } = refused.route;
        const there2 = kernel.read().routes.filter((route) => route.subnet.equals(subnet) && route.metric === metric);
        expect(there2.some((route) => route.table === table)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

/** Subnet, metric and table of a route in text form. */
const keyOf = (line: string) => line.replace(/ (nhid|via|proto).* metric/, ' metric').replace(/ mtu .*/, '');

function foreign({ routes, nexthops }: Snapshot, isOurs: (object: { protocol: number }) => boolean): unknown[] {
  return [routes.filter((route) => !isOurs(route)).map(text), [...nexthops.values()].filter((each) => !isOurs(each))];
}

/** Our kept routes with their hops, which no change of an object may move. */
function keptRoutes({ routes, nexthops }: Snapshot, keep: readonly ResolvedRoute['route'][], ownership: Ownership) {
  const isKept = (route: KernelRoute) =>
    keep.some(
      ({ subnet, metric, table }) => route.subnet.equals(subnet) && route.metric === metric && route.table === table,
    );
  return routes
    .filter((route) => isOwn(route, ownership) && isKept(route))
    .map((route) => [text(route), hopsOf(route, nexthops)]);
}

/** Our nexthop objects that routes of ours with different MTUs share, also as members of groups. */
function sharedByDifferent({ routes, nexthops }: Snapshot, { protocol }: Ownership): number[] {
  const mtus = new Map<number, Set<number | undefined>>();
  for (const route of routes) {
    if (route.protocol !== protocol || route.nexthopId === undefined) continue;
    const members = nexthops.get(route.nexthopId)?.group?.map(({ id }) => id) ?? [];
    for (const id of [route.nexthopId, ...members]) mtus.set(id, (mtus.get(id) ?? new Set()).add(route.mtu));
  }
  return [...mtus].flatMap(([id, values]) => (values.size > 1 ? [id] : []));
}

function isThere(
  { routes, nexthops }: Snapshot,
  { subnet, metric, table }: ResolvedRoute['route'],
  hops: readonly Hop[],
) {
  return routes.some(
    (route) =>
      route.subnet.equals(subnet) &&
      route.metric === metric &&
      route.table === table &&
      sameWay(hopsOf(route, nexthops), hops),
  );
}
