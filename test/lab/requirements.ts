import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const PROGRAMS = { iproute2: ['ip'], 'util-linux': ['unshare', 'nsenter', 'setpriv', 'mount', 'pivot_root'] };

/** What a lab does, once, in throw-away namespaces: the only honest way to learn whether this machine lets us. */
const TRIAL = `
  mount -t tmpfs tmpfs /mnt || exit 1
  ip link add lab0 type veth peer name lab1 || exit 1
  ip link add lab2 type bridge || exit 1
  echo 1 > /proc/sys/net/ipv4/ip_forward || exit 1`;

function find(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function node26Package(): string {
  const optional = createRequire(createRequire(__filename).resolve('node26/package.json'));
  return optional.resolve(`node-linux-${process.arch}/package.json`);
}

/**
 * The Node of the image that the agent runs in, from the `node26` devDependency.
 *
 * @throws when the package for this machine's processor is not installed
 */
export function node26(): string {
  return join(dirname(node26Package()), 'bin', 'node');
}

/** Its version, e.g. '26.10.0'. */
export function node26Version(): string {
  return (JSON.parse(readFileSync(node26Package(), 'utf8')) as { version: string }).version;
}

/**
 * Programs that are not there, one sentence for each Debian package.
 *
 * @param programs by the package that contains them
 * @param path where programs are looked for, as in PATH
 */
export function missingPrograms(programs: Readonly<Record<string, readonly string[]>>, path: string): string[] {
  return Object.entries(programs).flatMap(([debianPackage, names]) => {
    const absent = names.filter((name) => !find(name, path));
    return absent.length > 0 ? [`${absent.join(', ')} not found (Debian package ${debianPackage})`] : [];
  });
}

/**
 * What this machine lacks to run the lab: one sentence each, with the reason; empty if nothing.
 *
 * @param path where programs are looked for, as in PATH
 */
export function missingRequirements(path = process.env.PATH ?? ''): string[] {
  if (process.platform !== 'linux') return [`Linux is needed for network namespaces, this is ${process.platform}`];
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push('root is needed to create network namespaces');
  missing.push(...missingPrograms(PROGRAMS, path));
  try {
    node26();
  } catch {
    missing.push('Node 26 is not installed (npm package node26, a devDependency)');
  }
  if (missing.length > 0) return missing;

  const options = ['--net', '--mount', '--pid', '--fork', '--propagation', 'private'];
  const trial = spawnSync('unshare', [...options, 'sh', '-c', TRIAL], { encoding: 'utf8', env: { PATH: path } });
  if (trial.status === 0) return [];
  return [`no namespaces, mounts, veth, bridge or sysctl here: ${trial.stderr.trim() || trial.error?.message}`];
}

/**
 * jest's `describe` for tests that need the lab: skipped with the reason where something is missing, or failed if the
 * environment says LAB=required (as CI does, where a skipped lab would be a lie).
 *
 * @param missing what is missing
 */
export function describeLab(name: string, body: () => void, missing = missingRequirements()): void {
  if (missing.length === 0) {
    describe(name, body);
  } else if (process.env.LAB === 'required') {
    describe(name, () => {
      it('has what the lab needs', () => {
        throw new Error(`LAB=required, but: ${missing.join('; ')}`);
      });
    });
  } else {
    process.stderr.write(`lab skipped: ${name}: ${missing.join('; ')}\n`);
    describe.skip(`${name} (skipped: ${missing.join('; ')})`, body);
  }
}
