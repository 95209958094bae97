import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { pathsBelow, REPOSITORY } from '../../../test/repository';
import { protectComments, restoreComments } from './comments';

/** The TypeScript as it appears in a bundle. */
function compiled(source: string): string {
  const protectedSource = protectComments(source);
  const { code } = transformSync(protectedSource, { loader: 'ts', legalComments: 'inline' });
  // In a bundle, nothing is exported, and variables of modules are `var`.
  return restoreComments(code.replaceAll(/^const /gm, 'var ').replaceAll(/^export (?:\{[^}]*\};\n)?/gm, ''));
}

test('keeps comments on declarations and statements, and removes those on types with the types', () => {
  const source = `/** What this file is for. */

/** A number. */
export type Size = number;
/** How large. */
const SIZE: Size = 1;

/**
 * Of one thing.
 * @throws if it has none
 */
export function sizeOf(thing: { size?: Size }): Size {
  // Zero is a size as well.
  if (thing.size !== undefined) return thing.size; // as it says
  return SIZE;
}
`;
  expect(compiled(source)).toBe(`/** What this file is for. */
/** How large. */
var SIZE = 1;
/**
 * Of one thing.
 * @throws if it has none
 */
function sizeOf(thing) {
  // Zero is a size as well.
  // as it says
  if (thing.size !== void 0) return thing.size;
  return SIZE;
}
`);
});

test('removes the comment of a declaration that is not in the bundle', () => {
  const bundle = '/*!gone: Of something unused. */\nfunction other() {\n}\n/*!kept: Of this. */\nvar kept2 = 1;\n';
  expect(restoreComments(bundle)).toBe('function other() {\n}\n\n/** Of this. */\nvar kept2 = 1;\n');
});

test('does not move a comment at the end of a line that is only part of a statement', () => {
  for (const source of ['f(\n  one, // why\n);\n', 'f(\n  one,\n); // why\n', 'if (a) {\n} else { // why\n}\n'])
    expect(protectComments(source)).toBe(source);
});

test('changes no code of the programs', () => {
  const sources = pathsBelow('lib/agent', 'lib/network', 'lib/program', 'lib/servers', 'lib/settings')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(REPOSITORY, path), 'utf8'));
  expect(sources.length).toBeGreaterThan(100);
  const program = (source: string) =>
    transformSync(source, { loader: 'ts', format: 'cjs', legalComments: 'none', minifyWhitespace: true }).code;
  expect(sources.filter((source) => program(protectComments(source)) !== program(source))).toEqual([]);
});
