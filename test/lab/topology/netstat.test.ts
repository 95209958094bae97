import { counter } from './netstat';

const FILE = 'TcpExt: SyncookiesSent IPReversePathFilter\nTcpExt: 3 17\nIpExt: InNoRoutes\nIpExt: 5\n';

test('a counter is found by group and name', () => {
  expect(counter(FILE, 'TcpExt', 'IPReversePathFilter')).toBe(17);
  expect(counter(FILE, 'IpExt', 'InNoRoutes')).toBe(5);
});

test('a missing counter is an error, not zero', () => {
  expect(() => counter(FILE, 'TcpExt', 'InNoRoutes')).toThrow('no counter TcpExt InNoRoutes');
});
