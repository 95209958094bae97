import { nextProbe, phaseOf } from './schedule';

test('spreads a thousand servers over the interval: no tenth of it has twice its share', () => {
  const tenths = new Array(10).fill(0);
  for (let service = 0; service < 200; service++)
    for (let server = 1; server <= 5; server++)
      tenths[Math.floor(phaseOf(`pod-a/default/service-${service}/192.168.${service}.${server}`, 10_000) / 1000)]++;
  expect(Math.max(...tenths)).toBeLessThan(150);
  expect(Math.min(...tenths)).toBeGreaterThan(60);
});

test("keeps a server's phase even if a probe is late", () => {
  expect(nextProbe(2_500, 10_000, 0)).toBe(2_500);
  expect(nextProbe(2_500, 10_000, 2_500)).toBe(12_500);
  expect(nextProbe(2_500, 10_000, 38_000)).toBe(42_500);
});
