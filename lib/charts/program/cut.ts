/** esbuild names each module of a bundle in a comment before its code. */
const MODULE = /^\/\/ (lib\/\S+\.ts)$/m;
/** Without the modules of Node, which each module of ours requires itself. */
const DECLARED = /^(?:async )?(?:function\*?|var) (\w+)\b(?! = require\()/gm;
/** A name, but not that of a property; a spread has three dots. */
const NAME = /(?<![\w$]|(?<!\.)\.)[\w$]+/g;
const COMMENT = /^ *(?:\/\*\*[\s\S]*?\*\/|\/\/ .*)$/gm;
const LINE_WIDTH = 110;

interface Module {
  readonly path: string;
  readonly text: string;
}

/**
 * Cuts a bundle into two CommonJS files; the upper one requires the lower one. In a bundle, each name exists only once at
 * the top level, so both files keep their names. Each module, with its state, is in one of them.
 *
 * @param lower paths of the modules for the lower file; they import no others
 * @param file name of the lower file
 */
export function cutBundle(bundle: string, lower: ReadonlySet<string>, file: string): { upper: string; lower: string } {
  const modules = modulesOf(bundle);
  const textOf = (isLower: boolean) =>
    modules
      .filter(({ path }) => lower.has(path) === isLower)
      .map(({ text }) => text)
      .join('');
  const upper = textOf(false);
  const names = shared(
    modules.filter(({ path }) => lower.has(path)),
    upper,
  );
  return {
    upper: `const {\n${names}} = require("./${file}");\n\n${upper}`,
    lower: `${textOf(true).trimEnd()}\n\nmodule.exports = {\n${names}};\n`,
  };
}

function modulesOf(bundle: string): Module[] {
  const [helpers, ...parts] = bundle.split(MODULE);
  if (helpers !== '') throw new Error(`the bundle begins with code of esbuild that belongs to no module: ${helpers}`);
  return parts.flatMap((path, i) => (i % 2 === 0 ? [{ path, text: `// ${path}${parts[i + 1]}` }] : []));
}

/** The names that these modules declare and the upper file uses, grouped by module. */
function shared(modules: readonly Module[], upper: string): string {
  const mentioned = new Set(upper.replaceAll(COMMENT, '').match(NAME));
  return modules
    .map(({ path, text }) => {
      const names = [...text.matchAll(DECLARED)]
        .map(([, name]) => name as string)
        .filter((name) => mentioned.has(name));
      return names.length === 0 ? '' : `  // ${path}\n${wrap(names)}`;
    })
    .join('');
}

function wrap(names: readonly string[]): string {
  return `${names.join(', ')},`.replace(new RegExp(`(.{1,${LINE_WIDTH}})(?: |$)`, 'g'), '  $1\n');
}
