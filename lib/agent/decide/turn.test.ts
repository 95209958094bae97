import { turnOf } from './turn';

const NODES = Array.from({ length: 1000 }, (_, i) => `worker-${i}.example.com`);

test('a node has its turn within the time, and always the same', () => {
  for (const node of NODES) {
    const turn = turnOf(node, 300_000);
    expect(turn).toBeGreaterThanOrEqual(0);
    expect(turn).toBeLessThan(300_000);
    expect(turnOf(node, 300_000)).toBe(turn);
  }
});

test('the turns of many nodes are spread evenly', () => {
  const tenths = new Array(10).fill(0);
  for (const node of NODES) tenths[Math.floor(turnOf(node, 300_000) / 30_000)]++;
  for (const count of tenths) expect(Math.abs(count - 100)).toBeLessThan(40);
});

test('without a time everybody is at once', () => {
  expect(turnOf('worker-1', 0)).toBe(0);
});
