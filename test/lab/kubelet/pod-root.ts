import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { V1HostAlias } from '@kubernetes/client-node';
import { node26 } from '../requirements';

/** A mount of a container. Sources are paths on the machine, targets are paths in the container. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  /** @default 'none', a bind mount */
  readonly type?: string;
  readonly options: string;
}

/** Programs that a slim image lacks. An agent that calls one of them must fail here too. */
const NOT_IN_IMAGE = [
  ...['ip', 'bridge', 'tc', 'ss', 'nstat', 'nft', 'iptables', 'ip6tables', 'route', 'ifconfig', 'ping', 'sysctl'],
  ...['curl', 'wget', 'git', 'python3', 'gcc', 'busybox'],
];
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const DEVICE_LINKS = { fd: '/proc/self/fd', stdin: 'fd/0', stdout: 'fd/1', stderr: 'fd/2' };
/** Files that programs in /usr need: the loader's cache of libraries, certificates, and the links of Debian's alternatives. */
const ETC = ['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'alternatives', 'ssl', 'ca-certificates'];
/** Paths that runc makes read-only or hides. */
const PROC_READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'];
const PROC_COVERED = ['kcore', 'keys', 'timer_list', 'acpi', 'scsi'];

function place(file: string, kind: 'folder' | 'file'): void {
  mkdirSync(kind === 'folder' ? file : dirname(file), { recursive: true });
  if (kind === 'file' && !existsSync(file)) writeFileSync(file, '');
}

/** The machine's programs and libraries, with Node 26, or the program AGENT_NODE, at its path in the image. */
function systemMounts(root: string, spare: string): Mount[] {
  const local = join(spare, 'usr-local');
  place(join(local, 'bin', 'node'), 'file');
  const mounts: Mount[] = [{ source: '/usr', target: '/usr', options: 'bind,ro' }];
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64']) {
    const status = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (status?.isSymbolicLink()) symlinkSync(readlinkSync(`/${name}`), join(root, name));
    else if (status) mounts.push({ source: `/${name}`, target: `/${name}`, options: 'bind,ro' });
  }
  mounts.push({ source: local, target: '/usr/local', options: 'bind,ro' });
  mounts.push({ source: process.env.AGENT_NODE ?? node26(), target: '/usr/local/bin/node', options: 'bind,ro' });
  const hidden = NOT_IN_IMAGE.flatMap((name) => ['/usr/bin', '/usr/sbin'].map((folder) => join(folder, name)))
    .filter((file) => existsSync(file))
    .map((file) => realpathSync(file));
  for (const target of new Set(hidden)) mounts.push({ source: '/dev/null', target, options: 'bind' });
  for (const name of ETC.filter((name) => existsSync(`/etc/${name}`))) {
    mounts.push({ source: `/etc/${name}`, target: `/etc/${name}`, options: 'bind,ro' });
  }
  return mounts;
}

function kernelMounts(root: string, privileged: boolean): Mount[] {
  const safe = 'nosuid,nodev,noexec';
  const mounts: Mount[] = [
    { source: 'proc', target: '/proc', type: 'proc', options: safe },
    { source: 'sysfs', target: '/sys', type: 'sysfs', options: `${safe}${privileged ? '' : ',ro'}` },
    // A bind mount on itself keeps it writable if the root is read-only.
    { source: join(root, 'dev'), target: '/dev', options: 'bind' },
    { source: 'tmpfs', target: '/dev/shm', type: 'tmpfs', options: `${safe},mode=1777,size=65536k` },
    ...DEVICES.map((name) => ({ source: `/dev/${name}`, target: `/dev/${name}`, options: 'bind' })),
  ];
  if (privileged) return mounts;
  for (const name of PROC_READ_ONLY.filter((name) => existsSync(`/proc/${name}`))) {
    mounts.push({ source: join(root, 'proc', name), target: `/proc/${name}`, options: 'bind,ro' });
  }
  for (const name of PROC_COVERED.filter((name) => existsSync(`/proc/${name}`))) {
    const folder = lstatSync(`/proc/${name}`).isDirectory();
    mounts.push(
      folder
        ? { source: 'tmpfs', target: `/proc/${name}`, type: 'tmpfs', options: 'ro' }
        : { source: '/dev/null', target: `/proc/${name}`, options: 'bind' },
    );
  }
  return mounts;
}

/** How a container finds addresses of names. */
interface Names {
  /** For /etc/resolv.conf. */
  readonly resolvers: readonly string[];
  /** For /etc/hosts. */
  readonly aliases: readonly V1HostAlias[];
}

const LOCALHOST = '127.0.0.1 localhost\n::1 localhost\n';

function writeEtc(root: string, hostname: string, { resolvers, aliases }: Names): void {
  const files: Record<string, string> = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
    group: 'root:x:0:\nnode:x:1000:\n',
    hostname: `${hostname}\n`,
    hosts: [LOCALHOST, ...aliases.map(({ ip, hostnames = [] }) => `${[ip, ...hostnames].join(' ')}\n`)].join(''),
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    'resolv.conf': resolvers.map((address) => `nameserver ${address}\n`).join(''),
  };
  mkdirSync(join(root, 'etc'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'etc', name), content);
}

/**
 * Creates a container's root in `folder`, which must be empty: folders, links, small files, and an fstab that mounts the
 * rest (one `mount --all` instead of thirty processes).
 *
 * @param volumes mounted last, outer ones first
 * @returns the new root, and the fstab to mount before changing to it, in the container's mount namespace
 */
export function layOutRoot(
  folder: string,
  hostname: string,
  privileged: boolean,
  volumes: readonly Mount[],
  names: Names,
): { root: string; fstab: string } {
  const root = join(folder, 'root');
  for (const name of ['.old', 'dev', 'home/node', 'opt', 'proc', 'root', 'run', 'sys', 'usr', 'var']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  // As in Debian images: a token in /var/run is really in /run. The link is relative, so it never leaves this root.
  symlinkSync('../run', join(root, 'var', 'run'));
  writeEtc(root, hostname, names);
  for (const [name, target] of Object.entries(DEVICE_LINKS)) symlinkSync(target, join(root, 'dev', name));
  place(join(root, 'dev', 'termination-log'), 'file');

  const outerFirst = [...volumes].sort((a, b) => a.target.localeCompare(b.target));
  const system = systemMounts(root, folder);
  const mounts = [...system, ...kernelMounts(root, privileged), ...outerFirst];
  for (const { source, target, type } of mounts) {
    // Paths in /usr and /proc exist once those are mounted.
    if (/^\/(usr|proc)\//.test(target)) continue;
    place(join(root, target), type || lstatSync(realpathSync(source)).isDirectory() ? 'folder' : 'file');
  }
  const word = (text: string) => text.replace(/[\s\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  const lines = [{ source: root, target: '', options: 'bind' }, ...mounts].map(
    ({ source, target, type = 'none', options }: Mount) =>
      `${word(source)} ${word(join(root, target))} ${type} ${options} 0 0\n`,
  );
  const fstab = join(folder, 'fstab');
  writeFileSync(fstab, lines.join(''));
  return { root, fstab };
}
