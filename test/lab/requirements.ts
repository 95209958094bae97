import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const PROGRAMS = { iproute2: ['ip'], 'util-linux': ['unshare', 'nsenter', 'setpriv', 'mount', 'pivot_root'] };

/** The operations of a lab, tried once in temporary namespaces: only a trial shows whether this machine allows them. */
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
 * The Node that the agent's image contains, from the `node26` devDependency.
 *
 * @throws if the package for this machine's processor is not installed
 */
export function node26(): string {
  return join(dirname(node26Package()), 'bin', 'node');
}

/** Its version, e.g. '26.10.0'. */
export function node26Version(): string {
  return (JSON.parse(readFileSync(node26Package(), 'utf8')) as { version: string }).version;
}

/**
 * Missing programs, one sentence per Debian package.
 *
 * @param programs by their package
 * @param path where to look for programs, as in PATH
 */
export function missingPrograms(programs: Readonly<Record<string, readonly string[]>>, path: string): string[] {
  return Object.entries(programs).flatMap(([debianPackage, names]) => {
    const absent = names.filter((name) => !find(name, path));
    return absent.length > 0 ? [`${absent.join(', ')} not found (Debian package ${debianPackage})`] : [];
  });
}

/**
 * The requirements of the lab that this machine does not meet, one sentence each with the reason.
 *
 * @param path where to look for programs, as in PATH
 */
export function missingRequirements(path = process.env.PATH ?? ''): string[] {
  if (process.platform !== 'linux') return [`Linux is needed for network namespaces, but this is ${process.platform}`];
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
  return [
    `this machine does not allow namespaces, mounts, veth, bridge or sysctl: ${trial.stderr.trim() || trial.error?.message}`,
  ];
}

/**
 * jest's `describe` for tests that need the lab. If a requirement is missing, the tests are skipped with the reason, or fail
 * if LAB=required is set, as in CI.
 *
 * @param missing the missing requirements
 */
export function describeLab(name: string, body: () => void, missing = missingRequirements()): void {
  if (missing.length === 0) {
    describe(name, body);
  } else if (process.env.LAB === 'required') {
    describe(name, () => {
      it('the machine meets the requirements of the lab', () => {
        throw new Error(`LAB=required, but: ${missing.join('; ')}`);
      });
    });
  } else {
    process.stderr.write(`lab skipped: ${name}: ${missing.join('; ')}\n`);
    describe.skip(`${name} (skipped: ${missing.join('; ')})`, body);
  }
}
