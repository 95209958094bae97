import { hop, links, nexthop, route, snapshot } from '../../../test/agent/ip';
import { hopSetKey, hopsOf, hopsText, routeDescription, sameWay } from './route-hops';

describe('the hops of a route', () => {
  const { nexthops } = snapshot({
    nexthops: ['1 via 10.184.0.1 dev priv', '2 via 10.184.0.3 dev priv', '9 group 1/5,2', '10 group 1/5'],
  });

  test('are its own', () => {
    const one = route('10.0.0.0/8 via 10.184.0.1 dev priv');
    expect(hopsOf(one, nexthops)).toBe(one.hops);
  });

  test('are those of its nexthop object, with the weights of the group', () => {
    expect(hopsOf(route('10.0.0.0/8 nhid 1'), nexthops)).toEqual([hop('via 10.184.0.1 dev priv')]);
    expect(hopsOf(route('10.0.0.0/8 nhid 9'), nexthops)).toEqual([
      hop('via 10.184.0.1 dev priv weight 5'),
      hop('via 10.184.0.3 dev priv'),
    ]);
  });

  test('are empty if the object is unknown, or is a group of unknown objects', () => {
    expect(hopsOf(route('10.0.0.0/8 nhid 3'), nexthops)).toEqual([]);
    expect(hopsOf(route('10.0.0.0/8 nhid 5'), new Map([[5, nexthop('5 group 77')]]))).toEqual([]);
  });
});

describe('two routes go the same way', () => {
  const a = hop('via 10.184.0.1 dev priv');
  const b = hop('via 10.184.0.3 dev priv');

  test('if gateway and link are equal, whatever their order, weight and flags', () => {
    expect(sameWay([a], [hop('via 10.184.0.1 dev priv onlink')])).toBe(true);
    expect(sameWay([a, b], [{ ...b, weight: 7 }, a])).toBe(true);
    expect(sameWay([hop('dev priv')], [hop('dev priv')])).toBe(true);
  });

  test.each([
    ['another gateway', [a], [b]],
    ['another link', [a], [hop('via 10.184.0.1 dev pub')]],
    ['a link alone', [a], [hop('dev priv')]],
    ['one of two', [a], [a, b]],
    ['nowhere', [a], []],
    ['nowhere, twice', [], []],
  ])('unless it is %s', (_, one, other) => {
    expect(sameWay(one, other)).toBe(false);
    expect(sameWay(other, one)).toBe(false);
  });
});

test('the key of a set of hops does not depend on their order, but on flags and weights', () => {
  const a = hop('via 10.184.0.1 dev priv weight 2');
  const b = hop('via 10.184.0.3 dev priv');
  expect(hopSetKey([a, b])).toBe(hopSetKey([b, a]));
  expect(hopSetKey([a])).not.toBe(hopSetKey([{ ...a, weight: 1 }]));
  expect(hopSetKey([a])).not.toBe(hopSetKey([{ ...a, onlink: true }]));
});

test('formats hops as ip does', () => {
  expect(hopsText([hop('via 10.184.0.1 dev priv'), hop('dev pub')], links)).toBe('via 10.184.0.1 dev priv and dev pub');
  expect(hopsText([{ link: 99, onlink: false, weight: 1 }], links)).toBe('dev #99');
  expect(hopsText([], links)).toBe('nowhere');
});

test('formats a route with its owner, and with its table unless that is main', () => {
  const told = (text: string) => routeDescription(route(text), snapshot());
  expect(told('10.0.0.0/8 via 10.184.0.1 dev priv')).toBe('10.0.0.0/8 via 10.184.0.1 dev priv, protocol 3, metric 0');
  expect(told('blackhole 10.0.0.0/8 metric 50 table 77')).toBe('blackhole 10.0.0.0/8, protocol 3, metric 50, table 77');
});
