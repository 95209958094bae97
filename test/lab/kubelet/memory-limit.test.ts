import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf, limitedMemory } from './memory-limit';

test.each([
  ['64Mi', 67_108_864],
  ['1.5Gi', 1_610_612_736],
  ['128M', 128_000_000],
  [1024, 1024],
])('%s are %d bytes', (quantity, bytes) => {
  expect(bytesOf(quantity)).toBe(bytes);
});

test('a quantity that is not an amount of memory is rejected', () => {
  expect(() => bytesOf('100m')).toThrow('100m is not an amount of memory');
});

test('a cgroup is created only if cgroup v2 limits memory', () => {
  const root = mkdtempSync(join(tmpdir(), 'cgroup-test-'));
  try {
    expect(limitedMemory('pod', 4096, root)).toBeUndefined();
    writeFileSync(join(root, 'cgroup.subtree_control'), 'cpu io\n');
    expect(limitedMemory('pod', 4096, root)).toBeUndefined();
    writeFileSync(join(root, 'cgroup.subtree_control'), 'cpu memory\n');
    expect(limitedMemory('pod', 4096, root)).toBe(join(root, 'pod'));
    expect(readFileSync(join(root, 'pod', 'memory.max'), 'utf8')).toBe('4096');
  } finally {
    rmSync(root, { recursive: true });
  }
});
