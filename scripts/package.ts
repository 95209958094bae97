/** `npm run package`: writes the package that a cdk8s project installs to build/package, for `npm pack` and `npm publish`. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { bundleOf, fileNamesOf, PROGRAMS } from '../lib/charts/program/bundle';
import { offerHelp } from './terminal';

const REPOSITORY = join(__dirname, '..');
const PACKAGE = join(REPOSITORY, 'build', 'package');
const COPIED = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs'];
const BIN = 'scripts/cli.js';

offerHelp(`npm run package: replaces build/package, the package that a cdk8s project installs

Then run: npm pack ./build/package, or npm publish ./build/package. Exit code 1: the types are wrong.
`);
rmSync(PACKAGE, { recursive: true, force: true });
const tsc = join(REPOSITORY, 'node_modules', '.bin', 'tsc');
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: REPOSITORY, stdio: 'inherit' });
if (status !== 0) process.exit(1);
for (const program of PROGRAMS) {
  const folder = join(PACKAGE, 'lib', program.folder);
  mkdirSync(folder, { recursive: true });
  for (const file of fileNamesOf(program)) writeFileSync(join(folder, file), bundleOf(program, file));
}
chmodSync(join(PACKAGE, BIN), 0o755);
writeFileSync(join(PACKAGE, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
for (const name of COPIED) cpSync(join(REPOSITORY, name), join(PACKAGE, name), { recursive: true });
for (const path of readdirSync(PACKAGE, { recursive: true, encoding: 'utf8' }))
  if (path.endsWith('.md')) mendLinks(path);

/** package.json of the package: no scripts, so nothing runs at installation, and no dependencies that only the repository needs. */
function manifest() {
  const all = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const { name, version, description, license, type, engines, peerDependencies, dependencies } = all;
  return {
    name,
    version,
    description,
    license,
    type,
    main: 'lib/index.js',
    types: 'lib/index.d.ts',
    exports: {
      '.': { types: './lib/index.d.ts', default: './lib/index.js' },
      './package.json': './package.json',
    },
    bin: { [name]: BIN },
    engines,
    peerDependencies,
    // The agent is bundled already, and the project's own cdk8s.yaml decides how TypeScript is run.
    dependencies: { yaml: dependencies.yaml },
  };
}

/** Replaces a link to a file outside the package by its text, and a link to a source by one to its declarations. */
function mendLinks(path: string): void {
  const text = readFileSync(join(PACKAGE, path), 'utf8');
  const mended = text.replace(
    /\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)/g,
    (link, label, target, anchor = '') => {
      const found = [target, target.replace(/\.ts$/, '.d.ts')].find((one) =>
        existsSync(join(PACKAGE, posix.join(posix.dirname(path), one))),
      );
      if (found === undefined) return label;
      return found === target ? link : `[${label}](${found}${anchor})`;
    },
  );
  writeFileSync(join(PACKAGE, path), mended);
}
