import { LINKS, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { DropWatch, reversePathDrops, reversePathFilters } from './reverse-path';

const PRIV = LINKS.priv as number;
const PUB = LINKS.pub as number;

/** @param modes by interface, as in /proc/sys. */
function filters(
  modes: Readonly<Record<string, number>>,
  routeLinks: readonly number[] = [PRIV],
  drops: Parameters<typeof reversePathFilters>[4] = {},
) {
  const read = (path: string) => {
    const mode = modes[/conf\/(.+)\/rp_filter$/.exec(path)?.[1] as string];
    return mode === undefined ? undefined : `${mode}\n`;
  };
  return reversePathFilters(snapshot(SEEDS), new Set(routeLinks), [subnet('10.0.0.0/8')], read, drops);
}

test.each([
  [0, 0, 'off'],
  [0, 1, 'strict'],
  [1, 0, 'strict'],
  [1, 2, 'loose'],
  [2, 1, 'loose'],
  [0, 2, 'loose'],
])('with %i for all and %i for the interface, the mode is the larger of the two: %s', (all, own, mode) => {
  expect(filters({ all, priv: own })).toEqual([{ interface: 'priv', mode }]);
});

test('reports the links of the routes, and those with an address in the private network', () => {
  expect(filters({ all: 0, priv: 1, pub: 2 }, [PUB])).toMatchObject([{ interface: 'pub' }, { interface: 'priv' }]);
});

test('warns about a strict link that drops answers although the routes exist', () => {
  const [pub, priv] = filters({ all: 1, priv: 1, pub: 1 }, [PUB]);
  expect(pub).toEqual({ interface: 'pub', mode: 'strict' });
  expect(priv?.warning).toMatch(/routes use another interface: on-premise packets that arrive here are dropped/);
});

test('warns about nothing without routes, or with a loose link', () => {
  expect(filters({ all: 1, priv: 1 }, [])).toEqual([{ interface: 'priv', mode: 'strict' }]);
  expect(filters({ all: 0, priv: 2, pub: 1 }, [PUB])[1]).toEqual({ interface: 'priv', mode: 'loose' });
});

test('leaves out what the kernel does not report', () => {
  expect(filters({})).toEqual([]);
  expect(filters({ priv: 1 })).toEqual([{ interface: 'priv', mode: 'strict' }]);
  expect(filters({ all: 0, priv: 7 })).toEqual([{ interface: 'priv', mode: 'off' }]);
  expect(filters({ all: 0, priv: 1 }, [99])).toMatchObject([{ interface: 'priv' }]);
});

test('reads the drops from /proc/net/netstat', () => {
  const netstat =
    'TcpExt: SyncookiesSent IPReversePathFilter TCPTimeWait\nTcpExt: 0 42 7\nIpExt: InNoRoutes InMcastPkts\nIpExt: 0 3\n';
  expect(reversePathDrops(netstat)).toBe(42);
  expect(reversePathDrops('')).toBeUndefined();
  expect(reversePathDrops('TcpExt: SyncookiesSent\nTcpExt: 0\n')).toBeUndefined();
  expect(reversePathDrops('TcpExt: IPReversePathFilter\n')).toBeUndefined();
});

describe('while packets are dropped', () => {
  const drops = { isDropping: true, wayBack: () => 'an answer leaves by the public link' };

  test('and no link of the routes is strict, reports every other strict link with the path of an answer', () => {
    expect(filters({ all: 0, priv: 2, pub: 1 }, [PRIV], drops)).toMatchObject([
      { interface: 'priv', mode: 'loose' },
      {
        interface: 'pub',
        mode: 'strict',
        warning: expect.stringMatching(/arrive here are dropped; an answer leaves by/),
      },
    ]);
  });

  test('and a link of the routes is strict, blames no other link', () => {
    expect(filters({ all: 0, priv: 1, pub: 1 }, [PRIV], drops)).toEqual([{ interface: 'priv', mode: 'strict' }]);
  });

  test('a constant counter causes no warning', () => {
    expect(filters({ all: 0, priv: 2, pub: 1 }, [PRIV], { ...drops, isDropping: false })).toHaveLength(1);
  });
});

test('an increase of the counter is remembered for ten minutes', () => {
  const watch = new DropWatch();
  expect([watch.isDropping(7, 0), watch.isDropping(7, 1000), watch.isDropping(undefined, 1500)]).toEqual([
    false,
    false,
    false,
  ]);
  watch.isDropping(7, 1800);
  expect([watch.isDropping(9, 2000), watch.isDropping(9, 500_000), watch.isDropping(9, 700_000)]).toEqual([
    true,
    true,
    false,
  ]);
});
