import fc from 'fast-check';
import { messageIn, messagesIn } from '../../../test/agent/messages';
import { attribute, attributes, message, padded, u16, u32, u32be } from '../../../test/agent/wire';
import { readEvent } from '../kernel/events';
import { readLink, readLookup, readNexthop, readNodeAddress, readRoute } from '../kernel/messages';
import { Messages, MessageWriter, Reader, readAcknowledgement } from './codec';

interface Sample {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly fixed: readonly number[];
  readonly attributes: readonly { readonly type: number; readonly bytes: Uint8Array }[];
  readonly words: readonly number[];
  readonly nested: { readonly type: number; readonly value: number };
}

const REQUEST = 1;
const u16s = fc.nat({ max: 0xffff });
const u32s = fc.nat({ max: 0xffffffff });
const types = fc.integer({ min: 1, max: 0x3fff });
const samples: fc.Arbitrary<Sample> = fc.record({
  type: u16s,
  flags: u16s,
  sequence: u32s,
  fixed: fc.array(u32s, { maxLength: 4 }),
  attributes: fc.array(fc.record({ type: types, bytes: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 6 }),
  words: fc.array(u32s, { minLength: 1, maxLength: 4 }),
  nested: fc.record({ type: types, value: u32s }),
});

function write(writer: MessageWriter, sample: Sample): void {
  writer.sequence = sample.sequence - 1;
  writer.begin(sample.type, sample.flags);
  for (const value of sample.fixed) writer.u32(value);
  for (const { type, bytes } of sample.attributes) {
    writer.nested(type, () => {
      for (const byte of bytes) writer.u8(byte);
    });
  }
  const [first = 0, ...rest] = sample.words.map((word) => word | 0);
  writer.attributeWords(15, { first, rest });
  writer.nested(sample.nested.type, () => writer.attributeU32(2, sample.nested.value));
  writer.end();
}

function byHand({ type, flags, sequence, fixed, attributes: all, words, nested }: Sample): Buffer {
  const plain = all.map((each) => padded(attribute(each.type, Buffer.from(each.bytes))));
  const inner = attributes(attribute(nested.type, attribute(2, u32(nested.value))));
  const address = attribute(15, ...words.map(u32be));
  return message({ type, flags: flags | REQUEST, sequence }, ...fixed.map(u32), ...plain, address, inner);
}

/** Buffers that often look like messages. */
const mutants: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(samples, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(u32s, fc.nat({ max: 255 }))), u32s)
  .map(([all, mutations, cut]) => {
    const bytes = Buffer.concat(all.map(byHand));
    for (const [at, value] of mutations) bytes[at % bytes.length] = value;
    return bytes.subarray(0, cut % 3 === 0 ? cut % (bytes.length + 1) : bytes.length);
  });

/** Reads everything with every reader, and returns the results. */
function readAll(bytes: Uint8Array): unknown[] {
  const found: unknown[] = [];
  const attempt = (read: () => unknown) => {
    try {
      found.push(read());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      found.push('RangeError');
    }
  };
  attempt(() => {
    const one = new Messages(bytes);
    while (one.next()) {
      for (const read of [readRoute, readLookup, readNexthop, readNodeAddress, readLink]) attempt(() => read(one));
      attempt(() => readEvent(one));
      attempt(() => readAcknowledgement(one));
      for (let type = 1; type < 32; type++) attempt(() => one.attribute(type, 12)?.key());
      attempt(() => one.attribute(9)?.attribute(2)?.u32());
    }
  });
  return found;
}

/** The same bytes inside a larger buffer. */
function within(bytes: Uint8Array, filler: number): Uint8Array {
  const larger = new Uint8Array(bytes.length + 512).fill(filler);
  larger.set(bytes, 256);
  return larger.subarray(256, 256 + bytes.length);
}

describe('writes messages', () => {
  test("in netlink's format, one after the other", () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 5 }), (all) => {
        const writer = new MessageWriter();
        for (const sample of all) write(writer, sample);
        expect(Buffer.from(writer.finish())).toEqual(Buffer.concat(all.map(byHand)));
      }),
    );
  });

  test('with an address for which the buffer must grow', () => {
    for (let begun = 4060; begun <= 4096; begun += 4) {
      const writer = new MessageWriter().begin(1);
      while (writer.length < begun) writer.u32(0);
      writer.attributeWords(1, { first: -1, rest: [1, 2, 3] });
      const only = messageIn(writer.end().finish());
      expect(
        only
          .slice(begun - 16)
          .attribute(1)
          ?.i32be(12),
      ).toBe(3);
    }
  });

  test('beyond the initial size of the buffer', () => {
    const writer = new MessageWriter().begin(1);
    for (let i = 0; i < 3000; i++) writer.attributeU32(1, i);
    const only = messageIn(writer.end().finish());
    expect(only.length).toBe(24_000);
    expect(only.slice(23_992).attribute(1)?.u32()).toBe(2999);
  });
});

