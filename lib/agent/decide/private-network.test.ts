import { address, hop, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import type { Family } from '../../network';
import { findPrivateNetwork } from './private-network';

const NETWORKS = [subnet('10.0.0.0/8')];
const isOurs = ({ protocol }: { protocol: number }) => protocol === 142;

interface Given {
  readonly routes?: readonly string[];
  readonly nexthops?: readonly string[];
  readonly addresses?: readonly string[];
  readonly networks?: readonly string[];
  readonly family?: Family;
  readonly expected?: boolean;
}

function find({ networks, family = 4, expected = false, ...state }: Given) {
  return findPrivateNetwork(snapshot(state), networks?.map(subnet) ?? NETWORKS, family, isOurs, () => expected);
}

const hopsFound = (given: Given) => {
  const found = find(given);
  return found.state === 'found' ? found.hops : found;
};

describe('the next hop of the private network', () => {
  test('is that of its table entry', () => {
    expect(find(SEEDS)).toEqual({
      state: 'found',
      network: subnet('10.0.0.0/8'),
      hops: [hop('via 10.184.0.1 dev priv')],
    });
  });

  test('is never that of the default route, nor of a larger or smaller network', () => {
    const routes = SEEDS.routes.filter((text) => !text.startsWith('10.0.0.0/8'));
    for (const extra of ['8.0.0.0/6 via 198.51.100.1 dev pub', '10.0.0.0/9 via 10.184.0.9 dev priv'])
      expect(find({ ...SEEDS, routes: [...routes, extra] })).toEqual({
        state: 'missing',
        reason: 'this node has the address 10.184.0.2 but no route for 10.0.0.0/8, so its next hop is unknown',
      });
  });

  test('is that of the entry with the lowest metric', () => {
    expect(
      hopsFound({
        routes: [
          '10.0.0.0/8 via 10.184.0.3 dev priv metric 100',
          '10.0.0.0/8 via 10.184.0.1 dev priv metric 50',
          '10.0.0.0/8 via 10.184.0.5 dev priv metric 4000000000',
        ],
      }),
    ).toEqual([hop('via 10.184.0.1 dev priv')]);
  });

  test('may be several', () => {
    expect(
      hopsFound({ routes: ['10.0.0.0/8 nexthop via 10.184.0.1 dev priv weight 2 nexthop via 10.184.0.3 dev priv'] }),
    ).toEqual([hop('via 10.184.0.1 dev priv weight 2'), hop('via 10.184.0.3 dev priv')]);
  });

  test('may be a nexthop object, including a group', () => {
    const nexthops = ['5 proto 4 via 10.184.0.1 dev priv', '6 proto 4 group 5/3'];
    expect(hopsFound({ nexthops, routes: ['10.0.0.0/8 nhid 5'] })).toEqual([hop('via 10.184.0.1 dev priv')]);
    expect(hopsFound({ nexthops, routes: ['10.0.0.0/8 nhid 6'] })).toEqual([hop('via 10.184.0.1 dev priv weight 3')]);
  });

  test('keeps the onlink flag, which nodes with /32 addresses need', () => {
    expect(hopsFound({ routes: ['10.0.0.0/8 via 10.184.0.1 dev priv onlink'] })).toEqual([
      hop('via 10.184.0.1 dev priv onlink'),
    ]);
  });

  test('is found per family, with its link if it is link-local', () => {
    const given = {
      networks: ['10.0.0.0/8', 'fd00::/8'],
      routes: ['fd00::/8 via fe80::1 dev priv'],
      family: 6,
    } as const;
    expect(hopsFound(given)).toEqual([hop('via fe80::1 dev priv')]);
    expect(find({ ...given, family: 4 }).state).toBe('absent');
  });

  test('is that of the first listed network that has an entry', () => {
    const networks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
    const routes = ['192.168.0.0/16 via 10.184.0.3 dev priv', '172.16.0.0/12 via 10.184.0.1 dev priv'];
    expect(find({ networks, routes })).toMatchObject({ network: subnet('172.16.0.0/12') });
  });

  test.each([
    ['ours', '10.0.0.0/8 via 10.184.0.9 dev priv proto ours'],
    ['in another table', '10.0.0.0/8 via 10.184.0.9 dev priv table 100'],
    ['for one type of service', '10.0.0.0/8 via 10.184.0.9 dev priv qualified'],
  ])('does not come from an entry that is %s', (_, entry) => {
    expect(find({ routes: [entry] }).state).toBe('absent');
  });
});

test('an IPv4 private network may have an IPv6 next hop, on links without IPv4 addresses', () => {
  expect(find({ routes: ['10.0.0.0/8 via fe80::1 dev priv'] })).toMatchObject({
    state: 'found',
    hops: [expect.objectContaining({ gateway: address('fe80::1') })],
  });
});

describe('no next hop is found', () => {
  test('if the entry names only a link', () => {
    expect(find({ routes: ['10.0.0.0/8 dev priv'] })).toEqual({
      state: 'missing',
      reason: "the node's route 10.0.0.0/8 dev priv, protocol 3, metric 0 has no next hop; give the routes a nextHop",
    });
  });

  test('if one of several hops names only a link, or all of its links are down', () => {
    const some = find({ routes: ['10.0.0.0/8 nexthop via 10.184.0.1 dev priv nexthop dev pub'] });
    expect(some).toMatchObject({ reason: expect.stringContaining('10.0.0.0/8 via 10.184.0.1 dev priv and dev pub') });
    expect(find({ routes: ['10.0.0.0/8 nhid 9'] })).toMatchObject({
      reason: expect.stringContaining('10.0.0.0/8 nowhere'),
    });
  });

  test('if the entry that the kernel uses has no next hop, although another entry has one', () => {
    const routes = ['10.0.0.0/8 via 10.184.0.1 dev priv metric 50', 'blackhole 10.0.0.0/8'];
    expect(find({ routes })).toEqual({
      state: 'missing',
      reason: "the node's route blackhole 10.0.0.0/8, protocol 3, metric 0 has no next hop; give the routes a nextHop",
    });
    expect(find({ routes: [...routes].reverse() }).state).toBe('missing');
    expect(find({ routes: ['10.0.0.0/8 via 10.184.0.1 dev priv', 'blackhole 10.0.0.0/8 metric 50'] }).state).toBe(
      'found',
    );
  });

  test('if no private network of the family is configured', () => {
    expect(find({ ...SEEDS, family: 6 })).toEqual({
      state: 'unconfigured',
      reason: 'no IPv6 private network is configured; give the route a nextHop',
    });
  });
});

describe('a node without an entry', () => {
  const routes = ['0.0.0.0/0 via 198.51.100.1 dev pub'];
  const addresses = ['198.51.100.2/28 dev pub'];

  test('and without an address in the private network is outside it', () => {
    expect(find({ routes, addresses })).toEqual({
      state: 'absent',
      reason: 'this node has no route for 10.0.0.0/8 and no address in it',
    });
  });

  test('has lost it if one is expected', () => {
    expect(find({ routes, addresses, expected: true })).toEqual({
      state: 'missing',
      reason: 'this node has no route for 10.0.0.0/8 and no address in it',
    });
  });

  test('has lost it if it has an address in any of the networks', () => {
    const networks = ['10.0.0.0/8', '198.51.100.0/24'];
    expect(find({ routes, addresses, networks })).toMatchObject({
      state: 'missing',
      reason: expect.stringContaining('198.51.100.2 but no route for 10.0.0.0/8, 198.51.100.0/24'),
    });
  });

  test('is not asked whether one is expected while there is one', () => {
    const isExpected = jest.fn(() => true);
    findPrivateNetwork(snapshot(SEEDS), NETWORKS, 4, isOurs, isExpected);
    expect(isExpected).not.toHaveBeenCalled();
  });
});
