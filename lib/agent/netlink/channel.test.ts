import { readSync, writeSync } from 'node:fs';
import { messagesIn } from '../../../test/agent/messages';
import { attribute, attributes, message, u32 } from '../../../test/agent/wire';
import { NetlinkChannel, NetlinkError } from './channel';
import { MessageWriter } from './codec';

jest.mock('node:fs', () => ({ readSync: jest.fn(), writeSync: jest.fn() }));

const [ERROR, DONE] = [2, 3];
const [ACK, DUMP, MULTI, INTERRUPTED] = [0x4, 0x300, 0x2, 0x10];

interface Asked {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
}

/** A socket whose other end answers each request at once; each read returns one answer. */
function answering(answer: (asked: Asked) => readonly Buffer[]): { channel: NetlinkChannel; writes: Asked[][] } {
  const writes: Asked[][] = [];
  const queue: Buffer[] = [];
  jest.mocked(writeSync).mockImplementation((_fd, bytes) => {
    const asked = messagesIn(bytes as unknown as Uint8Array);
    writes.push(asked.map(({ type, flags, sequence }) => ({ type, flags, sequence })));
    queue.push(...asked.flatMap(answer));
    return 0;
  });
  jest.mocked(readSync).mockImplementation((_fd, buffer) => {
    const bytes = queue.shift();
    if (bytes === undefined) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    (buffer as Uint8Array).set(bytes);
    return bytes.length;
  });
  return { channel: new NetlinkChannel(3), writes };
}

const acknowledge = ({ sequence }: Asked, errno = 0) =>
  message({ type: ERROR, sequence, port: 77 }, u32(-errno >>> 0), message({ type: 0, sequence }));
const found = ({ sequence }: Asked, value: number, flags = MULTI) =>
  message({ type: 24, flags, sequence, port: 77 }, u32(value));
const done = ({ sequence }: Asked, flags = MULTI) => message({ type: DONE, flags, sequence, port: 77 }, u32(0));

const request = (writer: MessageWriter, type: number) => void writer.begin(type);
const routes = (writer: MessageWriter) => request(writer, 26);
const readNumber = (type: number, payload: { u32(): number }) => (type === 24 ? payload.u32() : undefined);

describe('changes', () => {
  test('are matched by their sequence numbers, in whatever order the kernel answers', () => {
    const queue: Buffer[] = [];
    const { channel } = answering((asked) => {
      queue.unshift(acknowledge(asked, asked.type === 25 ? 3 : 0));
      return asked.type === 26 ? [Buffer.concat(queue)] : [];
    });
    const [first, second, third] = channel.change([24, 25, 26], request);
    expect([first, third]).toEqual([undefined, undefined]);
    expect(second).toMatchObject({ code: 'ESRCH', message: 'ESRCH' });
  });

  test('succeed unless the kernel reports an error, and a rejected one does not stop the next ones', () => {
    const { channel } = answering((asked) => {
      if (asked.sequence === 2) return [acknowledge(asked, 17)];
      return (asked.flags & ACK) === 0 ? [] : [acknowledge(asked)];
    });
    const results = channel.change([24, 24, 24], request);
    expect(results.map((error) => error?.code)).toEqual([undefined, 'EEXIST', undefined]);
  });

  test('are acknowledged by the last one of each batch, which may be rejected itself', () => {
    const { channel, writes } = answering((asked) => ((asked.flags & ACK) === 0 ? [] : [acknowledge(asked, 3)]));
    const results = channel.change(new Array(600).fill(24), request);
    const refused = results.flatMap((error, i) => (error === undefined ? [] : [i]));
    expect(refused).toEqual([511, 599]);
    expect(writes.map((batch) => batch.flatMap(({ flags }, i) => ((flags & ACK) === 0 ? [] : [i])))).toEqual([
      [511],
      [87],
    ]);
  });

  test("report the kernel's own error text", () => {
    const words = attributes(attribute(1, Buffer.from('Nexthop has invalid gateway\0')));
    const { channel } = answering(({ sequence }) => [
      message({ type: ERROR, flags: 0x300, sequence }, u32(-22 >>> 0), message({ type: 0, sequence }), words),
    ]);
    expect(channel.change([104], request)[0]).toMatchObject({ message: 'Nexthop has invalid gateway (EINVAL)' });
  });

  test('are sent in batches, each of which is read to its end before the next', () => {
    const { channel, writes } = answering((asked) => [acknowledge(asked)]);
    expect(channel.change(new Array(1300).fill(24), request)).toEqual(new Array(1300).fill(undefined));
    expect(writes.map((batch) => batch.length)).toEqual([512, 512, 276]);
  });

  test('send nothing if there are none', () => {
    const { channel, writes } = answering(() => []);
    expect(channel.change([], request)).toEqual([]);
    expect(writes).toEqual([]);
  });

  test('are matched beyond the largest sequence number', () => {
    const { channel } = answering((asked) => [acknowledge(asked, asked.sequence === 1 ? 3 : 0)]);
    Object.assign(channel, { writer: Object.assign(new MessageWriter(), { sequence: 0xfffffffe }) });
    expect(channel.change([1, 2, 3], request).map((error) => error?.code)).toEqual([undefined, undefined, 'ESRCH']);
  });
});

