import fc from 'fast-check';
import { body, lines } from './lines';

async function* stream(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield chunk;
}

async function all(chunks: readonly Buffer[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(stream(chunks))) found.push(line);
  return found;
}

const TEXT = '{"a":"größer als 10 €"}\n\n \n{"b":"💡"}\r\n{"c":1}\n';
const LINES = ['{"a":"größer als 10 €"}', '{"b":"💡"}\r', '{"c":1}'];

test('finds lines wherever the bytes are split, even within a character', async () => {
  const bytes = Buffer.from(TEXT);
  for (let at = 0; at <= bytes.length; at++)
    expect(await all([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(LINES);
  expect(await all([...bytes].map((byte) => Buffer.of(byte)))).toEqual(LINES);
});

test('drops a truncated line', async () => {
  expect(await all([Buffer.from('{"a":1}\n{"b":')])).toEqual(['{"a":1}']);
  expect(await all([Buffer.from('{"b":1}')])).toEqual([]);
  expect(await all([])).toEqual([]);
});

test('returns any lines unchanged', async () => {
  const texts = fc.array(
    fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '' && !text.includes('\n')),
  );
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.nat({ max: 200 })), async (given, cuts) => {
      const bytes = Buffer.from(given.map((text) => `${text}\n`).join(''));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place));
      expect(await all(chunks)).toEqual(given);
    }),
  );
});

test('rejects an endless line at 8 MiB', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  await expect(all(new Array(9).fill(chunk))).rejects.toThrow('a line of more than 8388608 bytes');
  await expect(body(stream(new Array(9).fill(chunk)))).rejects.toThrow('a body of more than 8388608 bytes');
});

test('accepts a ConfigMap of 1 MiB', async () => {
  const line = Buffer.from(`${'ü'.repeat(2 * 1024 * 1024)}\n`);
  expect((await all([line.subarray(0, 1_000_001), line.subarray(1_000_001)]))[0]).toHaveLength(2 * 1024 * 1024);
});

test('joins all chunks of a body', async () => {
  const bytes = Buffer.from(TEXT);
  expect(await body(stream([bytes.subarray(0, 7), bytes.subarray(7)]))).toBe(TEXT);
});

test('passes on an error of the stream', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"a":1}\n');
    throw new Error('cut');
  }
  const found: string[] = [];
  const reading = (async () => {
    for await (const line of lines(broken())) found.push(line);
  })();
  await expect(reading).rejects.toThrow('cut');
  expect(found).toEqual(['{"a":1}']);
});
