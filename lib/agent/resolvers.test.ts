import { readResolvers } from './resolvers';

test('reads each resolver from resolv.conf once', () => {
  const text = [
    '# nameserver 192.0.2.9',
    'search example.com',
    'nameserver 10.0.0.53',
    'nameserver\t2001:DB8::53',
    'nameserver 10.0.0.53',
    'options ndots:5',
  ].join('\n');
  expect(readResolvers(text)).toEqual([
    { host: '10.0.0.53', port: 53 },
    { host: '2001:db8::53', port: 53 },
  ]);
});

test.each(['127.0.0.53', '::1', '169.254.20.10', 'fe80::1', 'fe80::1%eth0', 'localhost'])(
  '%s is ignored: it needs no route, or is not an address',
  (address) => expect(readResolvers(`nameserver ${address}\n`)).toEqual([]),
);

test('returns none without the file', () => expect(readResolvers(undefined)).toEqual([]));
