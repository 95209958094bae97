import { summary } from './summary';

const output = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));

test('each file has a line with its size and its change', () => {
  const before = output({ 'dist/a/gone.yaml': 'x', 'dist/a/kept.yaml': 'x', 'dist/a/other.yaml': 'x' });
  const after = output({ 'dist/a/kept.yaml': 'x', 'dist/a/new.yaml': 'x'.repeat(2048), 'dist/a/other.yaml': 'yy' });
  expect(summary(before, after)).toEqual({
    isChanged: true,
    lines: [
      'dist/a/gone.yaml           -  removed',
      'dist/a/kept.yaml         1 B',
      'dist/a/new.yaml      2.0 KiB  new',
      'dist/a/other.yaml        2 B  changed',
      'Changed: review it with git diff.',
    ],
  });
});

test('if all bytes are the same, the summary reports no change', () => {
  const same = () => output({ 'dist/a/kept.yaml': 'x' });
  expect(summary(same(), same())).toEqual({ isChanged: false, lines: ['dist/a/kept.yaml        1 B', 'Unchanged.'] });
});
