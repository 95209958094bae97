import type { NetlinkChannel, Request } from '../netlink/channel';
import { type Message, parseMessages, type Reader } from '../netlink/codec';
import { address } from '../testing/ip';
import { attribute, attributes, ip4, message, u8, u32 } from '../testing/wire';
import { Kernel } from './kernel';

/** The kernel's entry for an address: always 10.0.0.0/8, as bytes of their own each time. */
function entry(): Reader {
  const header = Buffer.concat([u8(2, 8, 0, 0, 254, 3, 0, 1), u32(0)]);
  const payload = attributes(attribute(1, ip4('10.0.0.0')), attribute(4, u32(2)), attribute(5, ip4('10.184.0.1')));
  return (parseMessages(message({ type: 24 }, header, payload)) as [Message])[0].payload;
}

test('the same questions are asked by the same requests, and the same answers are the same objects', () => {
  const asked: (readonly Request[])[] = [];
  const channel: Pick<NetlinkChannel, 'ask'> = {
    ask: (requests, read) => {
      asked.push(requests);
      return requests.map(() => read(entry()));
    },
  };
  const kernel = new Kernel(channel as NetlinkChannel);
  const questions = [{ address: address('10.1.2.3') }, { address: address('10.4.5.6') }];
  const first = kernel.lookup(questions);
  const second = kernel.lookup(questions);
  expect(second.map((each, i) => each !== undefined && each === first[i])).toEqual([true, true]);
  expect(asked[1]).toBe(asked[0]);
  kernel.lookup([{ address: address('10.1.2.3') }]);
  expect(asked[2]).toHaveLength(1);
});