describe('questions', () => {
  test('are answered one by one, with a message or an error', () => {
    const { channel } = answering((asked) => [
      asked.type === 9 ? acknowledge(asked, 101) : found(asked, asked.type, 0),
    ]);
    const [first, second] = channel.ask([8, 9], request, (payload) => payload.u32());
    expect(first).toBe(8);
    expect(second).toBeInstanceOf(NetlinkError);
    expect(second).toMatchObject({ code: 'ENETUNREACH' });
  });

  test('ignore the answers to an earlier request that was abandoned', () => {
    let isFirst = true;
    const { channel } = answering((asked) => {
      if (!isFirst) return [found({ ...asked, sequence: asked.sequence - 1 }, 1, 0), found(asked, 2, 0)];
      isFirst = false;
      return [];
    });
    expect(() => channel.ask([8], request, (payload) => payload.u32())).toThrow('EAGAIN');
    expect(channel.ask([8], request, (payload) => payload.u32())).toEqual([2]);
  });
});

describe('a dump', () => {
  test('is read in as many reads as it takes, without irrelevant messages', () => {
    const { channel, writes } = answering((asked) => [
      Buffer.concat([found(asked, 1), message({ type: 99, flags: MULTI, sequence: asked.sequence }, u32(5))]),
      found(asked, 2),
      done(asked),
    ]);
    expect(channel.dump(routes, readNumber)).toEqual([1, 2]);
    expect(writes[0]?.[0]?.flags).toBe(DUMP | 1);
  });

  test('ignores the rest of an earlier one', () => {
    const { channel } = answering((asked) => {
      const earlier = { ...asked, sequence: asked.sequence - 1 };
      return [found(earlier, 1), done(earlier), found(asked, 2), done(asked)];
    });
    expect(channel.dump(routes, readNumber)).toEqual([2]);
  });

  test('that changed while it was read is read again from the start', () => {
    let tries = 0;
    const { channel } = answering((asked) =>
      ++tries < 3
        ? [found(asked, 1, MULTI | INTERRUPTED), done(asked)]
        : [Buffer.concat([found(asked, 7), done(asked)])],
    );
    expect(channel.dump(routes, readNumber)).toEqual([7]);
  });

  test('is recognised as interrupted even if only its last message says so', () => {
    let tries = 0;
    const { channel } = answering((asked) => [found(asked, ++tries), done(asked, tries === 1 ? INTERRUPTED : MULTI)]);
    expect(channel.dump(routes, readNumber)).toEqual([2]);
  });

  test('that changes each time is abandoned after five attempts', () => {
    const { channel, writes } = answering((asked) => [done(asked, INTERRUPTED)]);
    expect(() => channel.dump(routes, readNumber)).toThrow('changed during each of 5 dumps');
    expect(writes).toHaveLength(5);
  });

  test('that the kernel rejects is an error, not an empty answer', () => {
    const { channel } = answering((asked) => [acknowledge(asked, 22)]);
    expect(() => channel.dump(routes, readNumber)).toThrow('EINVAL');
  });

  test('that ends with an error is an error', () => {
    const { channel } = answering(({ sequence }) => [message({ type: DONE, sequence }, u32(-12 >>> 0))]);
    expect(() => channel.dump(routes, readNumber)).toThrow('ENOMEM');
  });

  test('without an answer is an error', () => {
    const { channel } = answering(() => []);
    expect(() => channel.dump(routes, readNumber)).toThrow('EAGAIN');
  });
});
