import { readRouteProtocol } from './route-protocol';

test.each([5, 7, 41, 43, 142, 143, 185, 199, 255])('%i is free to use', (protocol) => {
  expect(readRouteProtocol(protocol)).toBe(protocol);
});

test.each([
  [1, 'ICMP redirects'],
  [2, 'the kernel'],
  [3, 'ip route without a protocol'],
  [4, 'administrators'],
  [12, 'BIRD'],
  [17, 'kube-router'],
  [18, 'keepalived'],
  [42, 'Babel'],
  [80, 'Calico'],
  [84, 'OVN'],
  [186, 'FRR'],
  [198, 'FRR'],
])('%i is rejected because it marks routes of %s', (protocol, by) => {
  expect(() => readRouteProtocol(protocol)).toThrow(`${protocol} marks the routes of ${by}`);
});

test.each([0, 256, 1.5, '142', null])('%p is not a valid protocol', (value) => {
  expect(() => readRouteProtocol(value)).toThrow('is not a valid route protocol; write a whole number from 1 to 255');
});
