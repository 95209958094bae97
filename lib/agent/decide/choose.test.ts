import fc from 'fast-check';
import type { Hop } from '../kernel/types';
import { hop } from '../testing/ip';
import { chooseHops } from './choose';
import type { Health, HealthState } from './health';

const HOPS = ['1', '3', '5'].map((host) => hop(`via 10.184.0.${host} dev priv`));

function choose(healths: readonly (HealthState | [HealthState, since: number])[], mode?: 'failover'): number[] {
  const known = new Map<Hop, Health>(
    HOPS.map((each, i) => {
      const [state, since] = [healths[i] ?? 'up'].flat() as [HealthState, number?];
      return [each, { state, since: since ?? 0 }];
    }),
  );
  return chooseHops(HOPS, mode, (each) => known.get(each)).map((each) => HOPS.indexOf(each));
}

test('those that are up are used; of which nothing is known count as up', () => {
  expect(choose(['up', 'up', 'up'])).toEqual([0, 1, 2]);
  expect(choose(['up', 'down', 'returning'])).toEqual([0]);
  expect(chooseHops(HOPS, undefined, () => undefined)).toEqual(HOPS);
});

test('in turn: the first of them', () => {
  expect(choose(['up', 'up', 'up'], 'failover')).toEqual([0]);
  expect(choose(['returning', 'up', 'up'], 'failover')).toEqual([1]);
});

test('one that answers again does not wait where nobody is up', () => {
  expect(choose(['down', 'returning', 'down'])).toEqual([1]);
  expect(choose(['down', 'returning', 'down'], 'failover')).toEqual([1]);
});

test('where nobody answers, those that were the last to answer stay', () => {
  expect(
    choose([
      ['down', 1],
      ['down', 7],
      ['down', 3],
    ]),
  ).toEqual([1]);
  expect(
    choose([
      ['down', 7],
      ['down', 7],
      ['down', 3],
    ]),
  ).toEqual([0, 1]);
});

test('there is always one, only listed ones, and in failover exactly one', () => {
  const health = fc.tuple(fc.constantFrom<HealthState>('up', 'returning', 'down'), fc.nat(3));
  fc.assert(
    fc.property(fc.array(health, { minLength: 3, maxLength: 3 }), (healths) => {
      const chosen = choose(healths);
      expect(chosen.length).toBeGreaterThan(0);
      expect(choose(healths, 'failover')).toEqual(chosen.slice(0, 1));
    }),
  );
});
