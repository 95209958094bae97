import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describeLab, missingRequirements, node26, node26Version } from './requirements';
import { missingForTraces } from './topology/packet-trace';

test('missing programs are reported with their Debian package', () => {
  const missing = missingRequirements('/nonexistent').join('\n');
  if (process.platform !== 'linux') return;
  expect(missing).toContain('ip not found (Debian package iproute2)');
  expect(missing).toContain('unshare, nsenter, setpriv, mount, pivot_root not found (Debian package util-linux)');
});

test('tests that trace packets need tcpdump', () => {
  expect(missingForTraces('/nonexistent')).toContain('tcpdump not found (Debian package tcpdump)');
});

test("the lab's Node has the version of its package", () => {
  expect(existsSync(node26())).toBe(true);
  expect(spawnSync(node26(), ['--version'], { encoding: 'utf8' }).stdout.trim()).toBe(`v${node26Version()}`);
});

describeLab('on a machine that can run the lab', () => {
  it('no requirement is missing', () => {
    expect(missingRequirements()).toEqual([]);
  });
});
