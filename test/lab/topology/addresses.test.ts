import { inUrl, nth, sameFamily } from './addresses';

test.each([
  ['192.168.0.10/24', 1, '192.168.0.1/24'],
  ['192.168.0.10/24', -2, '192.168.0.254/24'],
  ['10.50.8.20/21', -1, '10.50.15.255/21'],
  ['2001:db8:a::10/64', 1, '2001:db8:a::1/64'],
  ['fd00::ffff/120', -1, 'fd00::ffff/120'],
])('of %s, number %d is %s', (cidr, index, expected) => {
  expect(nth(cidr, index)).toBe(expected);
});

test('families are distinguished, and IPv6 addresses get brackets in URLs', () => {
  expect(sameFamily('10.0.0.0/8', '::1')).toBe(false);
  expect([inUrl('::1'), inUrl('10.0.0.1')]).toEqual(['[::1]', '10.0.0.1']);
});