describe('reads messages', () => {
  test('as they were written', () => {
    fc.assert(
      fc.property(fc.array(samples, { minLength: 1, maxLength: 5 }), (all) => {
        const parsed = messagesIn(within(Buffer.concat(all.map(byHand)), 0xff));
        expect(parsed.map(({ type, flags, sequence }) => ({ type, flags, sequence }))).toEqual(
          all.map(({ type, flags, sequence }) => ({ type, flags: flags | REQUEST, sequence })),
        );
        parsed.forEach((payload, i) => {
          const { fixed, attributes: given, nested } = all[i] as Sample;
          expect(fixed.map((_, field) => payload.u32(4 * field))).toEqual(fixed);
          for (const { type } of given) {
            const first = given.find((each) => each.type === type);
            expect(payload.attribute(type, 4 * fixed.length)?.key()).toBe(
              first && Buffer.from(first.bytes).toString('latin1'),
            );
          }
          if (![15, ...given.map(({ type }) => type)].includes(nested.type))
            expect(
              payload
                .attribute(nested.type, 4 * fixed.length)
                ?.attribute(2)
                ?.u32(),
            ).toBe(nested.value);
        });
      }),
    );
  });

  test('with the flags NESTED and NET_BYTEORDER in an attribute type', () => {
    const only = messageIn(message({ type: 24 }, attribute(0xc000 | 8, u32(5))));
    expect(only.attribute(8)?.u32()).toBe(5);
  });

  test('with text up to the first zero byte', () => {
    const reader = (text: string) => {
      const bytes = Buffer.from(text);
      return new Reader(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
    };
    expect(reader('eth0\0\0').text()).toBe('eth0');
    expect(reader('eth0').text()).toBe('eth0');
    expect(reader('').text()).toBe('');
  });

  test('with numbers above 2^31 as unsigned, and interface indexes as signed', () => {
    const only = messageIn(message({ type: 1, sequence: 0xffffffff }, u32(0x8e000001), u32(0xffffffff)));
    expect(only.sequence).toBe(0xffffffff);
    expect([only.u32(), only.i32(4)]).toEqual([0x8e000001, -1]);
  });
});

describe('rejects inconsistent bytes', () => {
  test.each([
    ['a message longer than the bytes', Buffer.concat([u32(40), u16(24), u16(0), u32(1), u32(0)])],
    ['a message shorter than its header', Buffer.concat([u32(15), u16(24), u16(0), u32(1), u32(0)])],
    ['a message of no bytes, which would never end', Buffer.concat([u32(0), u16(24), u16(0), u32(1), u32(0)])],
  ])('%s', (_, bytes) => expect(() => new Messages(bytes).next()).toThrow(RangeError));

  test.each([
    ['an attribute longer than its message', u16(9)],
    ['an attribute shorter than its header', u16(3)],
    ['an attribute of no bytes, which would never end', u16(0)],
  ])('%s', (_, length) => {
    const only = messageIn(message({ type: 24 }, length, u16(2), u32(1)));
    expect(() => only.attribute(1)).toThrow(RangeError);
  });

  test('such as fields and slices beyond the end', () => {
    const payload = messageIn(message({ type: 24 }, u32(1)));
    for (const read of [
      () => payload.u8(4),
      () => payload.u16(3),
      () => payload.u32(1),
      () => payload.i32(2),
      () => payload.slice(0, 5),
      () => payload.slice(3, 2),
      () => payload.i32be(1),
    ])
      expect(read).toThrow(RangeError);
  });

  test('with a RangeError and nothing else, and without reading bytes around them', () => {
    fc.assert(
      fc.property(mutants, (bytes) => {
        expect(readAll(within(bytes, 0xff))).toEqual(readAll(within(bytes, 0)));
      }),
      { numRuns: 500 },
    );
  });

  test('in 5,000 buffers of random bytes, and more in test:long', () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    for (let i = 0; i < 5_000; i++) {
      const bytes = Buffer.alloc(random() % 96).map(random);
      if (i % 2 === 0 && bytes.length >= 16) bytes.set(u32(16 + (random() % (bytes.length - 15))));
      readAll(bytes);
    }
  });
});

describe('an acknowledgement', () => {
  const errorOf = (flags: number, ...payload: Buffer[]) =>
    readAcknowledgement(messageIn(message({ type: 2, flags }, ...payload)));
  const request = message({ type: 24, sequence: 9 }, u32(1), u32(2));
  const words = attributes(attribute(1, Buffer.from('Invalid prefix\0')));

  test('with errno 0 is a success', () => expect(errorOf(0, u32(0), request).errno + 0).toBe(0));
  test('returns the errno as a positive number', () => expect(errorOf(0, u32(-17 >>> 0), request).errno).toBe(17));
  test("contains the kernel's error text after the repeated request", () =>
    expect(errorOf(0x200, u32(-22 >>> 0), request, words)).toEqual({ errno: 22, words: 'Invalid prefix' }));
  test('or after its header alone, if the request was capped', () =>
    expect(errorOf(0x300, u32(-22 >>> 0), request.subarray(0, 16), words)).toEqual({
      errno: 22,
      words: 'Invalid prefix',
    }));
  test('contains no text unless its flags say so', () =>
    expect(errorOf(0, u32(-22 >>> 0), request, words).words).toBeUndefined());
});
