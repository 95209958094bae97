import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait';
import type { Namespace } from './namespaces';

const PROGRAM = '/lib/systemd/systemd-networkd';

/**
 * Isolates networkd from the machine: a /run without D-Bus, a read-only /sys, so that networkd does not wait for udev, and
 * the configuration from the folder $1. networkd drops root for its own user, which must own its state.
 */
const START = `
  mount -t tmpfs tmpfs /run
  mkdir -p /run/systemd/netif
  chown systemd-network /run/systemd/netif
  mount -t sysfs -o ro sysfs /sys
  mount -t tmpfs tmpfs /etc/systemd
  mkdir /etc/systemd/network
  cp "$1"/*.network /etc/systemd/network/
  cp "$1"/networkd.conf /etc/systemd/
  exec ${PROGRAM}`;

/** Reports networkd as missing if it is not installed. */
export function missingForNetworkd(): string[] {
  try {
    accessSync(PROGRAM, constants.X_OK);
    return [];
  } catch {
    return [`${PROGRAM} not found (Debian package systemd)`];
  }
}

/** A real systemd-networkd in a network namespace. */
export class Networkd {
  private child: ChildProcess | undefined;
  private output = '';
  private readonly folder: string;

  /** @param files texts of configuration files by name */
  constructor(
    private readonly netns: Namespace,
    files: Readonly<Record<string, string>>,
  ) {
    this.folder = join(netns.lab.folder, 'networkd');
    mkdirSync(this.folder, { mode: 0o755 });
    for (const [name, text] of Object.entries({ 'networkd.conf': '', ...files }))
      writeFileSync(join(this.folder, name), text);
  }

  /** Starts networkd, and waits until it has configured these interfaces. */
  async start(...links: readonly string[]): Promise<void> {
    const args = [`--net=${this.netns.path}`, 'unshare', '--mount', '--propagation', 'private'];
    const child = this.netns.lab.spawn('nsenter', [...args, 'sh', '-e', '-c', START, 'sh', this.folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    this.output = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    for (const link of links) await this.untilTold(`${link}: Gained carrier`);
  }

  private untilTold(text: string): Promise<boolean> {
    return waitFor(`networkd to write ${text}`, 20_000, () => {
      if (this.child?.exitCode !== null) throw new Error(`networkd ended: ${this.output}`);
      return this.output.includes(text);
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
