import fc from 'fast-check';
import { refusal } from '../../test/oracle';
import { parseJson, repeatedKeys } from './json';

describe('rejects text that is not JSON with value, reason and fix', () => {
  test.each([
    ['', /^"" is not JSON \(.+\); write \[\] for no routes$/],
    [' \n ', /^"" is not JSON \(.+\); write \[\] for no routes$/],
    ['["a",\n]', /^"\[\\"a\\",\\n\]" is not JSON \(.+\); remove the comma before the closing bracket$/],
    ["['a']", /^"\['a'\]" is not JSON \(.+\); use double quotes$/],
    ['- 10.0.0.0/8', /^"- 10\.0\.0\.0\/8" is not JSON \(.+\); write \["192\.168\.0\.0\/24", …\]$/],
    ['["it\'s" x]', /; write \["192\.168\.0\.0\/24", …\]$/],
    [
      '\uFEFF[]',
      /^"\uFEFF\[\]" starts with a byte order mark, which JSON does not allow; save it as UTF-8 without one$/,
    ],
    ['[\u0000\u001b[31m\n\u2028x]', /^"\[\\u0000\\u001b\[31m\\n\u2028x\]" is not JSON \([^\p{Cc}\u2028]+\); write/u],
  ])('%j', (text, message) => expect(refusal(() => parseJson(text))).toMatch(message));

  test('in one line, whatever the text contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\n', '\r', '[', ',', '"', "'", 'x', '\u2028') }), (end) =>
        expect(refusal(() => parseJson(`[x${end}`))).not.toContain('\n'),
      ),
    );
  });
});

test('parses JSON as JSON.parse does', () => {
  fc.assert(fc.property(fc.json(), (text) => expect(parseJson(text)).toEqual(JSON.parse(text))));
});

describe('repeated keys', () => {
  test.each([
    ['[{"a":1,"b":2,"a":3}]', [{ entry: 0, key: 'a' }]],
    ['["x,y", {"a" : 1}, {"b":1,"\\u0062"\n:2}]', [{ entry: 2, key: 'b' }]],
    ['[{"a":1},{"a":1}]', []],
    ['[{"a":"a","b":"a:","c":",{\\"a\\":"}]', []],
    ['[{"a":["a","a"],"b":{"a":1}}]', []],
    ['[["a","a"],"a","a"]', []],
    ['[{"__proto__":1,"__proto__":2}]', [{ entry: 0, key: '__proto__' }]],
  ])('in %s are %j', (text, repeated) => expect(repeatedKeys(text)).toEqual(repeated));

  test('are found where they were inserted, and nowhere else', () => {
    const entry = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 })));
    const inputs = fc.tuple(fc.array(entry), fc.string(), fc.array(entry));
    fc.assert(
      fc.property(inputs, fc.nat({ max: 3 }), ([before, key, after], indent) => {
        const text = (entries: unknown[]) => entries.map((value) => JSON.stringify(value, undefined, indent));
        const twice = `{${JSON.stringify(key)}:[":",{}], ${JSON.stringify(key)} : "\\\\"}`;
        expect(repeatedKeys(`[${text([...before, ...after]).join()}]`)).toEqual([]);
        const json = `[${[...text(before), twice, ...text(after)].join(' , ')}]`;
        expect(JSON.parse(json)).toHaveLength(before.length + 1 + after.length);
        expect(repeatedKeys(json)).toEqual([{ entry: before.length, key }]);
      }),
    );
  });

  test.each(['x', '\\\\', '\\"', 'a\\n'])('are found after a string that contains %s a million times', (piece) =>
    expect(repeatedKeys(`["${piece.repeat(1e6)}",{"a":1,"a":1}]`)).toEqual([{ entry: 1, key: 'a' }]),
  );
});
