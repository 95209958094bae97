import { messageIn } from '../testing/messages';
import { attribute, attributes, ip4, message, u8, u16, u32 } from '../testing/wire';
import { readEvent } from './event';

const event = (type: number, ...payload: Buffer[]) => readEvent(messageIn(message({ type }, ...payload)));

const ROUTE = [u8(2, 24, 0, 0, 254, 142, 0, 1), u32(0), attributes(attribute(1, ip4('192.168.1.0')))];

test('an event of a route tells the route and whether it went', () => {
  expect(event(24, ...ROUTE)).toMatchObject({ kind: 'route', deleted: false, route: { protocol: 142 } });
  expect(event(25, ...ROUTE)).toMatchObject({ kind: 'route', deleted: true });
});

test('an event of a route tells whether it took the place of another, which one that was appended did not', () => {
  const withFlags = (flags: number) => readEvent(messageIn(message({ type: 24, flags }, ...ROUTE)));
  const [REPLACE, CREATE_EXCL, CREATE_APPEND] = [0x100, 0x600, 0xc00];
  expect(withFlags(REPLACE)).toMatchObject({ replaced: true });
  for (const flags of [CREATE_EXCL, CREATE_APPEND]) expect(withFlags(flags)).not.toHaveProperty('replaced');
});

test('an event of a broadcast route, as every new address causes it, is none; one of a local route may take packets', () => {
  expect(event(24, u8(2, 32, 0, 0, 255, 2, 254, 3), u32(0))).toBeUndefined();
  expect(event(24, u8(2, 32, 0, 0, 255, 2, 254, 2), u32(0))).toMatchObject({ kind: 'route', route: { table: 255 } });
});

test('an event of an address or a link tells which', () => {
  const address = attributes(attribute(1, ip4('10.184.0.2')));
  expect(event(20, u8(2, 26, 0, 0), u32(2), address)).toMatchObject({ kind: 'address', address: { link: 2 } });
  expect(event(21, u8(2, 26, 0, 0), u32(2), address)).toMatchObject({ kind: 'address' });
  expect(event(16, u8(0, 0), u16(1), u32(9), u32(0), u32(0))).toEqual({ kind: 'link', index: 9 });
  expect(event(17, u8(0, 0), u16(1), u32(9), u32(0), u32(0))).toEqual({ kind: 'link', index: 9 });
});

test.each([
  [104, 'nexthop'],
  [105, 'nexthop'],
  [32, 'rule'],
  [33, 'rule'],
])('message type %i is a %s event', (type, kind) => expect(event(type)).toEqual({ kind }));

test('acknowledgements and neighbours are no events', () => {
  expect(event(2, u32(0))).toBeUndefined();
  expect(event(28)).toBeUndefined();
});
