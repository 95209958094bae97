import { address, LINKS } from '../../test/agent/ip';
import type { NextHop } from './decide/next-hop-health';
import { NUD_FAILED, NUD_REACHABLE } from './netlink/constants';
import { NextHopMonitor } from './next-hop-monitor';

const nextHop = (text: string, isAlone = false): NextHop => ({
  address: address(text),
  link: LINKS.priv as number,
  interface: 'priv',
  isAlone,
});
const [A, B] = [nextHop('10.184.0.1'), nextHop('10.184.0.3')];

function watching() {
  const silent = new Set<string>();
  const asked: string[][] = [];
  const changes: string[] = [];
  const troubles: string[] = [];
  let trouble: Error | undefined;
  const kernel = {
    askNeighbours: (keys: readonly { readonly address: unknown }[]) => {
      if (trouble !== undefined) throw trouble;
      asked.push(keys.map((key) => `${key.address}`));
      return keys.map((key) => ({ state: silent.has(`${key.address}`) ? NUD_FAILED : NUD_REACHABLE, flags: 0 }));
    },
  };
  const watch = new NextHopMonitor(
    kernel,
    () => performance.now(),
    (reason) => troubles.push(reason),
  );
  watch.onChange = (changed) => changes.push(...changed.map((each) => `${each.address} ${each.health.state}`));
  const fail = (error: Error | undefined) => {
    trouble = error;
  };
  return { watch, silent, asked, changes, troubles, fail };
}

const pass = (seconds: number) => jest.advanceTimersByTime(seconds * 1000);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('reports a dead next hop within four seconds after the kernel marks it as failed, and again once it answers', () => {
  const { watch, silent, changes } = watching();
  watch.follow([A, B]);
  pass(5);
  expect(changes).toEqual([]);
  silent.add('10.184.0.1');
  pass(4);
  expect(changes).toEqual(['10.184.0.1 down']);
  silent.clear();
  pass(1);
  expect(changes).toEqual(['10.184.0.1 down', '10.184.0.1 returning']);
  pass(10);
  expect(changes).toEqual(['10.184.0.1 down', '10.184.0.1 returning', '10.184.0.1 up']);
  expect(watch.changes).toBe(3);
  watch.stop();
});

test('checks a next hop without an alternative every ten seconds', () => {
  const { watch, asked } = watching();
  watch.follow([A, nextHop('10.184.0.9', true)]);
  pass(20);
  expect(asked.filter((keys) => keys.includes('10.184.0.9'))).toHaveLength(1 + 2); // and when it is first followed
  expect(asked.filter((keys) => keys.includes('10.184.0.1'))).toHaveLength(1 + 20);
  watch.stop();
});

const stateOf = (watch: NextHopMonitor, { address: gateway, link }: NextHop) =>
  watch.healthOf({ gateway, link, onlink: false, weight: 1 })?.state;

test('checks no more often if no next hop has an alternative', () => {
  const { watch, asked } = watching();
  watch.follow([nextHop('10.184.0.9', true)]);
  pass(20);
  expect(asked).toHaveLength(1 + 2);
  watch.stop();
});

test('remembers what it knows for a minute if a pass knows no next hop', () => {
  const { watch, silent } = watching();
  watch.follow([A, B]);
  silent.add('10.184.0.1');
  pass(10);
  expect(stateOf(watch, A)).toBe('down');
  watch.follow([]);
  watch.follow([A, B]);
  expect(stateOf(watch, A)).toBe('down');
  watch.follow([]);
  silent.clear();
  const { changes } = watch;
  pass(61);
  expect(watch.changes).toBe(changes);
  watch.follow([B]);
  expect(watch.changes).toBeGreaterThan(changes); // a decision that depended on it may change
  expect(stateOf(watch, A)).toBe('up');
  watch.stop();
});

test("starts with the kernel's state, so that a new agent does not return to a dead next hop", () => {
  const { watch, silent } = watching();
  silent.add('10.184.0.1');
  expect([stateOf(watch, A), stateOf(watch, B)]).toEqual(['down', 'up']);
  watch.follow([A, B]);
  silent.clear();
  pass(1);
  expect(stateOf(watch, A)).toBe('returning');
  pass(10);
  expect(stateOf(watch, A)).toBe('up');
  watch.stop();
});

test('changes nothing if the kernel cannot be queried', () => {
  const { watch, changes, troubles, fail } = watching();
  watch.follow([A, B]);
  fail(new Error('ENOBUFS'));
  pass(10);
  expect(changes).toEqual([]);
  expect(troubles).toEqual(['ENOBUFS']);
  fail(undefined);
  pass(1);
  expect(watch.all.map(({ health }) => health.state)).toEqual(['up', 'up']);
  watch.stop();
});

test('sends nothing if there is nothing to watch', () => {
  const { watch } = watching();
  watch.follow([A]);
  watch.follow([]);
  expect(jest.getTimerCount()).toBe(0);
});

test.each([
  [true, 20],
  [false, 2],
])('checks at most 64 of thousands (alone: %s) at a time, in turn', (isAlone, seconds) => {
  const { watch, asked } = watching();
  const many = Array.from({ length: 128 }, (_, i) => nextHop(`10.184.${i >> 6}.${i & 63}`, isAlone));
  watch.follow(many);
  const firsts = asked.flat();
  expect(firsts).toHaveLength(64);
  pass(seconds);
  expect(asked.slice(firsts.length).map((keys) => keys.length)).toEqual([64, 64]);
  expect(new Set(asked.slice(firsts.length).flat()).size).toBe(128);
  watch.stop();
});
