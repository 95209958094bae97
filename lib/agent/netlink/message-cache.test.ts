import { messageIn } from '../../../test/agent/messages';
import { message } from '../../../test/agent/wire';
import type { Reader } from './codec';
import { MessageCache } from './message-cache';

const payloadOf = (text: string): Reader => messageIn(message({ type: 24 }, Buffer.from(text)));

function telling() {
  const read = jest.fn((payload: Reader) => ({ text: payload.text() }));
  const cache = new MessageCache(read);
  const tell = (...texts: string[]) => {
    read.mockClear();
    cache.start();
    return texts.map((text) => cache.get(payloadOf(text)));
  };
  return { tell, read };
}

test('returns the same object for equal bytes, in any order, without parsing them again', () => {
  const { tell, read } = telling();
  const [one, two, three] = tell('one', 'two', 'three');
  expect([one, two, three]).toEqual([{ text: 'one' }, { text: 'two' }, { text: 'three' }]);
  expect(read).toHaveBeenCalledTimes(3);
  const again = tell('three', 'four', 'one');
  expect(again[0]).toBe(three);
  expect(again[2]).toBe(one);
  expect(read).toHaveBeenCalledTimes(1);
});

test('returns a different object if one byte or the length differs', () => {
  const { tell } = telling();
  const [first] = tell('one\x01');
  for (const [other] of [tell('one\x02'), tell('one'), tell('one\x01\0')]) expect(other).not.toBe(first);
});

test('keeps bytes that are still reported when it drops the others', () => {
  const { tell, read } = telling();
  const others = Array.from({ length: 10 }, (_, i) => `${i}`);
  const [one] = tell('one', ...others);
  for (let round = 0; round < 3; round++) expect(tell('one')[0]).toBe(one);
  tell('one', ...others);
  expect(read).toHaveBeenCalledTimes(10);
});

test('distinguishes bytes beyond ASCII', () => {
  const read = jest.fn((payload: Reader) => payload.key());
  const cache = new MessageCache(read);
  for (let byte = 0; byte < 256; byte++) {
    expect(cache.get(messageIn(message({ type: 24 }, Buffer.of(byte))))).toBe(String.fromCharCode(byte));
  }
});

test('drops bytes that are no longer reported', () => {
  const { tell, read } = telling();
  const rounds = 50;
  for (let round = 0; round < rounds; round++)
    tell(...Array.from({ length: 10 }, (_, i) => `${round} ${i}`), 'lasting');
  // Otherwise it would be read once, and remembered with 500 others.
  tell(...Array.from({ length: 10 }, (_, i) => `0 ${i}`));
  expect(read).toHaveBeenCalledTimes(10);
});
