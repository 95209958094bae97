import { LINKS, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { DropWatch, reversePathDrops, reversePathFilters } from './reverse-path';

const PRIV = LINKS.priv as number;
const PUB = LINKS.pub as number;

/** @param modes by interface, as /proc/sys has them. */
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
])('with %i for all and %i for the interface the mode is the larger of the two: %s', (all, own, mode) => {
  expect(filters({ all, priv: own })).toEqual([{ interface: 'priv', mode }]);
});

test('the links of the routes are told, and those with an address in the private network', () => {
  expect(filters({ all: 0, priv: 1, pub: 2 }, [PUB])).toMatchObject([{ interface: 'pub' }, { interface: 'priv' }]);
});

test('a strict one that drops answers although the routes exist is warned of', () => {
  const [pub, priv] = filters({ all: 1, priv: 1, pub: 1 }, [PUB]);
  expect(pub).toEqual({ interface: 'pub', mode: 'strict' });
  expect(priv?.warning).toMatch(/routes use another interface: packets from on premise that arrive here are dropped/);
});

test('without routes, or with a loose one, there is nothing to warn of', () => {
  expect(filters({ all: 1, priv: 1 }, [])).toEqual([{ interface: 'priv', mode: 'strict' }]);
  expect(filters({ all: 0, priv: 2, pub: 1 }, [PUB])[1]).toEqual({ interface: 'priv', mode: 'loose' });
});

test('what the kernel does not tell is left out', () => {
  expect(filters({})).toEqual([]);
  expect(filters({ priv: 1 })).toEqual([{ interface: 'priv', mode: 'strict' }]);
  expect(filters({ all: 0, priv: 7 })).toEqual([{ interface: 'priv', mode: 'off' }]);
  expect(filters({ all: 0, priv: 1 }, [99])).toMatchObject([{ interface: 'priv' }]);
});

test('the drops are read from /proc/net/netstat', () => {
  const netstat =
    'TcpExt: SyncookiesSent IPReversePathFilter TCPTimeWait\nTcpExt: 0 42 7\nIpExt: InNoRoutes InMcastPkts\nIpExt: 0 3\n';
  expect(reversePathDrops(netstat)).toBe(42);
  expect(reversePathDrops('')).toBeUndefined();
  expect(reversePathDrops('TcpExt: SyncookiesSent\nTcpExt: 0\n')).toBeUndefined();
  expect(reversePathDrops('TcpExt: IPReversePathFilter\n')).toBeUndefined();
});

describe('while packets are dropped', () => {
  const drops = { isDropping: true, wayBack: () => 'an answer leaves by the public link' };

  test('and no link of the routes is strict, each other strict link is told with the way of an answer', () => {
    expect(filters({ all: 0, priv: 2, pub: 1 }, [PRIV], drops)).toMatchObject([
      { interface: 'priv', mode: 'loose' },
      {
        interface: 'pub',
        mode: 'strict',
        warning: expect.stringMatching(/arrive here are dropped; an answer leaves by/),
      },
    ]);
  });

  test('a strict link of the routes may be the cause, so no other one is accused', () => {
    expect(filters({ all: 0, priv: 1, pub: 1 }, [PRIV], drops)).toEqual([{ interface: 'priv', mode: 'strict' }]);
  });

  test('a counter that does not rise causes no warning', () => {
    expect(filters({ all: 0, priv: 2, pub: 1 }, [PRIV], { ...drops, isDropping: false })).toHaveLength(1);
  });
});

test('a counter that rose is remembered for ten minutes', () => {
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
