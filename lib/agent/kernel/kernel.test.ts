import { address } from '../../../test/agent/ip';
import { messageIn } from '../../../test/agent/messages';
import { attribute, attributes, ip4, message, u8, u32 } from '../../../test/agent/wire';
import type { NetlinkChannel } from '../netlink/channel';
import type { Reader } from '../netlink/codec';
import { Kernel } from './kernel';

/** The kernel's route for an address: always 10.0.0.0/8 through this gateway, in a new buffer each time. */
function entry(gateway: string): Reader {
  const header = Buffer.concat([u8(2, 8, 0, 0, 254, 3, 0, 1), u32(0)]);
  const payload = attributes(attribute(1, ip4('10.0.0.0')), attribute(4, u32(2)), attribute(5, ip4(gateway)));
  return messageIn(message({ type: 24 }, header, payload));
}

test('equal answers to equal questions are the same object, even if other questions changed', () => {
  let last = '10.184.0.1';
  const channel: Pick<NetlinkChannel, 'ask'> = {
    ask: (items, _write, read) => items.map((_, i) => read(entry(i === 1 ? last : '10.184.0.1'))),
  };
  const kernel = new Kernel(channel as NetlinkChannel);
  const questions = [{ address: address('10.1.2.3') }, { address: address('10.4.5.6') }];
  const first = kernel.lookup(questions);
  expect(kernel.lookup(questions)).toBe(first);
  expect(kernel.lookup([...questions])).not.toBe(first);
  last = '10.184.0.3';
  const other = kernel.lookup(questions);
  expect(other.map((answer) => (typeof answer === 'string' ? answer : `${answer.hops[0]?.gateway}`))).toEqual([
    '10.184.0.1',
    '10.184.0.3',
  ]);
  expect(other[0]).toBe(first[0]);
  expect(kernel.lookup(questions)).toBe(other);
});
