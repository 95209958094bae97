import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describeLab, missingRequirements, node26, node26Version } from './requirements';
import { missingForTraces } from './topology/packet-trace';

test('programs that are not there are named with the Debian package they are in', () => {
  const missing = missingRequirements('/nonexistent').join('\n');
  if (process.platform !== 'linux') return;
  expect(missing).toContain('ip not found (Debian package iproute2)');
  expect(missing).toContain('unshare, nsenter, setpriv, mount, pivot_root not found (Debian package util-linux)');
});

test('tcpdump is needed by the tests that trace packets', () => {
  expect(missingForTraces('/nonexistent')).toContain('tcpdump not found (Debian package tcpdump)');
});

test('the Node of the lab is the version that its package says', () => {
  expect(existsSync(node26())).toBe(true);
  expect(spawnSync(node26(), ['--version'], { encoding: 'utf8' }).stdout.trim()).toBe(`v${node26Version()}`);
});

describeLab('a machine that can run the lab', () => {
  it('lacks nothing', () => {
    expect(missingRequirements()).toEqual([]);
  });
});
