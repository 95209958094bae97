/**
 * Between statements, esbuild keeps only legal comments (`/*!` and `//!`). So comments are turned into legal ones before the
 * build, and back afterwards. A comment on a declaration also gets the declared name: if esbuild removes the declaration,
 * its comment must not end up on the next one.
 */

/** A doc comment on lines of its own, and the line after it. */
const DOC_COMMENT = /^( *)\/\*\*([\s\S]*?\*\/\n)(?=(.*))/gm;
const LEGAL_COMMENT = /^( *)\/\*!(?:(\w+):(?=\s))?([\s\S]*?\*\/\n)(?=(.*))/gm;
const DECLARATION = /^(?:export )?(?:abstract |async )?(?:function\*?|const|let|class) (\w+)/;

const LINE_COMMENT = /^( +)\/\/ /gm;
const LEGAL_LINE_COMMENT = /^( *)\/\/! /gm;
/** A comment at the end of a statement, or of its first line. The line before it ends another statement. */
const TRAILING_COMMENT = /(?<=^(?:.*(?:[;{}]|\*\/|\/\/ .*))?\n)( *)(?![ }])(.*[;{]) \/\/ (.*)$/gm;

/** Comments that only another bundler reads. */
const FOR_BUNDLERS = '/* @__PURE__ */ ';

/** The last line of a function, a class or an object of a module, and no blank line after it. */
const END = /^(\}.*\n)(?=.)/gm;

/** TypeScript whose comments esbuild keeps. A trailing comment moves to a line of its own before the statement. */
export function protectComments(source: string): string {
  return source
    .replace(DOC_COMMENT, (comment, indentation: string, rest: string, next: string) => {
      if (indentation !== '' || next === '') return `${indentation}/*!${rest}`;
      const name = DECLARATION.exec(next)?.[1];
      return name === undefined ? comment : `/*!${name}:${rest}`;
    })
    .replace(TRAILING_COMMENT, '$1// $3\n$1$2')
    .replace(LINE_COMMENT, '$1//! ');
}

/** esbuild's output with the comments and the blank lines between functions as they were in the source. */
export function restoreComments(bundle: string): string {
  return bundle
    .replaceAll(FOR_BUNDLERS, '')
    .replace(LEGAL_COMMENT, (_, indentation: string, name: string | undefined, rest: string, next: string) => {
      const isGone = name !== undefined && !declares(next, name);
      return isGone ? '' : `${indentation}/**${rest}`;
    })
    .replace(LEGAL_LINE_COMMENT, '$1// ')
    .replace(END, '$1\n');
}

/** Whether the line declares the name, to which esbuild adds a number if another module has the same. */
function declares(line: string, name: string): boolean {
  return new RegExp(`^(?:async )?(?:function\\*?|var) ${name}\\d*\\b`).test(line);
}
