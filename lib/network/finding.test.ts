import { type Finding, Findings, findingLines, findingText, InputError, quote, refuse } from './finding';

const finding = (at: string): Finding => ({ at, value: '"x"', reason: 'is wrong', remedy: 'write y' });

describe('quotes a value', () => {
  const circular: unknown[] = [];
  circular.push(circular);
  test.each<[string, unknown, string]>([
    ['as JSON', { a: ['b', null] }, '{"a":["b",null]}'],
    ['on one line', 'a\nb\u001b', '"a\\nb\\u001b"'],
    ['that is missing', undefined, 'undefined'],
    ['that is a number without JSON form', Number.NaN, 'NaN'],
    ['that is a bigint', 1n, '1n'],
    ['that contains a bigint', [1n], '["1n"]'],
    ['that contains itself', circular, '[object Array]'],
    ['in full up to 80 characters', 'x'.repeat(78), `"${'x'.repeat(78)}"`],
    ['shortened beyond', 'x'.repeat(79), `"${'x'.repeat(78)}…`],
  ])('%s', (_, value, text) => expect(quote(value)).toBe(text));

  test('that is nested too deep for the stack', () =>
    expect(quote(JSON.parse('['.repeat(3e5) + ']'.repeat(3e5))).length).toBeLessThanOrEqual(80));
});

test('formats a finding as one line with place, value, reason and remedy', () => {
  expect(findingText(finding('routes[3].nextHop'))).toBe('routes[3].nextHop: "x" is wrong; write y');
  expect(findingText(finding(''))).toBe('"x" is wrong; write y');
});

test('an InputError contains all its findings, one per line', () => {
  const error = new InputError([finding('a'), finding('b')]);
  expect([error.name, error.message]).toEqual(['InputError', 'a: "x" is wrong; write y\nb: "x" is wrong; write y']);
  expect(refuse('x', 'is wrong', 'write y').findings).toEqual([finding('')]);
});

test('ends with the number of findings that were left out', () => {
  const findings = ['a', 'b', 'c'].map(finding);
  expect(findingLines(findings, 3)).toEqual(findings.map(findingText));
  expect(findingLines(findings, 1)).toEqual(['a: "x" is wrong; write y', '… and 2 more']);
});

describe('collects findings', () => {
  test('and throws them together, in the order in which they were found', () => {
    const findings = new Findings();
    findings.throwIfAny();
    findings.add('a', 'x', 'is wrong', 'write y');
    expect(findings.attempt('b', () => 1)).toBe(1);
    findings.attempt('c', () => {
      throw refuse('x', 'is wrong', 'write y');
    });
    expect(findings.all).toEqual([finding('a'), finding('c')]);
    expect(() => findings.throwIfAny()).toThrow(new InputError([finding('a'), finding('c')]));
  });

  test.each([
    ['', '', ''],
    ['routes[3]', '', 'routes[3]'],
    ['', 'nextHop', 'nextHop'],
    ['routes[3]', 'nextHop', 'routes[3].nextHop'],
    ['subnets', '[1].real', 'subnets[1].real'],
  ])('prefixes the place: at %j, with the inner place %j, it is %j', (outer, inner, joined) => {
    const findings = new Findings();
    findings.attempt(outer, () => {
      throw new InputError([finding(inner)]);
    });
    expect(findings.all).toEqual([finding(joined)]);
  });

  test('and keeps at most a thousand of them', () => {
    const findings = new Findings();
    findings.attempt('a', () => {
      throw new InputError(Array.from({ length: 300_000 }, () => finding('')));
    });
    expect(findings.all).toHaveLength(1000);
  });

  test("but rethrows a bug's exception", () => {
    const mistake = () => {
      throw new TypeError('x is not a function');
    };
    expect(() => new Findings().attempt('a', mistake)).toThrow(TypeError);
  });
});
