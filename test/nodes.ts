import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOST_MS = 120_000;

/** The newest version of each line that synthesis supports. The agent needs the last one. */
export const NODE_VERSIONS = ['20', '22', '24', '26'] as const;
export type NodeVersion = (typeof NODE_VERSIONS)[number];

/**
 * Node programs of several versions, from npm packages. They are not devDependencies, because every `npm ci` would
 * download them. The next run reuses them.
 * @returns the folder that contains each as `node<version>`, or undefined if npm cannot install them
 */
function installNodes(versions: readonly string[]): string | undefined {
  const folder = join(tmpdir(), `onprem-link-nodes-${versions.join('-')}`);
  const modules = join(folder, 'node_modules');
  const isThere = () => versions.every((version) => existsSync(join(modules, `node${version}`, 'bin', 'node')));
  if (isThere()) return modules;
  const name = `node-${process.platform}-${process.arch}`;
  const dependencies = Object.fromEntries(versions.map((version) => [`node${version}`, `npm:${name}@${version}`]));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const args = ['install', '--no-audit', '--no-fund', '--no-bin-links', '--ignore-scripts', '--silent'];
  spawnSync('npm', args, { cwd: folder, timeout: MOST_MS, stdio: 'ignore' });
  return isThere() ? modules : undefined;
}

/** The newest Node of each supported line, or undefined and a message if npm cannot install them. */
export function newestNodes(): Record<NodeVersion, string> | undefined {
  const modules = installNodes(NODE_VERSIONS);
  if (modules === undefined) {
    process.stderr.write(`Node ${NODE_VERSIONS.join(', ')} skipped: npm cannot install node-linux-* here\n`);
    return undefined;
  }
  const programs = NODE_VERSIONS.map((version) => [version, join(modules, `node${version}`, 'bin', 'node')]);
  return Object.fromEntries(programs) as Record<NodeVersion, string>;
}
